"""Models whose code is not in transformers, written down so that a trace keeps what theirs keeps: same parameters, names and tensors."""
