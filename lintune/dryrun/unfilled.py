"""Building without filling: what has no data needs no random values, and short-lived modules no garbage collection."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.nn import init

_FILLERS = ("uniform_", "normal_", "trunc_normal_", "orthogonal_", "kaiming_uniform_", "kaiming_normal_", "xavier_uniform_",
            "xavier_normal_")  # fmt: skip


@contextmanager
def unfilled() -> Iterator[None]:
    """Inside, the initialisers of torch leave meta tensors as they are, and the collector rests."""
    kept = {name: getattr(init, name) for name in _FILLERS}
    collects = gc.isenabled()
    gc.disable()
    for name, original in kept.items():
        setattr(init, name, _passing(original))
    try:
        yield
    finally:
        for name, original in kept.items():
            setattr(init, name, original)
        if collects:
            gc.enable()


def _passing(original: Any) -> Any:
    def fill(tensor: Any, *given: Any, **keywords: Any) -> Any:
        return tensor if tensor.is_meta else original(tensor, *given, **keywords)

    return fill
