"""Environment variables that reach the training process, as `env.NAME`."""

from lintune.frameworks.context import Reading
from lintune.launch.word import Word
from lintune.run.run import Run
from lintune.values.value import Known, Step, StepKind, Unknown, Value


def add_environment(run: Run, reading: Reading) -> None:
    """Exports and prefix assignments of the launch, over what was said of the environment.

    Where nothing was said of it, a variable that the launch does not set is unknown, not absent.
    """
    given = reading.context.environment
    if given is None:
        run.unread["env"] = Unknown("the environment in which the launch is started is not known", settle="--assume NAME=VALUE")
    for name, value in (given or {}).items():
        run.values[f"env.{name}"] = Known(value, (Step("assumed", note="environment"),))
    for name, word in reading.launch.env.items():
        run.values[f"env.{name}"] = word_value(word, "environment")


def word_value(word: Word, kind: StepKind) -> Value:
    """A word of the command as a value: its text where it is known; numbers stay text."""
    origin = (Step(kind, word.site), *(Step("variable", piece.site) for piece in word.pieces if piece.via))
    if word.known:
        return Known(word.text, origin)
    return Unknown(word.reason or "it is not one certain argument", origin)
