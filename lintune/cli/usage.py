"""Errors of usage: one sentence, the name that was probably meant, exit status 2."""

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import NoReturn

OK, FINDINGS, USAGE, INTERNAL = 0, 1, 2, 3
"""The exit statuses (a contract): nothing wrong; findings; usage, config or a missing path; an internal error."""


class UsageError(Exception):
    """The command line or the config cannot be taken as it is; the text is the one sentence to show."""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`; did you mean ...?` with the one nearest name, or nothing where none is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(names), 1, 0.6)
    return f" (did you mean `{near[0]}`?)" if near else ""


class Parser(ArgumentParser):
    """An argparse parser that raises `UsageError`, and knows near misses of its options."""

    def __init__(self, command: str, usage: str, description: str, epilog: str = "") -> None:
        from argparse import RawDescriptionHelpFormatter

        super().__init__(
            prog=f"lintune {command}",
            usage=f"lintune {command} {usage}",
            description=description,
            epilog=epilog,
            formatter_class=RawDescriptionHelpFormatter,
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


def names_in(values: Iterable[str]) -> tuple[str, ...]:
    """Names from comma-separated values: `--select A,B --select C`."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())
