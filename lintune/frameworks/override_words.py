"""Words that change a configuration: `key=value`, `+key=value`, `++key=value`, `~key`, as Hydra and torchtune read them.

Hydra's grammar is hydra/grammar/OverrideLexer.g4; only what no release accepts is refused: no equals sign, no key,
brackets or quotes that are not closed.
"""

from collections.abc import Sequence
from typing import Literal

from lintune.frameworks.flag_items import written_site
from lintune.launch.word import Word, word_tail
from lintune.run.run import Item
from lintune.source.record import dataclass, field
from lintune.syntax.yaml_scalars import resolve
from lintune.values.value import Absent, Data, Known, Step, Unknown, Value

Operation = Literal["set", "add", "force", "delete"]
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Override:
    """One word, taken apart."""

    key: str
    operation: Operation
    value: Value
    word: Word


@dataclass(slots=True)
class Overrides:
    """The words of a command line in order, and what is wrong with them."""

    given: list[Override] = field(default_factory=list)
    items: dict[str, tuple[Item, ...]] = field(default_factory=dict)
    open_ended: bool = False
    """Whether some words are not known, so that a key that is not here may still be given."""

    def values(self) -> dict[str, Value]:
        """The last value of each key; a deleted key is absent."""
        found: dict[str, Value] = {}
        for override in self.given:
            found[override.key] = override.value
        return found

    def refuse(self, word: Word, refusal: str, help_text: str) -> None:
        """Add a word that the program refuses: `refusal` is what it says."""
        shown = Known(word.text) if word.known else Unknown(word.reason)
        fields: dict[str, Value] = {
            "flag": Known(word.text.partition("=")[0]),
            "name": Absent(),
            "value": shown,
            "kind": Known("override"),
            "expected": Known(help_text),
            "nearest": Absent(),
            "refusal": Known(refusal),
        }
        self.items["raw.invalid"] = (*self.items.get("raw.invalid", ()), Item(fields, written_site(word)))

    def add_duplicates(self) -> None:
        """Keys that are set more than once: every use but the last has no effect."""
        last = {override.key: override for override in self.given}
        found: list[Item] = []
        for override in self.given:
            winner = last[override.key]
            if winner is override or "delete" in (override.operation, winner.operation):
                continue
            first, final = override.value, winner.value
            same: Value = Unknown("not both values are known")
            if isinstance(first, Known) and isinstance(final, Known):
                same = Known(first.value == final.value)
            fields = {"flag": Known(override.key), "name": Known(override.key), "first": first, "last": final, "same": same}
            found.append(Item(fields, written_site(override.word)))
        if found:
            self.items["raw.duplicate"] = tuple(found)


def split_override(word: Word, prefixes: Sequence[str]) -> Override:
    """A word as key, operation and value; `prefixes` are those that the program knows, longest first."""
    mark = next((prefix for prefix in prefixes if word.text.startswith(prefix)), "")
    operations: dict[str, Operation] = {"": "set", "+": "add", "++": "force", "~": "delete"}
    operation = operations[mark]
    head = word.text.partition("=")[0]
    key = head[len(mark) :].strip()
    if operation == "delete":
        return Override(key, operation, Absent((Step("flag", word.site, "deleted"),)), word)
    return Override(key, operation, value_of(word, len(head) + 1), word)


def value_of(word: Word, offset: int) -> Value:
    """What OmegaConf makes of a word's text from an offset on; lists, mappings and interpolations stay text."""
    origin = (Step("flag", word.site), *variable_steps(word))
    if not word.known:
        return Unknown(word.reason or "it is not one certain argument", origin)
    text = word_tail(word, offset).text.strip()
    value = _data(text)
    return Absent(origin) if value is None else Known(value, origin)


def doubted(value: Value) -> Value:
    """A value of a file that words which are not known may override."""
    return Unknown("words of the command that are not known may override it", value.origin)


def variable_steps(word: Word) -> tuple[Step, ...]:
    """The assignments that a word's text came from."""
    return tuple(Step("variable", piece.site) for piece in word.pieces if piece.via)


def _data(text: str) -> Data:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return resolve(text, "omegaconf")


def unclosed(text: str) -> str:
    """The first bracket or quote of a value that has no partner; empty where all have one."""
    stack: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if char in "'\"":
            end = _quote_end(text, at)
            if end < 0:
                return char
            at = end
        elif char in _CLOSERS:
            stack.append(char)
        elif char in ")]}" and (not stack or _CLOSERS[stack.pop()] != char):
            return char
        at += 1
    return stack[-1] if stack else ""


def _quote_end(text: str, start: int) -> int:
    """Where a quoted text ends; -1 where it does not."""
    at = start + 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == text[start]:
            return at
        at += 1
    return -1
