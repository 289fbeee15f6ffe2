"""The batch of a step: ids, labels and masks as real tensors, pixels on the meta device, in the format of the model's family."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lintune.dryrun.trace.step import MakeBatch
from lintune.memory.setting import Setting


@dataclass(frozen=True, slots=True)
class Pictures:
    """The images of one sample: tensors beside the ids, and tokens in the text."""

    tensors: dict[str, Tensor]
    tokens: int
    token: int
    images: int = 1
    """Images or tiles that the tokens are of."""

    def put_into(self, ids: Tensor, begin: int = 1) -> None:
        """Writes the tokens of every image into rows of ids, a token of text after each image."""
        each = self.tokens // self.images
        for number in range(self.images):
            start = begin + number * (each + 1)
            ids[:, start : start + each] = self.token


def batch_for(model: Any, config: Any, setting: Setting, notes: list[str], flattened: bool = True) -> MakeBatch:
    """What makes the batch of a micro step; what was taken for granted goes to `notes`.

    `flattened`: whether packed samples are one row where attention is flash attention.
    """
    rows, length = setting.samples, -(-setting.reached // setting.context)
    kind = str(getattr(config, "model_type", ""))
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    if type(base).__name__.endswith("ForSequenceClassification"):
        notes.append("a classification head: one label per sample")
        return lambda: {"input_ids": _ids(rows, length), "labels": torch.zeros(rows, dtype=torch.long)}
    look = _LOOKS.get(kind) if setting.images else None
    if setting.images and look is None:
        notes.append(f"how `{kind}` takes images is not known: traced with text only")
    if look is None:
        if setting.packed and flattened and setting.attention.startswith("flash"):
            return lambda: _packed(rows, length)
        return lambda: _text(rows, length)
    each = max(1, setting.images // rows)
    shown = look(config, each, max(1, setting.patches // max(1, setting.images)))
    notes.append(f"{each} image(s) or tiles per sample, {shown.tokens} tokens of the text")
    if shown.tokens >= length:
        notes.append(f"the images alone take {shown.tokens} tokens: traced with as many and 64 of text")
    return lambda: _with_pictures(
        config, rows, max(length, shown.tokens + shown.images + 64), look(config, each, setting.patches // setting.images)
    )


def _ids(rows: int, length: int) -> Tensor:
    return torch.ones(rows, length, dtype=torch.long)


def _text(rows: int, length: int) -> dict[str, Tensor]:
    ids = _ids(rows, length)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}


def _packed(rows: int, length: int) -> dict[str, Tensor]:
    """One row of all tokens, positions starting anew in each sample, as collators for flash attention make it."""
    ids = _ids(1, rows * length)
    return {"input_ids": ids, "position_ids": torch.arange(rows * length)[None] % max(1, length // 2), "labels": ids.clone()}


def _with_pictures(config: Any, rows: int, length: int, shown: Pictures) -> dict[str, Tensor]:
    ids = _ids(rows, length)
    shown.put_into(ids)
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}
    batch |= token_kinds(config, ids, shown.token)
    for name, tensor in shown.tensors.items():
        whole = tensor.repeat(rows, *[1] * (tensor.dim() - 1))
        batch[name] = whole
    return batch


def _pixels(*shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.float32, device="meta")


def _image_token(config: Any) -> int:
    for name in ("image_token_id", "image_token_index"):
        if isinstance(getattr(config, name, None), int):
            return int(getattr(config, name))
    return 0


def _grid(config: Any, images: int, patches: int) -> Pictures:
    """Qwen's towers: patches of any number, as rows of pixels, with their grid."""
    vision = config.vision_config
    merge = vision.spatial_merge_size
    edge = max(merge, round(patches**0.5) // merge * merge)
    width = 3 * vision.temporal_patch_size * vision.patch_size**2
    pixels = _pixels(images * edge * edge, width)
    grid = torch.tensor([[1, edge, edge]] * images)
    return Pictures({"pixel_values": pixels, "image_grid_thw": grid}, images * edge * edge // merge**2, _image_token(config), images)


def _fixed(config: Any, images: int, patches: int) -> Pictures:
    """Towers of one size whose every image is a row of the batch."""
    edge = _size(config.vision_config.image_size)
    tokens = getattr(config, "mm_tokens_per_image", None)
    if config.model_type == "internvl":
        tokens = config.image_seq_length
    if tokens is None:
        tokens = (edge // _size(config.vision_config.patch_size)) ** 2
    return Pictures({"pixel_values": _pixels(images, 3, edge, edge)}, images * int(tokens), _image_token(config), images)


def _tiles(config: Any, images: int, patches: int) -> Pictures:
    """Idefics and SmolVLM: tiles as a second axis, with a mask of real pixels."""
    vision = config.vision_config
    edge = _size(vision.image_size)
    tokens = (edge // vision.patch_size) ** 2 // config.scale_factor**2
    tensors = {
        "pixel_values": _pixels(1, images, 3, edge, edge),
        "pixel_attention_mask": torch.ones(1, images, edge, edge, dtype=torch.bool),
    }
    return Pictures(tensors, images * tokens, _image_token(config), images)


def _any_size(config: Any, images: int, patches: int) -> Pictures:
    """Pixtral's tower (mistral3): images of any size, with their sizes."""
    patch, merge = _size(config.vision_config.patch_size), config.spatial_merge_size
    edge = max(merge, round(patches**0.5) // merge * merge)
    sizes = torch.tensor([[edge * patch, edge * patch]] * images)
    tokens = images * (edge // merge) ** 2
    return Pictures(
        {"pixel_values": _pixels(images, 3, edge * patch, edge * patch), "image_sizes": sizes}, tokens, _image_token(config), images
    )


def _size(value: Any) -> int:
    return int(value[0]) if isinstance(value, (list, tuple)) else int(value)


_LOOKS: dict[str, Callable[[Any, int, int], Pictures]] = {
    "qwen2_vl": _grid,
    "qwen2_5_vl": _grid,
    "qwen3_vl": _grid,
    "qwen3_vl_moe": _grid,
    "qwen3_5": _grid,
    "llava": _fixed,
    "gemma3": _fixed,
    "paligemma": _fixed,
    "internvl": _fixed,
    "idefics3": _tiles,
    "smolvlm": _tiles,
    "mistral3": _any_size,
}


def pictures_of(config: Any, images: int, patches: int) -> Pictures | None:
    """The images of one sample for a model's config; None where the family takes none, or it is not known how."""
    look = _LOOKS.get(str(getattr(config, "model_type", "")))
    return look(config, images, patches) if look is not None else None


def token_kinds(config: Any, ids: Tensor, token: int) -> dict[str, Tensor]:
    """The inputs that tell image tokens from text, where the family wants them."""
    kind, kinds = str(getattr(config, "model_type", "")), (ids == token).long()
    if kind in ("gemma3", "paligemma"):
        return {"token_type_ids": kinds}
    return {"mm_token_type_ids": kinds} if kind.startswith(("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")) else {}
