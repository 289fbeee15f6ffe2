"""Facts of known models: what a config.json says, as modules with their parameter counts. No torch."""
