"""Values that are known, unknown or absent, where they came from, options and versions."""
