"""Bounds of settings, by name."""

from collections import namedtuple

Bound = namedtuple("Bound", ["low", "high"])
BOUNDS = {"rank": Bound(1, 256), "dropout": Bound(0.0, 0.5), "length": Bound(128, 8192)}
EXCLUSIVE = [("lora", "full"), ("packing", "group_by_length")]


def out_of_bounds(name, value):
    bound = BOUNDS[name]
    return not bound.low <= value <= bound.high
