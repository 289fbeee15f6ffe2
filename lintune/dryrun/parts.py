"""Which part of the model a parameter belongs to: llm, embed, lm_head, vision, projector, audio."""

import re
from typing import Any

from lintune.models.parts import PARTS, part_of_module

__all__ = ["PARTS", "ends_of", "part_of", "plain_name"]

_SAVED = re.compile(r"\.modules_to_save\.[^.]+|\.original_module|\.base_layer")


def part_of(name: str, embeds: frozenset[str], heads: frozenset[str]) -> str:
    """The part of a parameter or module by its dotted name; `embeds` and `heads` are the modules of the two ends."""
    plain = plain_name(name)
    module = plain.rpartition(".")[0] if plain.endswith((".weight", ".bias")) else plain
    if module in embeds or plain in embeds:
        return "embed"
    if module in heads or plain in heads:
        return "lm_head"
    return part_of_module(plain)


def plain_name(name: str) -> str:
    """A name without what PEFT puts around modules: as the model itself has it."""
    name = _SAVED.sub("", name.removeprefix("base_model.model."))
    return re.sub(r"\.(?:lora_(?:A|B|E|embedding_A|embedding_B|magnitude_vector)|ia3_l|vera_lambda_[bd])(?:\.[^.]+)?(?=\.|$)", "", name)


def ends_of(model: Any) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the modules of the input embedding and of the output head."""
    return _named(model, "get_input_embeddings"), _named(model, "get_output_embeddings")


def _named(model: Any, getter: str) -> frozenset[str]:
    try:
        module = getattr(model, getter)()
    except (AttributeError, NotImplementedError):
        module = None
    return frozenset(name for name, each in model.named_modules() if each is module) if module is not None else frozenset()
