"""The dry run: the launch's own model, built without weights, counted, traced, stepped. Imports torch; runs in a child process only.

`python -m lintune.dryrun REQUEST.json RESULT.json`. Other layers import `lintune.dryrun.protocol` and nothing else of it.
"""
