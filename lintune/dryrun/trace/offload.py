"""Activations that go to the host: what autograd keeps leaves the GPU in the forward pass and comes back node by node.

After torchtune/training/_activation_offloading.py `OffloadActivations`, which TRL has too (trl/models/activation_offloading.py):
the last tensors that were kept stay on the GPU until their copies are done, those of the head are not moved, and what came back, on a
stream of its own, lives until the next node of the graph is done.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from lintune.dryrun.trace.private import current_node

_STASH = 5
"""Tensors that wait for their copies (`max_fwd_stash_size`)."""
_SMALLEST = 1024
"""Bytes below which a tensor stays (`min_offload_size`)."""
STREAM = "transfer"

Kept = tuple[torch.Size, tuple[int, ...], torch.dtype]


class Offload:
    """The host: `context` is entered around what is offloaded; `moved` is told of every tensor that came back."""

    def __init__(self, moved: Callable[[Tensor], None]) -> None:
        self._moved = moved
        self._stash: list[tuple[int, Tensor]] = []
        self._back: list[Tensor] = []
        self._node: object = None
        self._count = 0

    def _pack(self, tensor: Tensor) -> tuple[int, Tensor | Kept]:
        self._count += 1
        if not tensor.is_meta or isinstance(tensor, nn.Parameter) or tensor.numel() * tensor.element_size() < _SMALLEST:
            return self._count, tensor
        self._stash = [each for each in self._stash if each[0] > self._count - _STASH]
        self._stash.append((self._count, tensor))
        return self._count, (tensor.shape, tensor.stride(), tensor.dtype)

    def _unpack(self, kept: tuple[int, Tensor | Kept]) -> Tensor:
        number, what = kept
        node = current_node()
        if node is not self._node:
            self._node, self._back = node, self._back[-1:]
        if isinstance(what, Tensor):
            return what
        waiting = next((tensor for each, tensor in self._stash if each == number), None)
        if waiting is not None:
            return waiting
        self._stash = []
        shape, strides, dtype = what
        tensor = torch.empty_strided(shape, strides, dtype=dtype, device="meta")
        self._moved(tensor)
        self._back.append(tensor)
        return tensor

    @contextmanager
    def context(self, head: Any) -> Iterator[None]:
        """What is kept inside goes to the host; not that of the head."""
        quiet: list[saved_tensors_hooks] = []

        def enter(_module: object, _args: object) -> None:
            quiet.append(saved_tensors_hooks(lambda tensor: tensor, lambda tensor: tensor))
            quiet[-1].__enter__()

        def leave(_module: object, _args: object, _out: object) -> None:
            quiet.pop().__exit__()

        handles = []
        if isinstance(head, nn.Module):
            handles = [head.register_forward_pre_hook(enter), head.register_forward_hook(leave, always_call=True)]
        try:
            with saved_tensors_hooks(self._pack, self._unpack):
                yield
        finally:
            for handle in handles:
                handle.remove()

    def clear(self) -> None:
        """The end of a backward pass."""
        self._stash, self._back, self._node = [], [], None
