"""Splitting the options of a launcher or wrapper from the command that it starts."""

from collections.abc import Mapping, Sequence

from lintune.launch.word import UNKNOWN_TEXT, Word, word_tail
from lintune.source.record import dataclass, field


@dataclass(frozen=True, slots=True)
class OptionSyntax:
    """Which options a program has and how many values each takes."""

    arity: Mapping[str, int]
    """By name without leading dashes, `-` inside written as `_`."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Short or older name -> the name used in `arity`."""
    abbreviations: bool = True
    """Whether a unique beginning of a long name is accepted (argparse, getopt_long)."""
    single_dash: bool = False
    """Whether long names follow a single dash too (`-np 8`), so that short options do not cluster."""

    def resolve(self, name: str) -> str | None:
        """The full name of an option as written (without dashes), if this program has it."""
        name = name.replace("-", "_")
        if name in self.aliases:
            return self.aliases[name]
        if name in self.arity:
            return name
        if self.abbreviations and len(name) > 1:
            full = {self.aliases.get(known, known) for known in (*self.arity, *self.aliases) if len(known) > 1 and known.startswith(name)}
            if len(full) == 1:
                return full.pop()
        return None


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """The options in front of a command."""

    given: Mapping[str, Word]
    """By full name: the value, or the option word itself where it takes none. The last one counts."""
    rest: int
    """The index of the first word that is not an option or its value."""
    exact: bool = True
    """Whether `rest` is certain: no unknown word, and no option that the program does not have, came before."""
    strange: tuple[Word, ...] = ()
    """Options that the program does not have."""
    unread: tuple[Word, ...] = ()
    """Unknown words among the options, which may hold any of them."""


def option_syntax(values: str, flags: str = "", pairs: str = "", aliases: str = "", **how: bool) -> OptionSyntax:
    """A syntax from lists of names: options with one value, with none, with two; `short=long` aliases."""
    arity = dict.fromkeys(values.split(), 1) | dict.fromkeys(flags.split(), 0) | dict.fromkeys(pairs.split(), 2)
    return OptionSyntax(arity, dict(alias.split("=") for alias in aliases.split()), **how)


@dataclass(slots=True)
class _Splitter:
    words: Sequence[Word]
    syntax: OptionSyntax
    given: dict[str, Word] = field(default_factory=dict)
    strange: list[Word] = field(default_factory=list)
    unread: list[Word] = field(default_factory=list)
    exact: bool = True

    def long(self, at: int, body: str, dashes: int) -> int:
        """An option with a long name at index `at`; the index behind it and its values."""
        word = self.words[at]
        name, equals, _ = body.partition("=")
        full = self.syntax.resolve(name)
        if full is None:
            return self.strange_option(at, bool(equals))
        if equals:
            self.given[full] = word_tail(word, dashes + len(name) + 1)
            return at + 1
        return self.values(at, full)

    def short(self, at: int, body: str) -> int:
        """A cluster of short options (`-um`), the last of which may take a value, in the word or as the next one."""
        for index, letter in enumerate(body):
            full = self.syntax.resolve(letter)
            if full is None:
                return self.strange_option(at, index > 0)
            if self.syntax.arity[full]:
                if index + 1 == len(body):
                    return self.values(at, full)
                self.given[full] = word_tail(self.words[at], index + 2 + (body[index + 1] == "="))
                return at + 1
            self.given[full] = self.words[at]
        return at + 1

    def values(self, at: int, name: str) -> int:
        """Take as many values as the option needs; an option word is not a value."""
        self.given[name] = self.words[at]
        end = at + 1 + self.syntax.arity[name]
        at += 1
        while at < end and at < len(self.words) and not _is_option(self.words[at]):
            self.given[name] = self.words[at]
            at += 1
        return at

    def strange_option(self, at: int, complete: bool) -> int:
        """An option that the program does not have: a word behind it that cannot be the command is its value."""
        self.strange.append(self.words[at])
        self.exact = False
        behind = self.words[at + 1].text if at + 1 < len(self.words) else "-"
        later = any(looks_like_script(word.text) for word in self.words[at + 2 :])
        return at + 1 if complete or behind.startswith("-") or looks_like_script(behind) or not later else at + 2


def split_options(words: Sequence[Word], start: int, syntax: OptionSyntax) -> SplitOptions:
    """Read options from `start` on up to the first word that is none (or behind `--`)."""
    splitter = _Splitter(words, syntax)
    at = start
    while at < len(words):
        word = words[at]
        text = word.text
        if text == "--":
            at += 1
            break
        if word.many and _holds_options(words, at):
            splitter.unread.append(word)
            splitter.exact = False
            at += 1
        elif text.startswith("--"):
            at = splitter.long(at, text[2:], 2)
        elif not _is_option(word):
            break
        elif syntax.single_dash and syntax.resolve(text[1:].partition("=")[0]):
            at = splitter.long(at, text[1:], 1)
        else:
            at = splitter.short(at, text[1:])
    return SplitOptions(splitter.given, min(at, len(words)), splitter.exact, tuple(splitter.strange), tuple(splitter.unread))


def looks_like_script(text: str) -> bool:
    """Whether a word names a Python or shell file."""
    return text.endswith((".py", ".sh"))


def _is_option(word: Word) -> bool:
    text = word.text
    if not text.startswith("-") or text == "-":
        return False
    return not text[1:].replace(".", "", 1).isdigit()


def _holds_options(words: Sequence[Word], at: int) -> bool:
    """Whether an unknown expansion stands for options: the command comes later, as a script or behind more options."""
    if words[at].text != UNKNOWN_TEXT:
        return False
    behind = words[at + 1].text if at + 1 < len(words) else ""
    return any(looks_like_script(word.text) for word in words[at + 1 :]) or behind in ("-m", "--module")
