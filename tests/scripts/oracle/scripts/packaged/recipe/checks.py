"""Checks, exported by `__all__`."""

from . import limits
from .limits import MOST

__all__ = ["check_all"]


def check_all(options, *, strict=False):
    _check_rank(options.rank)
    if strict:
        for name in limits.FORBIDDEN:
            if getattr(options, name):
                raise ValueError(f"strict forbids {name}")


def _check_rank(rank):
    if rank > MOST:
        raise ValueError(f"rank {rank} > {MOST}")
