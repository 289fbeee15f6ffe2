"""Names only."""

LOAD_TRUNCATED_IMAGES = False
