"""The command line: one module per command, each thin; a command's modules load only when it is called."""
