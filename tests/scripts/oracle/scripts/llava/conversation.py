"""Templates by name."""

conv_templates = {"default": "v0", "v0": "v0", "v1": "v1", "vicuna_v1": "v1", "llama_2": "l2", "plain": "p"}
