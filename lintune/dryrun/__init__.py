"""The dry run: the launch's own model, built without weights, counted, traced, stepped. Imports torch; runs in a child process only.

`python -m lintune.dryrun fork` takes folders with a `request.json` on standard input. Other layers import
`lintune.dryrun.protocol` and nothing else of it.
"""
