"""What is decided above the operators: SDPA's kernel, autocast, and constructors that go past every dispatch mode.

Meta tensors have no autocast key, so the casts of CUDA's autocast (aten/src/ATen/autocast_mode.h) are made here, by function name.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from lintune.dryrun.trace.attention import Kernel, attend

_SHORT = frozenset((
    "linear", "matmul", "__matmul__", "__rmatmul__", "bmm", "mm", "addmm", "baddbmm", "addbmm", "addmv", "mv", "einsum", "chain_matmul",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "scaled_dot_product_attention", "prelu",
    "multi_head_attention_forward",
))  # fmt: skip
_LONG = frozenset((
    "softmax", "log_softmax", "layer_norm", "group_norm", "cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "rsqrt",
    "exp", "log", "pow", "__pow__", "__rpow__", "sum", "norm", "normalize", "prod", "cumsum", "softplus", "cosine_similarity", "reciprocal",
    "binary_cross_entropy_with_logits", "kl_div", "cosh", "sinh", "tan", "erfinv", "expm1", "log10", "log1p", "log2", "acos", "asin",
))  # fmt: skip
_LONG_ON_CPU = frozenset(("mse_loss", "nll_loss", "prod", "binary_cross_entropy_with_logits"))
"""The part of the list that CPU autocast shares, as far as models use it."""
_CONSTRUCTORS = (torch.tensor, torch.as_tensor)
_SOFTMAX = (F.softmax, torch.softmax, Tensor.softmax)
"""Of fp16 to fp32 it is one kernel on CUDA, without a copy of its input in fp32 (aten/native/SoftMax.cpp)."""
_FLOATS = (torch.float32, torch.float16, torch.bfloat16)


class Functions(TorchFunctionMode):
    """The mode. `autocast`: the type that layers compute in, None without autocast; `kernel`: SDPA's."""

    def __init__(self, kernel: Kernel, autocast: torch.dtype | None, expands_keys: bool = False) -> None:
        super().__init__()
        self.kernel = kernel
        self.expands_keys = expands_keys
        self.autocast = autocast
        self.caching = True
        """Off in the backward pass, where a recomputed layer's casts live no longer than the layer."""
        self._long = _LONG_ON_CPU if kernel == "cpu" else _LONG
        self._cache: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_function__(
        self, func: Callable[..., object], types: object, args: Sequence[object] = (), kwargs: Mapping[str, object] | None = None
    ) -> object:
        """Calls a function of torch as it would behave on the GPU."""
        options = dict(kwargs or {})
        if func in _CONSTRUCTORS and str(options.get("device", "")).startswith("meta") and not isinstance(args[0], Tensor):
            made = func(*args, **{**options, "device": "cpu"})  # from Python data: it would not reach a dispatch mode
            return made.to("meta") if isinstance(made, Tensor) and made.is_floating_point() else made
        if self.autocast is not None:
            args, options = self._cast(getattr(func, "__name__", ""), args, options)
        if func is F.scaled_dot_product_attention:
            if self.expands_keys:
                args = _expanded(args)
            out = attend(self.kernel, *args, **options)  # type: ignore[arg-type]
            if out is not None:
                return out
        if func is F.dropout and self.kernel != "cpu":
            return _dropout(*args, **options)  # type: ignore[arg-type]
        if func in _SOFTMAX and self.kernel != "cpu" and options.get("dtype") is torch.float32 and _is_half(args):
            return torch.ops.aten._softmax.default(args[0], options.get("dim", args[1] if len(args) > 1 else -1), True)
        return func(*args, **options)

    def switch(self, dtype: torch.dtype | None) -> torch.dtype | None:
        """Sets the autocast type; returns the one before."""
        before, self.autocast = self.autocast, dtype
        return before

    def forget(self) -> None:
        """Drops the cached casts, as leaving the outermost autocast context does."""
        self._cache.clear()

    def _cast(self, name: str, args: Sequence[object], options: dict[str, object]) -> tuple[Sequence[object], dict[str, object]]:
        if name in _SHORT:
            return [self._short(each) for each in args], {key: self._short(each) for key, each in options.items()}
        if name in self._long and not options.get("dtype"):
            return [_long(each) for each in args], options
        return args, options

    def _short(self, value: object) -> object:
        if not isinstance(value, Tensor) or value.dtype not in _FLOATS or value.dtype is self.autocast or self.autocast is None:
            return value
        if self.caching and value.dtype is torch.float32 and value.requires_grad and value.is_leaf:
            known = self._cache.get(id(value))
            if known is None:
                known = self._cache[id(value)] = value, value.to(self.autocast)
            return known[1]
        return value.to(self.autocast)


def _dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """As CUDA's fused kernel has it: a mask of one byte per element is kept, not one in the input's type (aten/native/Dropout.cpp)."""
    if not training or p == 0.0 or p == 1.0 or inplace:
        return F.dropout(input, p, training, inplace)
    return torch.native_dropout(input, p, True)[0]


def _expanded(args: Sequence[object]) -> Sequence[object]:
    """Keys and values copied to as many heads as there are of queries."""
    query, key, value = args[:3]
    assert isinstance(query, Tensor) and isinstance(key, Tensor) and isinstance(value, Tensor)
    times = query.shape[1] // key.shape[1]
    if times == 1:
        return args
    wide = [each[:, :, None].expand(-1, -1, times, -1, -1).flatten(1, 2) for each in (key, value)]
    return [query, *wide, *args[3:]]


def _is_half(args: Sequence[object]) -> bool:
    return bool(args) and isinstance(args[0], Tensor) and args[0].dtype is torch.float16


def _long(value: object) -> object:
    return value.float() if isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16) else value
