"""Frameworks: from a launch to a run in the common vocabulary, one module per framework."""
