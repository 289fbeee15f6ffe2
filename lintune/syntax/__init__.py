"""Error-tolerant trees with exact spans: shell, YAML, JSON, Python."""
