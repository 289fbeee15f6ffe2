"""The launch's own script, run up to its training with models that have no weights; what it would really train is looked at."""
