"""The common vocabulary of a training run, and a run described in it."""
