"""Every private interface of torch and transformers that the tracer needs; `selftest` shows that they still mean what they did.

Tried with torch 2.13; each has been there since torch 2.4.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

_META = torch.device("meta")
_ALONE = 2
"""Users of a storage that one tensor holds, while Python looks at it."""


def run_backward(loss: Tensor) -> None:
    """`loss.backward()` that stays under the modes that are on.

    `Tensor.backward` and `torch.autograd.backward` go through `__torch_function__`, whose handler runs with its mode taken off: what
    gradient checkpointing computes again would escape it.
    """
    from torch.autograd.graph import _engine_run_backward

    _engine_run_backward((loss,), (torch.ones_like(loss),), False, False, (), allow_unreachable=True, accumulate_grad=True)


def storage_key(storage: torch.UntypedStorage) -> int:
    """What names a storage while it lives: the address of its C++ object, since meta storages have no data pointer."""
    key: int = storage._cdata
    return key


def local_part(tensor: Tensor) -> Tensor:
    """The shard that this rank holds of a `DTensor`; other tensors as they are."""
    inner = getattr(tensor, "_local_tensor", None)
    return inner if isinstance(inner, Tensor) else tensor


def current_node() -> object:
    """The node of the graph whose backward pass is being computed."""
    return torch._C._current_autograd_node()


def adds_up(args: Sequence[object]) -> bool:
    """Whether a sum in the backward pass is autograd adding up gradients, which it does in place where nothing else holds the first.

    Under a dispatch mode it never does (torch/csrc/autograd/input_buffer.cpp `can_accumulate_inplace`, `isTensorSubclassLike`).
    """
    first, second = args
    if not isinstance(first, Tensor) or not isinstance(second, Tensor) or torch.is_grad_enabled():
        return False
    alone = torch._C._storage_Use_Count(first.untyped_storage()._cdata) <= _ALONE
    return alone and first.shape == second.shape and first.dtype is second.dtype


@contextmanager
def watched_resizes(resized: Callable[[torch.UntypedStorage, int], None]) -> Iterator[None]:
    """Tells of every `UntypedStorage.resize_`: FSDP frees and fills gathered parameters by it, and no dispatch mode sees that."""
    original = torch.UntypedStorage.resize_

    def resize(storage: torch.UntypedStorage, size: int) -> torch.UntypedStorage:
        done = original(storage, size)
        resized(storage, size)
        return done

    torch.UntypedStorage.resize_ = resize
    try:
        yield
    finally:
        torch.UntypedStorage.resize_ = original


@contextmanager
def autocast_on_meta(switch: Callable[[torch.dtype | None], torch.dtype | None]) -> Iterator[None]:
    """Lets `torch.autocast("meta")`, which raises, set the emulation instead: `switch(dtype or None)` returns what was on."""
    original = torch.autocast

    class Autocast(original):  # type: ignore[misc,valid-type]
        def __init__(
            self, device_type: str, dtype: torch.dtype | None = None, enabled: bool = True, cache_enabled: bool | None = None
        ) -> None:
            self.emulated = device_type == "meta"
            if self.emulated:
                self.wanted = (dtype or torch.bfloat16) if enabled else None
            else:
                super().__init__(device_type, dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)

        def __enter__(self) -> object:
            if not self.emulated:
                return super().__enter__()
            self.before = switch(self.wanted)
            return self

        def __exit__(self, *error: object) -> object:
            if not self.emulated:
                return super().__exit__(*error)
            switch(self.before)
            return None

    places = (torch, torch.amp, torch.amp.autocast_mode)
    for place in places:
        place.autocast = Autocast
    try:
        yield
    finally:
        for place in places:
            place.autocast = original


def set_attention(model: torch.nn.Module, name: str) -> None:
    """Makes every part of a transformers model use an attention by name, past the check that its package is installed."""
    for module in model.modules():
        config = getattr(module, "config", None)
        if config is not None and hasattr(config, "_attn_implementation_internal"):
            config._attn_implementation_internal = name


def fake_process_group(ranks: int) -> None:
    """A default process group of so many ranks whose collectives do nothing, also on meta tensors."""
    import torch.distributed as dist
    import torch.distributed._tools.fake_collectives  # noqa: F401  # importing it registers the collectives for meta tensors
    from torch.testing._internal.distributed.fake_pg import FakeStore

    dist.init_process_group("fake", rank=0, world_size=ranks, store=FakeStore())


@contextmanager
def meta_parameters_in_fsdp() -> Iterator[None]:
    """Lets `fully_shard` run with parameters on the meta device, which it refuses since real training cannot."""
    from torch.distributed.fsdp._fully_shard._fsdp_param_group import FSDPParamGroup

    original = FSDPParamGroup._validate_no_meta_params
    FSDPParamGroup._validate_no_meta_params = lambda self: None
    try:
        yield
    finally:
        FSDPParamGroup._validate_no_meta_params = original


def let_thinker_run() -> None:
    """Gives Qwen2.5-Omni's whole model the forward pass of its thinker, the part that is trained: the class itself has none."""
    from transformers import Qwen2_5OmniForConditionalGeneration as Whole

    Whole.forward = lambda self, **inputs: self.thinker(**inputs)
    for name in ("get_input_embeddings", "get_output_embeddings"):
        setattr(Whole, name, lambda self, name=name: getattr(self.thinker, name)())
