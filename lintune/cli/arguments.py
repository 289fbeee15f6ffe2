"""Parsing a command's words: argparse, with errors in one sentence that name the option probably meant."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import NoReturn

from lintune.cli.usage import UsageError, did_you_mean


class _Formatter(RawDescriptionHelpFormatter):
    """Help of a fixed width: asking the terminal for one would import `shutil` at every start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=110)


class Parser(ArgumentParser):
    """An argparse parser that raises `UsageError`, and knows near misses of its options."""

    def __init__(self, command: str, usage: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=f"lintune {command}",
            usage=f"lintune {command} {usage}",
            description=description,
            epilog=epilog,
            formatter_class=_Formatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and leaving."""
        if message.startswith("unrecognized arguments: "):
            word = message.removeprefix("unrecognized arguments: ").split(" ")[0]
            options = [text for action in self._actions for text in action.option_strings]
            name = word.partition("=")[0]
            if word.startswith("-") and word != "-":
                raise UsageError(f"`{self.prog}` has no option `{name}`{did_you_mean(name, options)}; `{self.prog} --help` lists them")
            raise UsageError(f"`{self.prog}` does not take `{word}`")
        raise UsageError(f"{_plain(message)}; `{self.prog} --help` says what it takes")


def _plain(message: str) -> str:
    """argparse's sentence without its jargon."""
    if message.startswith("argument "):
        name, _, what = message.removeprefix("argument ").partition(": ")
        name = name.split("/")[-1].split(" ")[0]
        if what.startswith("invalid choice: "):
            value, _, choices = what.removeprefix("invalid choice: ").partition(" (choose from ")
            names = [choice.strip().strip("'") for choice in choices.rstrip(")").split(",")]
            value = value.strip("'")
            return f"`{name}` does not take `{value}`{did_you_mean(value, names)}: it is one of {', '.join(names)}"
        return f"`{name}`: {what}"
    return message
