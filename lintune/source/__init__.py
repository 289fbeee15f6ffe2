"""Text under check: what was read, where every character stands, and edits to it."""
