"""Rules are pages; this layer compiles them, runs them over what was read, and collects findings."""
