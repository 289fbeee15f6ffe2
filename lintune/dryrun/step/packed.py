"""A real model whose linear layers are bitsandbytes' own: made with random weights on the host, packed as they are moved."""

from typing import Any

from torch import nn

from lintune.dryrun.quantised import not_converted, packable


def pack(model: nn.Module, bits: int, double: bool, kind: str, compute: Any) -> int:
    """Put bitsandbytes' layers in the place of those that transformers would replace; returns how many. Raises `ImportError`.

    The weights are packed when the model is moved, to the GPU or to where it is (bitsandbytes 0.50 nn/modules.py Params4bit.to).
    """
    import bitsandbytes as bnb  # type: ignore[import-not-found,unused-ignore]

    chosen = packable(model, not_converted(model))
    for name, layer in chosen:
        shape: dict[str, Any] = {"input_features": layer.in_features, "output_features": layer.out_features, "bias": layer.bias is not None}
        if bits == 4:
            made = bnb.nn.Linear4bit(**shape, compute_dtype=compute, compress_statistics=double, quant_type=kind, device="meta")
            made.weight = bnb.nn.Params4bit(layer.weight.data, requires_grad=False, compress_statistics=double, quant_type=kind)
        else:
            made = bnb.nn.Linear8bitLt(**shape, has_fp16_weights=False, threshold=6.0, device="meta")
            made.weight = bnb.nn.Int8Params(layer.weight.data, requires_grad=False, has_fp16_weights=False)
        made.bias = layer.bias
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, made)
    return len(chosen)
