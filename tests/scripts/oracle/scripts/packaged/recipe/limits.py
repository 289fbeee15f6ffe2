"""Limits."""

MOST = 2**6
FORBIDDEN = ("train_head", "train_norms")
