"""Walking through a training script: an abstract interpreter of its syntax, with the options of a launch. Nothing is run."""
