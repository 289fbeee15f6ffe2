"""The first words of the common vocabulary."""

_WORDS = """adapter audio batch data derived dry dry_run ds env flag framework gpu item launch media mem memory model optim option par path
pins precision raw readme rl run sched script seq task trainer tune"""
ROOTS = frozenset(_WORDS.split())
"""Anything else is a slip."""
