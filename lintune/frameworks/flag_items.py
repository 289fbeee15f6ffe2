"""What is wrong with a command line, as items of a run: the `raw.*` lists."""

from collections.abc import Sequence

from lintune.frameworks.option_table import DASHED_FROM, NOT_AT_HAND, OptionTable, Spelling, TableOption
from lintune.launch.word import Word
from lintune.run.run import Item
from lintune.source.record import dataclass
from lintune.source.text import Site, Span
from lintune.surfaces.releases import replacement
from lintune.surfaces.windows import short
from lintune.values.conversion import Refusal, nearest
from lintune.values.option import Option
from lintune.values.value import Absent, Data, Known, Origin, Step, Unknown, Value

_MEANS_NO = frozenset(("false", "no", "off"))


@dataclass(frozen=True, slots=True)
class Given:
    """A flag as it is given."""

    word: Word
    flag: str
    """With its dashes, without a value."""
    equals: bool
    """Whether its value is in the same word: `--lr=1e-5`."""
    spelling: Spelling

    @property
    def value_text(self) -> str:
        """What follows the equals sign."""
        return self.word.text.partition("=")[2]

    def site(self, values: Sequence[Word]) -> Site:
        """The flag and its values where they stand together, else the flag."""
        start = written_site(self.word)
        if not values:
            return start
        end = written_site(values[-1]) if written_site(self.word) is not self.word.site else values[-1].site
        if start.source is not end.source or end.span.start < start.span.end:
            return start
        between = start.source.text[start.span.end : end.span.start]
        inner = [value.text for value in values[:-1]]
        if between.replace("\\\r\n", "").replace("\\\n", "").strip() and not inner:
            return start
        return Site(start.source, Span(start.span.start, end.span.end))

    def origin(self, values: Sequence[Word]) -> Origin:
        """The flag, then the variables that it and its value came through, outermost first."""
        steps = [Step("flag", self.site(values))]
        seen: list[Site | None] = [steps[0].site]
        for word in (self.word, *values):
            if word is self.word and not self.equals and not _from_elsewhere(word):
                continue
            for piece in word.pieces:
                for site in (*piece.via, piece.site):
                    if not any(known is not None and _covers(known, site) for known in seen):
                        seen.append(site)
                        steps.append(Step("variable", site))
        return tuple(steps)


def _covers(outer: Site, inner: Site) -> bool:
    return outer.source is inner.source and outer.span.start <= inner.span.start and inner.span.end <= outer.span.end


def _from_elsewhere(word: Word) -> bool:
    return any(piece.via for piece in word.pieces)


def written_site(word: Word) -> Site:
    """Where a word's text is written: in the command, or, if it comes whole from one assignment, there."""
    pieces = word.pieces
    if not pieces or not all(piece.via and not piece.reason for piece in pieces):
        return word.site
    first, last = pieces[0].site, pieces[-1].site
    if any(piece.site.source is not first.source for piece in pieces) or last.span.end < first.span.start:
        return word.site
    return Site(first.source, Span(first.span.start, last.span.end))


class FlagItems:
    """Collects the items of one command line."""

    def __init__(self, table: OptionTable) -> None:
        """An empty collection for one table."""
        self._table = table
        self._items: dict[str, list[Item]] = {}

    def done(self) -> dict[str, tuple[Item, ...]]:
        """Every list that has an item."""
        return {name: tuple(items) for name, items in self._items.items()}

    def _add(self, list_name: str, site: Site | None, /, **fields: Data | Value) -> None:
        found: dict[str, Value] = {}
        for name, value in fields.items():
            found[name] = value if isinstance(value, Known | Unknown | Absent) else Absent() if value is None else Known(value)
        self._items.setdefault(list_name, []).append(Item(found, site))

    def unknown(self, word: Word, flag: str, values: Sequence[Word]) -> None:
        """A flag that is in no release and no dataclass of the script."""
        name = flag.lstrip("-").replace("-", "_")
        near = nearest(flag.lstrip("-"), [text.lstrip("-") for text in self._present()])
        value = values[0].text if values else (flag and word.text.partition("=")[2]) or None
        package = self._table.packages[-1] if self._table.packages else None
        kind = "raw.dropped" if self._table.allows_leftovers else "raw.unconsumed" if self._table.kind == "fire" else "raw.unknown"
        self._add(kind, written_site(word), flag=flag, name=name, value=value, nearest=f"--{near}" if near else None, package=package)

    def truthy(self, given: Given, values: Sequence[Word], option: Option, value: Value) -> None:
        """A word that means no, and stays text that counts as true: python-fire reads `False` alone as a truth value."""
        if (
            isinstance(option.default, bool)
            and isinstance(value, Known)
            and isinstance(value.value, str)
            and value.value.lower() in _MEANS_NO
        ):
            self._add("raw.truthy_text", given.site(values), flag=given.flag, name=option.name, value=value.value)

    def _present(self) -> list[str]:
        return [text for text, spelling in self._table.spellings.items() if spelling.presence != "none" and not spelling.dashed]

    def windowed(self, given: Given, found: TableOption) -> None:
        """A flag that only some releases have."""
        works, broken, package = found.works, found.broken, found.package
        use, when = None, None
        if given.spelling.dashed and found.presence == "all":
            boundary = short(DASHED_FROM)
            works, broken, package = f">={boundary}", f"<{boundary}", "transformers"
            use, when = f"--{given.spelling.name}", None
        else:
            known = replacement(package, found.option.name)
            use, when = (known.text, known.when or None) if known is not None else (None, None)
        if self._table.allows_leftovers and given.spelling.presence == "none":
            near = use if use is not None and use.startswith("--") else None
            self._add("raw.dropped", written_site(given.word), flag=given.flag, name=found.option.name, nearest=near)
            return
        self._add(
            "raw.windowed",
            written_site(given.word),
            flag=given.flag,
            name=found.option.name,
            package=package,
            works=works,
            broken=broken,
            replacement=use,
            replacement_when=when,
        )

    def windowed_value(self, given: Given, found: TableOption, values: Sequence[Word], text: str, refused: list[bool]) -> None:
        """A value that only some releases accept; left alone where those are releases of more than one package."""
        if found.mixed:
            return
        works = [short(version) for (version, _), no in zip(found.variants, refused, strict=True) if version is not None and not no]
        broken = [short(version) for (version, _), no in zip(found.variants, refused, strict=True) if version is not None and no]
        spec = _edges(found, refused)
        self._add(
            "raw.windowed_value",
            given.site(values),
            flag=given.flag,
            name=found.option.name,
            value=text,
            package=found.package,
            works=spec[0] or ", ".join(works),
            broken=spec[1] or ", ".join(broken),
        )

    def refused(self, given: Given, values: Sequence[Word], text: str, refusal: Refusal) -> None:
        """A value that the parser refuses."""
        near = nearest(text, refusal.candidates, 0.6) if refusal.candidates else None
        self._invalid(given.site(values), given.flag, given.spelling.name, text, refusal.kind, refusal.expected, near)

    def missing(self, given: Given, option: Option) -> None:
        """A flag that requires a value and has none. A script that is not at hand may have a switch of this name: `--deepspeed`."""
        if self._table.unread == NOT_AT_HAND:
            return
        kind = "bool-needs-value" if option.type == "optional-bool" else "missing-value"
        expected = "true or false" if option.type == "optional-bool" else "a value"
        self._invalid(written_site(given.word), given.flag, given.spelling.name, None, kind, expected, None)

    def stray(self, owner: Given | None, words: Sequence[Word]) -> None:
        """Words one after the other that belong to no flag; `owner` is the flag before them, which takes no further word."""
        if self._table.takes_positionals or self._table.allows_leftovers or not self._table.complete:
            return
        flag, name = (owner.flag, owner.spelling.name) if owner is not None else (None, None)
        first, last = written_site(words[0]), written_site(words[-1])
        together = first.source is last.source and first.span.start <= last.span.start and first.line == last.line
        site = Site(first.source, Span(first.span.start, last.span.end)) if together else first
        text = " ".join(word.text for word in words)
        self._invalid(site, flag, name, text, "stray-word", "a flag" if owner is None else "one value", None)

    def ambiguous(self, word: Word, flag: str, candidates: Sequence[str]) -> None:
        """An abbreviation of several flags."""
        plain = [text for text in candidates if not self._table.spellings.get(text, Spelling(text)).dashed]
        expected = "one of " + ", ".join((plain if len(plain) > 1 else list(candidates))[:8])
        self._invalid(written_site(word), flag, flag.lstrip("-"), None, "ambiguous", expected, None)

    def _invalid(
        self, site: Site, flag: str | None, name: str | None, value: str | None, kind: str, expected: str, near: str | None
    ) -> None:
        option = self._table.options.get(name) if name else None
        package = (option.package or None) if option is not None else None
        self._add("raw.invalid", site, flag=flag, name=name, value=value, kind=kind, expected=expected, nearest=near, package=package)

    def abbreviated(self, given: Given, full: str, captured: bool) -> None:
        """A flag that is taken for the one option it is short for; `captured` where it once was an option itself."""
        self._add("raw.abbreviated", written_site(given.word), flag=given.flag, name=given.spelling.name, full=full, captured=captured)

    def duplicate(self, name: str, uses: Sequence[tuple[Given, Value]]) -> None:
        """A flag that is given more than once: every use but the last has no effect."""
        last = uses[-1][1]
        for given, value in uses[:-1]:
            same: Value = Unknown("not both values are known")
            if isinstance(value, Known) and isinstance(last, Known):
                same = Known(value.value == last.value)
            site = next((step.site for step in value.origin if step.site is not None), None)
            self._add("raw.duplicate", site, flag=given.flag, name=name, first=value, last=last, same=same)

    def required(self, option: Option) -> None:
        """A required option that is not given."""
        self._add("raw.required", None, name=option.name)


def _edges(found: TableOption, refused: list[bool]) -> tuple[str, str]:
    """The releases that accept a value and those that do not, from the variants' first releases."""
    from lintune.surfaces.windows import spec_text

    versions = [version for version, _ in found.variants if version is not None]
    if len(versions) != len(refused):
        return "", ""
    return spec_text(versions, [not no for no in refused]), spec_text(versions, refused)
