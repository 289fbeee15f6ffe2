"""Parsing a command's words, with errors in one sentence that name the option probably meant.

Written by hand: argparse with what it imports takes longer to load than a launch takes to check.
"""

from collections.abc import Sequence
from typing import Any

from lintune.cli.usage import UsageError, did_you_mean
from lintune.source.record import dataclass

_HELP_COLUMN = 24
WHEN = ("auto", "always", "never")
"""What `--color` takes."""


class HelpWanted(Exception):
    """`--help` was among the words; the text is the help."""


class Arguments:
    """What was given, by the option's name with underscores, or its default."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command."""

    name: str
    """With its dashes."""
    help: str
    metavar: str = ""
    """What its value is; empty for a switch."""
    choices: tuple[str, ...] = ()
    default: Any = None
    many: bool = False
    """Whether it may be repeated; its values are then a list."""
    short: str = ""
    bare: str = ""
    """The value that the name alone stands for; others are then given as `--name=VALUE` only."""

    @property
    def key(self) -> str:
        """The name under which its value is found."""
        return self.name.lstrip("-").replace("-", "_")


class Parser:
    """The options of one command."""

    def __init__(self, command: str, usage: str, description: str, epilog: str = "") -> None:
        self.prog = f"lintune {command}"
        self.head = f"usage: {self.prog} {usage}\n\n{description}\n"
        self.epilog = epilog
        self.options: dict[str, Option] = {}
        self.positional = ""
        self.limit = 0

    def words(self, key: str, limit: int = 0) -> None:
        """The name under which words that are no options are found; `limit`: at most so many."""
        self.positional, self.limit = key, limit

    def switch(self, name: str, help: str, short: str = "") -> None:
        """An option without a value."""
        self._add(Option(name, help, default=False, short=short))

    def value(
        self, name: str, metavar: str, help: str, *, choices: tuple[str, ...] = (), default: str | int | None = "", many: bool = False,
        bare: str = "",
    ) -> None:  # fmt: skip
        """An option with a value; where the default is a number, it takes a number. `bare`: the value where none is given."""
        self._add(Option(name, help, metavar, choices, [] if many else default, many, bare=bare))

    def _add(self, option: Option) -> None:
        self.options[option.name] = option
        if option.short:
            self.options[option.short] = option

    def parse(self, words: Sequence[str]) -> Arguments:
        """The values of all options, and the words that are none; raises `UsageError` or `HelpWanted`."""
        values: dict[str, Any] = {option.key: list(option.default) if option.many else option.default for option in self.options.values()}
        rest: list[str] = []
        left = iter(words)
        for word in left:
            if word in ("-h", "--help"):
                raise HelpWanted(self.help_text())
            if not word.startswith("-") or word == "-":
                rest.append(word)
                continue
            name, equals, text = word.partition("=")
            option = self._option(name)
            if not option.metavar:
                if equals:
                    raise UsageError(f"`{name}` takes no value")
                values[option.key] = True
                continue
            taken = self._taken(option, text if equals else option.bare or next(left, None))
            if option.many:
                values[option.key].append(taken)
            else:
                values[option.key] = taken
        if rest and (not self.positional or (self.limit and len(rest) > self.limit)):
            raise UsageError(f"`{self.prog}` does not take `{rest[self.limit]}`")
        values[self.positional] = rest
        return Arguments(values)

    def _option(self, name: str) -> Option:
        option = self.options.get(name)
        if option is None:
            raise UsageError(f"`{self.prog}` has no option `{name}`{did_you_mean(name, self.options)}; `{self.prog} --help` lists them")
        return option

    def _taken(self, option: Option, text: str | None) -> str | int:
        if text is None or text in self.options:
            raise UsageError(f"`{option.name}` takes a value: `{option.name} {option.metavar}`")
        if option.choices and text not in option.choices:
            near = did_you_mean(text, option.choices)
            raise UsageError(f"`{option.name}` does not take `{text}`{near}: it is one of {', '.join(option.choices)}")
        if isinstance(option.default, int):
            if not text.isdecimal():
                raise UsageError(f"`{option.name}` takes a number, not `{text}`")
            return int(text)
        return text

    def help_text(self) -> str:
        """What `--help` prints."""
        lines = [self.head, "options:"]
        for name, option in self.options.items():
            if name != option.name:
                continue
            names = f"{option.short}, {name}" if option.short else name
            left = f"  {names}[={option.metavar}]" if option.bare else f"  {names} {option.metavar}".rstrip()
            if len(left) > _HELP_COLUMN:
                lines.append(left)
                left = ""
            lines.append(f"{left:<{_HELP_COLUMN}}  {option.help}")
        lines.extend([f"{'  -h, --help':<{_HELP_COLUMN}}  show this", *([f"\n{self.epilog.rstrip()}"] if self.epilog else [])])
        return "\n".join(lines) + "\n"
