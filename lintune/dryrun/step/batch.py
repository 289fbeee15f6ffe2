"""A synthetic data set of the run's shape: samples of random tokens, all of the full length."""

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset

from lintune.dryrun.protocol import Request
from lintune.dryrun.trace.inputs import Pictures, pictures_of, token_kinds

DEFAULT_LENGTH = 2048
LENGTH_ON_CPU = 128
PATCHES = 64
"""Of the image of a sample, where the tower takes any number."""
_FIRST_TOKEN = 10
"""Below it stand special tokens in most vocabularies."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The batch of one micro step."""

    micro: int
    """Samples."""
    length: int
    """Tokens of a sample."""
    accumulate: int
    """Micro steps per optimizer step."""

    @property
    def tokens(self) -> int:
        """Tokens of one optimizer step on one process."""
        return self.micro * self.length * self.accumulate


def shape_of(request: Request, small: bool, assumptions: list[str]) -> Shape:
    """The run's shape; on the CPU one sample or two, and short ones."""
    micro, length, accumulate = (_whole(request.values.get(name)) for name in ("batch.micro", "seq.max_len", "batch.accum"))
    if not length:
        assumptions.append(f"the length of the samples is not known: {DEFAULT_LENGTH} tokens are taken")
    if not micro:
        assumptions.append("the micro batch is not known: one sample is taken")
    micro, length, accumulate = micro or 1, length or DEFAULT_LENGTH, accumulate or 1
    if small:
        return Shape(min(micro, 2), min(length, LENGTH_ON_CPU), min(accumulate, 2))
    return Shape(micro, length, accumulate)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


class Samples(Dataset[dict[str, Any]]):
    """Random samples, the same in every run; each has a label per token, or one class, and one image where the model takes images."""

    def __init__(self, count: int, shape: Shape, config: Any, classes: int = 0, pictures: Pictures | None = None) -> None:
        self._count, self._shape, self._classes, self._pictures = count, shape, classes, pictures
        self._config, self._vocab = config, usable_vocab(config)
        self._special = torch.tensor(sorted(special_tokens(config)), dtype=torch.int64)

    accepted: frozenset[str] | None = None
    """What the model's forward takes; None: anything."""

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict[str, Any]:
        drawn = torch.Generator().manual_seed(index)
        tokens = torch.randint(min(_FIRST_TOKEN, self._vocab - 1), self._vocab, (self._shape.length,), generator=drawn)
        plain = next(each for each in range(self._vocab) if each not in self._special)
        tokens[torch.isin(tokens, self._special)] = plain
        if self._pictures is not None:
            tokens = torch.cat((torch.full((self._pictures.tokens,), self._pictures.token), tokens))
        sample: dict[str, Any] = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
        sample["labels"] = torch.tensor(index % self._classes) if self._classes else tokens.clone()
        if self._pictures is not None:
            sample["labels"][: self._pictures.tokens] = -100
            sample |= token_kinds(self._config, tokens, self._pictures.token)
        return sample

    def collate(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        """A batch: texts stacked, images one after the other."""
        batch = {name: torch.stack([sample[name] for sample in samples]) for name in samples[0]}
        for name, like in self._pictures.tensors.items() if self._pictures is not None else ():
            one = torch.rand(like.shape) if like.is_meta else like
            batch[name] = one.repeat(len(samples), *[1] * (one.dim() - 1))
        return {name: tensor for name, tensor in batch.items() if self.accepted is None or name in self.accepted}


def accepted_by(model: Any) -> frozenset[str] | None:
    """The names that a model's forward takes; None where it takes any. Releases differ in what goes with an image."""
    parameters = inspect.signature(model.forward).parameters
    return None if any(each.kind is each.VAR_KEYWORD for each in parameters.values()) else frozenset(parameters)


def one_picture(config: Any, assumptions: list[str]) -> Pictures | None:
    """A small image per sample where the model has a vision tower that is trained or passed through."""
    if not hasattr(config, "vision_config"):
        return None
    found = pictures_of(config, 1, PATCHES)
    if found is not None:
        assumptions.append("one image per sample")
    return found


def special_tokens(config: Any) -> set[int]:
    """Ids that a config keeps for images, padding and the like: a text holds none of them."""
    found: set[int] = set()
    for name, value in vars(config).items():
        if name.endswith(("_token_id", "_token_index")):
            found |= {each for each in (value if isinstance(value, list) else [value]) if isinstance(each, int)}
        elif hasattr(value, "to_dict") and hasattr(value, "model_type"):
            found |= special_tokens(value)
    return found


def usable_vocab(config: Any) -> int:
    """Token ids that stand for text: below the vocabulary's end and below the first special token of images and the like."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    size = int(getattr(text, "vocab_size", 0) or 1000)
    special = [value for name in vars(config) if name.endswith(("_token_id", "_token_index")) and _whole(value := getattr(config, name))]
    first = min([each for each in special if each > 1000], default=size)
    return min(size, first)
