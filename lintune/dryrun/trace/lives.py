"""The life of every storage: when it was made, by which operator and module, and when it was freed.

A dispatch mode sees every tensor that an operator returns; a weak reference to its storage tells when the last user is gone. What
`lives` records is a log of births and deaths, from which `history` finds peaks, holders and timelines.
"""

import weakref
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lintune.dryrun.trace.private import adds_up, local_part, storage_key

_BORN_IN = {"forward": "activations", "backward": "temporaries", "step": "step temporaries", "build": "temporaries"}


@dataclass(slots=True)
class Block:
    """One storage, or one of its sizes where it was resized."""

    size: int
    """Bytes asked for."""
    category: str
    phase: str
    operator: str
    module: str
    """Path of the module whose forward made it; empty outside of any."""
    stream: str = ""
    """The CUDA stream that it is allocated on where it is not the current one: streams do not share memory."""
    trained: bool = False
    """Of a parameter: whether it has a gradient."""


@dataclass(slots=True)
class Log:
    """What happened, in order."""

    blocks: list[Block] = field(default_factory=list)
    events: "array[int]" = field(default_factory=lambda: array("q"))
    """`n + 1` where block n is born, `-(n + 1)` where it dies."""
    phases: list[tuple[int, str]] = field(default_factory=list)
    """At which event each phase begins."""
    visits: list[tuple[int, str]] = field(default_factory=list)
    """At which event each module that owns parameters starts its forward pass, recomputations included."""

    def born(self, block: Block) -> int:
        """Records a block; returns its number."""
        self.blocks.append(block)
        self.events.append(len(self.blocks))
        return len(self.blocks) - 1

    def died(self, number: int) -> None:
        """Records the end of a block."""
        self.events.append(-(number + 1))


class Lives(TorchDispatchMode):
    """The mode. On real tensors it follows real storages just as well."""

    def __init__(self, cuda: bool = False) -> None:
        """`cuda`: whether operators take what their CUDA kernels take for a while and those of the CPU do not."""
        super().__init__()
        self.cuda = cuda
        self.log = Log()
        self.phase = "build"
        self.operator = ""
        self._alive: dict[int, tuple[int, object]] = {}
        self._modules: list[str] = []

    def __torch_dispatch__(
        self, func: Callable[..., object], types: object, args: Sequence[object] = (), kwargs: Mapping[str, object] | None = None
    ) -> object:
        """Runs an operator and follows what it returns."""
        self.operator = getattr(func, "__name__", "")
        taken = self._taken(func, args) if self.cuda else None
        if func is torch.ops.aten.add.Tensor and self.phase == "backward" and not kwargs and adds_up(args):
            func = torch.ops.aten.add_.Tensor
        out = func(*args, **(kwargs or {}))
        if isinstance(out, Tensor):
            self.follow(out)
        elif isinstance(out, (tuple, list)):
            for each in tree_leaves(out):
                if isinstance(each, Tensor):
                    self.follow(each)
        if taken is not None:
            self.log.died(taken)
        return out

    def _taken(self, func: Callable[..., object], args: Sequence[object]) -> int | None:
        """The block that an operator's CUDA kernel takes beside its result; None for most.

        The backward pass of softmax multiplies the gradient with the output first (aten/native/cuda/SoftMax.cu).
        """
        if func is not torch.ops.aten._softmax_backward_data.default or not isinstance(args[0], Tensor):
            return None
        return self.log.born(Block(args[0].numel() * args[0].element_size(), "temporaries", self.phase, self.operator, ""))

    def follow(self, tensor: Tensor, category: str = "", module: str | None = None) -> None:
        """Follows the tensor's storage; a category given later than at birth replaces the first one."""
        tensor = local_part(tensor)
        try:
            storage = tensor.untyped_storage()
        except NotImplementedError:  # a subclass that wraps others
            for name in tensor.__tensor_flatten__()[0]:
                self.follow(getattr(tensor, name), category, module)
            return
        known = self._alive.get(storage_key(storage))
        if known is not None:
            if category:
                self.log.blocks[known[0]].category = category
                if module is not None:
                    self.log.blocks[known[0]].module = module
            return
        if tensor.device.type == "cpu" and tensor.is_floating_point() and tensor.numel() <= 1:
            return  # a scalar that the launch too keeps on the host: an optimizer's step count
        self._born(storage, storage.nbytes(), category, module)

    def _born(self, storage: torch.UntypedStorage, size: int, category: str, module: str | None) -> None:
        where = self._modules[-1] if module is None and self._modules else module or ""
        number = self.log.born(Block(size, category or _BORN_IN[self.phase], self.phase, self.operator, where))
        key = storage_key(storage)
        self._alive[key] = number, weakref.ref(storage, lambda _: self._died(key))

    def _died(self, key: int) -> None:
        known = self._alive.pop(key, None)
        if known is not None:
            self.log.died(known[0])

    def resized(self, storage: torch.UntypedStorage, size: int) -> None:
        """A storage that was resized in place dies and is born again with its new size."""
        known = self._alive.get(storage_key(storage))
        if known is None:
            return
        before = self.log.blocks[known[0]]
        if before.size == size:
            return
        self.log.died(known[0])
        number = self.log.born(Block(size, before.category, self.phase, "resize_", before.module))
        self._alive[storage_key(storage)] = number, known[1]

    def came_back(self, tensor: Tensor) -> None:
        """A tensor that was copied from the host, on a stream of its own."""
        number = self.alive(tensor)
        if number is not None:
            self.log.blocks[number].stream = "transfer"
            self.log.blocks[number].category = "activations"

    def alive(self, tensor: Tensor) -> int | None:
        """The number of the block that holds a tensor."""
        known = self._alive.get(storage_key(local_part(tensor).untyped_storage()))
        return None if known is None else known[0]

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        """A phase of the step: `forward`, `backward`, `step`."""
        before, self.phase = self.phase, phase
        self.log.phases.append((len(self.log.events), phase))
        try:
            yield
        finally:
            self.phase = before
            self.log.phases.append((len(self.log.events), before))

    @contextmanager
    def within(self, model: torch.nn.Module) -> Iterator[None]:
        """Follows the model's tensors, names modules while their forward runs, and tells gradients from other tensors."""
        for name, parameter in model.named_parameters():
            self.follow(parameter, "parameters", name.rpartition(".")[0])
            number = self.alive(parameter)
            if number is not None:
                self.log.blocks[number].trained = parameter.requires_grad
        for name, buffer in model.named_buffers():
            self.follow(buffer, "buffers", name.rpartition(".")[0])
        handles = [*self._gradient_hooks(model), *self._module_hooks(model)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _gradient_hooks(self, model: torch.nn.Module) -> Iterator[torch.utils.hooks.RemovableHandle]:
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                module = name.rpartition(".")[0]

                def hook(of: Tensor, module: str = module) -> None:
                    if of.grad is not None:
                        self.follow(of.grad, "gradients", module)

                yield parameter.register_post_accumulate_grad_hook(hook)

    def _module_hooks(self, model: torch.nn.Module) -> Iterator[torch.utils.hooks.RemovableHandle]:
        for name, module in model.named_modules():
            if not name:
                continue

            owns = any(True for _ in module.parameters(recurse=False))

            def enter(_module: object, _args: object, name: str = name, owns: bool = owns) -> None:
                self._modules.append(name)
                if owns:
                    self.log.visits.append((len(self.log.events), name))

            def leave(_module: object, _args: object, _out: object, name: str = name) -> None:
                while self._modules and self._modules.pop() != name:
                    pass  # a recomputation that stopped early left its inner modules

            yield module.register_forward_pre_hook(enter)
            yield module.register_forward_hook(leave, always_call=True)
