"""Why a dry run cannot go on, as an exception that becomes the result's problem."""


class DryRunProblem(Exception):
    """The kind of the problem, one sentence, and what to do."""

    def __init__(self, kind: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.kind, self.message, self.help = kind, message, help
