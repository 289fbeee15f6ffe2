"""Walking through a training script: an abstract interpreter over its syntax, with the options of one launch. Nothing is imported or run."""
