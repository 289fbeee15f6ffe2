"""A world where integers are real and floats have no data.

Token ids, masks, image grids and position ids are real tensors on the CPU, so that the control flow that models build on them runs as in
the launch; floating-point tensors are on the meta device. What would depend on a float's value is decided here and recorded in `assumed`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

aten = torch.ops.aten
_META, _CPU = torch.device("meta"), torch.device("cpu")
_LARGEST_REAL_FLOAT = 1 << 20
_LARGEST_REAL_INTEGER = 1 << 23
"""Elements above which a tensor is given up to the meta device: a mask of 8192 x 8192 takes seconds to compute on a CPU."""
_INDEXING = (aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default)
_EQUALITY = (aten.eq.Scalar, aten.eq.Tensor, aten.ne.Scalar, aten.ne.Tensor)
_RANGES = (aten.arange.default, aten.arange.start, aten.arange.start_step)

_GROUPED = getattr(getattr(aten, "_grouped_mm", None), "default", None)
"""The product of tokens with their experts' matrices; on meta tensors torch takes it in bf16 only."""

_ELEMENTWISE = frozenset((
    aten.mul.Tensor, aten.add.Tensor, aten.sub.Tensor, aten.div.Tensor, aten.neg.default, aten.silu.default, aten.rsqrt.default,
    aten.pow.Tensor_Scalar, aten.tanh.default, aten.sigmoid.default,
))  # fmt: skip
"""Operators that models call most, whose meta kernels in Python take ten times as long as a new tensor."""

Operator = Callable[..., object]


def to_meta(tensor: Tensor) -> Tensor:
    """The tensor without its data."""
    if tensor.device.type == "meta":
        return tensor
    return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device=_META)


def tensors_in(values: Iterable[object]) -> list[Tensor]:
    """The tensors among arguments, those in lists too; much quicker than flattening them as trees."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += tensors_in(value)
    return found


class HybridMeta(TorchDispatchMode):
    """The mode; `floats_meta` also sends floats that are made on the CPU without inputs to the meta device (FSDP's buffers)."""

    def __init__(self, floats_meta: bool = False) -> None:
        super().__init__()
        self.floats_meta = floats_meta
        self.assumed: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Operator, types: object, args: Sequence[object] = (), kwargs: Mapping[str, object] | None = None
    ) -> object:
        """Runs one operator in the world it belongs to."""
        if func in _ELEMENTWISE and not kwargs:
            quick = _like_first(args)
            if quick is not None:
                return quick
        options = dict(kwargs) if kwargs else {}
        given = tensors_in(args)
        if options:
            given += tensors_in(options.values())
        meta = any(tensor.is_meta for tensor in given)
        if meta:
            decided = self._decided(func, args, options)
            if decided is not None:
                return decided
            args = _all_true(args) if func in _INDEXING else args
            if func is aten._to_copy.default and options.get("device") is not None:
                options["device"] = _META  # what has no data cannot come back to the CPU
        if options and options.get("device") is not None and torch.device(str(options["device"])).type == "meta":
            return self._made(func, args, options, given, meta)
        if not meta:
            return self._real(func, args, options, given)
        if all(tensor.is_meta for tensor in given):
            return func(*args, **options)
        return _mixed(func, args, options)

    def _decided(self, func: Operator, args: Sequence[object], options: dict[str, object]) -> object:
        """What depends on values that are not there: read scalars, routing, float equality; None for other operators."""
        first = args[0] if args else None
        if not isinstance(first, Tensor):
            return None
        if func is aten._local_scalar_dense.default:
            self.assumed[f"a {first.dtype} read by Python is taken for 1"] += 1
            return True if first.dtype is torch.bool else 1.0 if first.is_floating_point() else 1
        if func is aten.topk.default and first.is_floating_point():
            return self._routed(func, args, options)
        if func in _EQUALITY and first.device.type == "meta":
            self.assumed["two floats are taken for unequal"] += 1
            plain = func(*tree_map_only(Tensor, to_meta, tuple(args)))
            return torch.full(plain.shape, "ne" in str(func), dtype=torch.bool) if isinstance(plain, Tensor) else None
        if func is _GROUPED:
            return _grouped(args, options)
        if func is aten.nonzero.default and first.device.type == "meta":
            self.assumed["every element of a mask that is not known is taken for true"] += 1
            return torch.empty(first.numel(), first.dim(), dtype=torch.long, device=_META)
        return None

    def _routed(self, func: Operator, args: Sequence[object], options: dict[str, object]) -> object:
        """`topk` of floats (the routing of experts): the choices go round, as real integers, so that every expert gets its share."""
        self.assumed["tokens are spread evenly over the experts"] += 1
        values, indices = func(*tree_map_only(Tensor, to_meta, tuple(args)), **options)  # type: ignore[misc]
        first = args[0]
        assert isinstance(first, Tensor)
        along = args[2] if len(args) > 2 else options.get("dim", -1)
        choices = first.shape[along]
        spread = torch.arange(indices.numel()).remainder(choices).view(indices.shape)  # type: ignore[has-type]
        return torch.return_types.topk((values, spread))  # type: ignore[has-type]

    def _made(self, func: Operator, args: Sequence[object], options: dict[str, object], given: list[Tensor], meta: bool) -> object:
        """A tensor that is made on the meta device, or moved there: integers stay real."""
        dtype = options.get("dtype") or (given[0].dtype if given else _dtype_made(func, args))
        assert isinstance(dtype, torch.dtype)
        if not (dtype.is_floating_point or dtype.is_complex) and not meta:
            return func(*args, **{**options, "device": _CPU})
        if given:
            args, options = tree_map_only(Tensor, to_meta, (tuple(args), options))
        return func(*args, **options)

    def _real(self, func: Operator, args: Sequence[object], options: dict[str, object], given: list[Tensor]) -> object:
        """An operator over real tensors; results that are large leave the real world."""
        if self.floats_meta and options.get("device") is not None and not given and func is not aten.scalar_tensor.default:
            dtype = options.get("dtype") or torch.get_default_dtype()
            if isinstance(dtype, torch.dtype) and dtype.is_floating_point:
                return func(*args, **{**options, "device": _META})
        if func is aten.histc.default and not given[0].is_floating_point():
            counted: Tensor = aten.histc.default(given[0].float(), *args[1:], **options)
            return counted.to(given[0].dtype)
        out = func(*args, **options)
        if not isinstance(out, Tensor) or out.device.type == "meta":
            return out
        most = _LARGEST_REAL_FLOAT if out.is_floating_point() else _LARGEST_REAL_INTEGER
        return to_meta(out) if out.numel() > most else out


def _like_first(args: Sequence[object]) -> Tensor | None:
    """The result of an elementwise operator that has the shape and type of its first argument; None where it may have others."""
    first = args[0]
    if not isinstance(first, Tensor) or not first.is_meta or not first.is_floating_point():
        return None
    for other in args[1:]:
        if isinstance(other, Tensor):
            if not other.is_meta or other.dtype is not first.dtype or other.dim() > first.dim():
                return None
            if any(size not in (1, whole) for size, whole in zip(reversed(other.shape), reversed(first.shape), strict=False)):
                return None
    return torch.empty_like(first)


def _grouped(args: Sequence[object], options: dict[str, object]) -> Tensor:
    """The result of `_grouped_mm`: rows or columns of a group are told by `offs` where an operand has no axis of groups."""
    first, second = args[0], args[1]
    offsets = args[2] if len(args) > 2 else options.get("offs")
    assert isinstance(first, Tensor) and isinstance(second, Tensor)
    shape = (*first.shape[:-1], second.shape[-1])
    if first.dim() == 2 and second.dim() == 2:
        assert isinstance(offsets, Tensor)
        shape = (offsets.shape[0], *shape)
    elif first.dim() == 3 and second.dim() == 2:
        shape = shape[1:]
    return to_meta(first).new_empty(shape)


def _dtype_made(func: Operator, args: Sequence[object]) -> torch.dtype:
    """The type of a tensor that is made where no type is named."""
    if func in _RANGES:
        return torch.get_default_dtype() if any(isinstance(each, float) for each in args) else torch.int64
    if func is aten.full.default:
        filled = args[1]
        return torch.bool if isinstance(filled, bool) else torch.int64 if isinstance(filled, int) else torch.get_default_dtype()
    return torch.get_default_dtype()


def _all_true(args: Sequence[object]) -> Sequence[object]:
    """The arguments of an indexing operator with boolean masks of unknown values taken for all true."""
    indices = args[1]
    assert isinstance(indices, Sequence)
    whole = [
        torch.ones(index.shape, dtype=torch.bool)
        if isinstance(index, Tensor) and index.dtype is torch.bool and index.device.type == "meta"
        else index
        for index in indices
    ]
    return (args[0], whole, *args[2:])


def _mixed(func: Operator, args: Sequence[object], options: dict[str, object]) -> object:
    """An operator over real and meta tensors: all become meta, but a real mask says first how many elements it picks."""
    first = args[0]
    if func in _INDEXING:
        indices: list[Tensor | None] = []
        for index in args[1]:  # type: ignore[attr-defined]
            if index is not None and index.dtype in (torch.bool, torch.uint8) and index.device.type != "meta":
                indices += [to_meta(each) for each in index.nonzero(as_tuple=True)]
            else:
                indices.append(None if index is None else to_meta(index))
        rest = (to_meta(each) if isinstance(each, Tensor) else each for each in args[2:])
        assert isinstance(first, Tensor)
        return func(to_meta(first), indices, *rest)
    if func is aten.masked_select.default:
        mask = args[1]
        assert isinstance(first, Tensor) and isinstance(mask, Tensor)
        if mask.device.type != "meta":
            whole = torch.broadcast_shapes(first.shape, mask.shape)
            return first.new_empty(int(mask.expand(whole).sum()))
    if func is aten.copy_.default and isinstance(first, Tensor) and first.device.type != "meta":
        return first
    moved, more = tree_map_only(Tensor, to_meta, (tuple(args), options))
    return func(*moved, **more)
