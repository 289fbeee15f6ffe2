"""How a command leaves the code around it."""


class Leave(Exception):
    """Anything that leaves the straight way."""


class Exit(Leave):
    """`exit`, `exec program`: the script (or subshell) is over."""


class Return(Leave):
    """`return` from a function or sourced file."""


class Break(Leave):
    """`break n`."""

    def __init__(self, levels: int = 1) -> None:
        """`levels`: how many loops it ends."""
        self.levels = levels


class Continue(Leave):
    """`continue n`."""

    def __init__(self, levels: int = 1) -> None:
        """`levels`: how many loops it reaches out of."""
        self.levels = levels
