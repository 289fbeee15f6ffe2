"""Settings of the command line that lie over a config file: `key=value` words, and flags."""

from collections.abc import Sequence

from lintune.launch.word import Word, word_tail
from lintune.source.text import Site
from lintune.values.conversion import guess
from lintune.values.value import Known, Step, Unknown, Value


def assignments(words: Sequence[Word]) -> dict[str, Value]:
    """The values of `key=value` words, as OmegaConf's `from_cli` reads them; others are left out."""
    found: dict[str, Value] = {}
    for word in words:
        name, equals, _ = word.text.partition("=")
        if equals and not name.startswith("-"):
            found[name] = _value(word, len(name) + 1)
    return found


def flags(words: Sequence[Word]) -> dict[str, Value]:
    """The values of `--name value`, `--name=value` and bare `--name` words by name; dashes count as underscores."""
    found: dict[str, Value] = {}
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if not word.text.startswith("--") or len(word.text) == 2:
            continue
        head, equals, _ = word.text.partition("=")
        name = head.lstrip("-").replace("-", "_")
        if equals:
            found[name] = _value(word, len(head) + 1)
            continue
        values = []
        while at < len(words) and not words[at].text.startswith("--"):
            values.append(words[at])
            at += 1
        found[name] = _joined(word, values)
    return found


def config_words(words: Sequence[Word]) -> list[Word]:
    """The words that name YAML files."""
    return [word for word in words if word.text.endswith((".yaml", ".yml")) and not word.text.startswith("-")]


def _value(word: Word, offset: int) -> Value:
    origin = (Step("flag", word.site),)
    if not word.known:
        return Unknown(word.reason or "it is not one certain argument", origin)
    return Known(guess([word_tail(word, offset).text]), origin)


def _joined(flag: Word, values: Sequence[Word]) -> Value:
    origin = (Step("flag", _between(flag.site, values[-1].site) if values else flag.site),)
    unknown = next((value for value in values if not value.known), None)
    if unknown is not None:
        return Unknown(unknown.reason or "it is not one certain argument", origin)
    return Known(guess([value.text for value in values]), origin)


def _between(first: Site, last: Site) -> Site:
    from lintune.source.text import Span

    if first.source is not last.source or last.span.end < first.span.end:
        return first
    return Site(first.source, Span(first.span.start, last.span.end))
