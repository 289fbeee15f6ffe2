"""Options."""

from dataclasses import dataclass


@dataclass
class Options:
    rank: int = 8
    train_head: bool = False
    train_norms: bool = False
    strict: bool = False
    version: int = 2
