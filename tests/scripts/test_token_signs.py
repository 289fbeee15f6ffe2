"""Signs that tokens or samples do not fit, and the imports of a file."""

import pytest

from lintune.scripts.entry import read_entry_script
from lintune.scripts.library_imports import library_imports
from lintune.source.text import Source


def sign(text: str, name: str) -> str | None:
    """The text at which a sign is found."""
    site = read_entry_script(Source("train.py", text), lambda path: None).sign(name)
    return site.text if site is not None else None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('tokenizer(x, padding="max_length")\n', True),
        ("tokenizer(x, padding=True)\n", True),
        ("tokenizer(x, padding=False)\n", False),
        ("tokenizer.pad_token = tokenizer.eos_token\ntokenizer(x, padding=True)\n", False),
        ("other(x, padding=True)\n", False),
    ],
)
def test_padding_counts_where_no_token_is_set(text: str, found: bool) -> None:
    """Only a tokenizer's own padding, and only in files that set no token."""
    assert (sign(text, "pads_without_token") is not None) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('tokenizer.add_special_tokens({"pad_token": "[PAD]"})\n', True),
        ('if tokenizer.pad_token is None:\n    tokenizer.add_tokens(["x"])\n', True),
        ('if "llama" in name:\n    tokenizer.add_tokens(["x"])\n', False),
        ('tokenizer.add_tokens(["x"])\nmodel.resize_token_embeddings(len(tokenizer))\n', False),
    ],
)
def test_added_tokens_count_where_nothing_grows(text: str, found: bool) -> None:
    """Not where the embedding is made larger, nor where the model's name decides."""
    assert (sign(text, "adds_tokens") is not None) is found


def test_a_collator_of_raw_columns() -> None:
    """The keys that it reads of the samples decide; a column that models take makes it one for the Trainer."""
    head = "from transformers import Trainer\ndef collate(rows):\n    return [row['{}'] for row in rows]\nTrainer(data_collator=collate)\n"
    assert sign(head.format("image"), "reads_dropped_columns") == "rows"
    assert sign(head.format("input_ids"), "reads_dropped_columns") is None


def test_training_that_has_to_be_asked_for() -> None:
    """Every call of `train` must lie under the condition."""
    asked = "if args.do_train:\n    trainer.train()\n"
    assert sign(asked, "trains_if_asked") == "args.do_train"
    assert sign(f"{asked}trainer.train()\n", "trains_if_asked") is None


def test_imports_that_are_made_for_certain() -> None:
    """Those in `try`, in a condition or in a function may be the script's own way to ask for a release."""
    text = "from transformers import (\n    AdamW,\n    Trainer as T,\n)\n"
    text += "try:\n    from trl import X\nexcept ImportError:\n    pass\nif a:\n    from peft import Y\n"
    found = library_imports(Source("train.py", text))
    assert {name: site.text for name, site in found.items()} == {"transformers.AdamW": "AdamW", "transformers.Trainer": "Trainer"}
