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


def add_block_classes(run: Run) -> None:
    """`model.block_class` and `model.class_prefix` of a model that is known by its name."""
    name = (text(run.get("model.id")) or "").lower()
    found = next((block for pattern, block in _FAMILIES if name and re.search(pattern, name)), None)
    if found is not None:
        run.values["model.block_class"] = fact(found, "by the model's name")
        run.values["model.class_prefix"] = fact(re.sub(r"(DecoderLayer|Layer|Block)$", "", found), "by the model's name")
