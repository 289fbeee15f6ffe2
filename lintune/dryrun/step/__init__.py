"""One real optimizer step, through the Trainer that the launch would use: on the GPU at hand, or shrunken on the CPU."""
