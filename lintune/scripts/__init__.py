"""Reads Python training scripts by their syntax: their options, guards and comparisons. Never imports them."""
