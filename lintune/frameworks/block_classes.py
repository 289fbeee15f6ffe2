"""The classes of the transformer blocks of model families, as FSDP wraps them by name."""

import re

from lintune.run.known import text
from lintune.run.run import Run
from lintune.run.settings import fact

_FAMILIES: tuple[tuple[str, str], ...] = (
    (r"xlm-?roberta|bce-(?:embedding|reranker)|bge-m3|bge-reranker-(?:base|large|v2-m3)|multilingual-e5", "XLMRobertaLayer"),
    (r"(?:^|[/_-])roberta", "RobertaLayer"),
    (r"(?:^|/)bert-|bge-(?:small|base|large)-(?:en|zh)", "BertLayer"),
    (r"tinyllama|(?:^|[/_-])(?:code)?llama-?[23](?![\d.]*-\d+b-vision)(?!.*vision)(?!.*llama-?4)|(?:^|[/_-])vicuna", "LlamaDecoderLayer"),
    (r"mixtral", "MixtralDecoderLayer"),
    (r"mistral-(?:7b|nemo)", "MistralDecoderLayer"),
    (r"qwen1\.5-(?!moe)[\d.]+b|qwen2(?:\.5)?-(?:math-|coder-)?[\d.]+b(?!.*(?:moe|-a\d))", "Qwen2DecoderLayer"),
    (r"qwen3-[\d.]+b(?!.*-a\d)", "Qwen3DecoderLayer"),
    (r"gemma-[27]b|gemma-1\.1", "GemmaDecoderLayer"),
    (r"gemma-2-", "Gemma2DecoderLayer"),
    (r"falcon-(?:7b|40b|180b)", "FalconDecoderLayer"),
    (r"gpt2", "GPT2Block"),
    (r"opt-\d", "OPTDecoderLayer"),
)
"""A pattern of hub names, and the class that transformers gives the blocks (`_no_split_modules` of its modeling files)."""

_TYPES = {
    "xlm-roberta": "XLMRobertaLayer",
    "roberta": "RobertaLayer",
    "bert": "BertLayer",
    "llama": "LlamaDecoderLayer",
    "mixtral": "MixtralDecoderLayer",
    "mistral": "MistralDecoderLayer",
    "qwen2": "Qwen2DecoderLayer",
    "qwen3": "Qwen3DecoderLayer",
    "gemma": "GemmaDecoderLayer",
    "gemma2": "Gemma2DecoderLayer",
    "falcon": "FalconDecoderLayer",
    "gpt2": "GPT2Block",
    "opt": "OPTDecoderLayer",
}
"""The same by the `model_type` of a config.json."""
_ENDING = re.compile(r"(DecoderLayer|Layer|Block)$")


def add_block_classes(run: Run) -> None:
    """`model.block_class` and `model.class_prefix` of a model that is known by its name."""
    name = (text(run.get("model.id")) or "").lower()
    found = next((block for pattern, block in _FAMILIES if name and re.search(pattern, name)), None)
    if found is not None:
        _set(run, found, "by the model's name")


def block_class_of(run: Run, model_type: object, path: str) -> None:
    """The same of a model whose config.json is at hand; its name says nothing then."""
    for name in ("model.block_class", "model.class_prefix"):
        run.values.pop(name, None)
    found = _TYPES.get(str(model_type))
    if found is not None:
        _set(run, found, f"{path} `model_type`")


def _set(run: Run, block: str, note: str) -> None:
    run.values["model.block_class"] = fact(block, note)
    run.values["model.class_prefix"] = fact(_ENDING.sub("", block), note)
