"""Claims about a tokenizer and the model beside it, for families whose vocabularies are known by name."""

import re
from collections.abc import Iterator

from lintune.run.known import text
from lintune.run.run import Item, Run
from lintune.values.value import Known, site_of

_NO_PADDING = (
    r"(?:openai-community/)?(?:distil)?gpt2(?:-medium|-large|-xl)?|meta-llama/(?:Llama-2-\d+b(?:-chat)?-hf|Meta-Llama-3-\d+B(?:-Instruct)?"
    r"|(?:Meta-)?Llama-3\.[12]-\d+B(?:-Instruct)?)|huggyllama/llama-\d+b|mistralai/Mistral-7B-(?:Instruct-)?v0\.[123]"
)
"""Checkpoints whose tokenizer_config.json names no padding token."""
_NO_SPARE_ROWS = (
    r"(?:openai-community/)?(?:distil)?gpt2(?:-medium|-large|-xl)?|meta-llama/Llama-2-\d+b(?:-chat)?-hf|huggyllama/llama-\d+b"
    r"|mistralai/Mistral-7B-(?:Instruct-)?v0\.[12]|lmsys/vicuna-\d+b-v1\.[35]|meta-llama/(?:Meta-)?Llama-3(?:\.[12])?-\d+B(?:-Instruct)?"
)
"""Checkpoints with exactly one row of the embedding per token."""


def padding_without_token(run: Run) -> Iterator[Item]:
    """The padding of a tokenizer that has no token for it."""
    yield from _of(run, "pads_without_token", _NO_PADDING)


def tokens_without_rows(run: Run) -> Iterator[Item]:
    """Tokens that are added where the embedding is not made larger."""
    yield from _of(run, "adds_tokens", _NO_SPARE_ROWS)


def _of(run: Run, sign: str, models: str) -> Iterator[Item]:
    model = text(run.get("model.id"))
    if model is None or re.fullmatch(models, model) is None:
        return
    found = run.get(f"script.sign.{sign}")
    if isinstance(found, Known):
        yield Item({"model": Known(model)}, site_of(found))
