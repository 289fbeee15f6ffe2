"""From a script to its launches: words with their provenance, commands, launchers, the files they refer to."""
