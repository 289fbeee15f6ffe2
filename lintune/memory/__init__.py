"""Memory: what a run certainly needs per GPU, computed from its values."""
