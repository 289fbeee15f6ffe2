"""A training step's memory without a GPU: every storage's life under a dispatch mode; the GPU's allocator and kernels simulated."""
