"""Bytes per parameter by data type and optimizer."""

DTYPE: dict[str, int] = {"fp32": 4, "fp16": 2, "bf16": 2}
"""Bytes of one element."""

_ADAM = {
    "adamw",
    "adam",
    "adamw_torch",
    "adamw_hf",
    "adamw_torch_fused",
    "adamw_apex_fused",
    "fusedadam",
    "onebitadam",
    "zerooneadam",
    "lamb",
    "onebitlamb",
}
_ONE_STATE = {"lion", "lion_32bit", "paged_lion", "paged_lion_32bit", "adagrad"}
_EIGHT_BIT = {"adamw_bnb_8bit", "adamw_8bit"}


def optimizer_bytes(name: str, element: int) -> float:
    """Bytes of optimizer state per trainable parameter that an optimizer certainly keeps on the GPU.

    `element` is the size of one state element: 4 under DeepSpeed's mixed precision, else that of the parameter.
    Paged optimizers and unknown names count nothing, since nothing is certain of them.
    """
    kind = name.lower()
    if kind in _ADAM:
        return 2 * element
    if kind in _ONE_STATE:
        return element
    if kind in _EIGHT_BIT:
        return 2.0
    return 0.0
