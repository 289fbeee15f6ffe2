"""A module of names and shapes only, for families whose model code is not in transformers: it can be counted and adapted, not run."""

from typing import Any

import torch
from torch import nn

from lintune.dryrun.raw_config import RawConfig
from lintune.models.inventories import Module, NoInventory, modules_of
from lintune.models.parts import EMBEDS, HEADS, part_of_module


class Skeleton(nn.Module):
    """The tree of modules; the ends are found by their usual names."""

    def get_input_embeddings(self) -> Any:
        """The input embedding."""
        return self._named(EMBEDS)

    def get_output_embeddings(self) -> Any:
        """The output head; None where it is the embedding."""
        return self._named(HEADS)

    def _named(self, names: tuple[str, ...]) -> Any:
        found = [module for name, module in self.named_modules() if name.rpartition(".")[2] in names and part_of_module(name) == "llm"]
        return found[0] if found else None


def skeleton_of(raw: RawConfig) -> Skeleton | None:
    """The skeleton of a config's model; None where its names and shapes are not known."""
    try:
        modules = modules_of(raw.values)
    except NoInventory:
        return None
    root = Skeleton()
    for module in sorted(modules, key=lambda each: each.name.count(".")):
        _put(root, module)
    return root


def _put(root: nn.Module, module: Module) -> None:
    """Add a module below its parents, of the class that PEFT knows for its kind."""
    *above, last = module.name.split(".") if module.name else [""]
    at = root
    for word in above:
        inner = getattr(at, word, None)
        if inner is None:
            inner = nn.Module()
            at.add_module(word, inner)
        at = inner
    shapes = dict(module.shapes)
    weight, bias = shapes.get("weight", ()), "bias" in shapes
    made = getattr(at, last, None) if last else root
    if made is None:
        made = _made(module.kind, weight, bias)
        at.add_module(last, made)
    for name, shape in module.shapes:
        if not isinstance(getattr(made, name, None), nn.Parameter):
            made.register_parameter(name, nn.Parameter(torch.empty(shape, device="meta")))
        parameter = getattr(made, name)
        parameter.requires_grad_(name != "pos_embed" or not module.name.endswith(("resampler", "attn_pool")))


def _made(kind: str, weight: tuple[int, ...], bias: bool) -> nn.Module:
    with torch.device("meta"):
        match kind, weight:
            case "linear", (fan_out, fan_in):
                return nn.Linear(fan_in, fan_out, bias=bias)
            case "embedding", (rows, width):
                return nn.Embedding(rows, width)
            case "conv", (channels, inputs, height, width):
                return nn.Conv2d(inputs, channels, (height, width), bias=bias)
    return nn.Module()
