"""YAML into a tree with exact spans, duplicate keys kept, aliases and merges resolved; values as PyYAML's SafeLoader makes them.

Built on parser events, since composed nodes lose the place where an alias is used, and on libyaml where PyYAML has it.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site, Source, Span
from lintune.syntax.tree import Document, Entry, Mapping, Node, Scalar, Sequence, repeated_keys

MAX_DEPTH = 200
"""Deeper nesting is refused: no config is that deep, and everything that walks a tree may recurse."""
MAX_NODES = 100_000
"""The number of keys and values that are read: far above any config, and about a second's work."""
MAX_ALIASED = 200_000
"""The number of nodes that aliases stand for: a bound against texts that double at every alias."""

_MERGE = "tag:yaml.org,2002:merge"
_CORE = "tag:yaml.org,2002:"


def parse_yaml(source: Source) -> Document:
    """Parse the first document of a YAML text.

    Problems: `yaml-syntax` (what came before is kept), `duplicate-key`, `yaml-alias` (undefined, recursive, or too many),
    `yaml-tag`, `yaml-key`, `yaml-merge`, `yaml-value` (texts that SafeLoader refuses), `yaml-documents` (more than one),
    `too-deep`, `too-large`. Dates keep their text as value.
    """
    builder = _Builder(source)
    try:
        for event in _events(source.text):
            if not builder.take(event):
                break
    except Exception as error:  # libyaml reports some deep nestings with exceptions of no common class
        builder.syntax_error(error)
    return Document(builder.finish(), tuple(builder.problems))


@dataclass(slots=True)
class _Frame:
    """A collection that is still open."""

    kind: Literal["mapping", "sequence"]
    start: int
    end: int
    anchor: str | None
    flow: bool
    nodes: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class _Builder:
    """Makes nodes of events, with a stack of its own."""

    source: Source
    problems: list[Problem] = field(default_factory=list)
    root: Node | None = None
    stack: list[_Frame] = field(default_factory=list)
    anchors: dict[str, Node | None] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    nodes: int = 0
    aliased: int = 0
    documents: int = 0

    def take(self, event: Any) -> bool:
        """Add an event; False to stop."""
        match type(event).__name__:
            case "ScalarEvent":
                return self._scalar(event)
            case "MappingStartEvent":
                return self._open("mapping", event)
            case "SequenceStartEvent":
                return self._open("sequence", event)
            case "MappingEndEvent" | "SequenceEndEvent":
                return self._close(event.end_mark.index if self.stack[-1].flow else None)
            case "AliasEvent":
                return self._alias(event)
            case "DocumentStartEvent":
                self.documents += 1
                if self.documents > 1:
                    self._note("yaml-documents", "only the first document is read", event.start_mark.index, event.start_mark.index)
                    return False
        return True

    def syntax_error(self, error: Exception) -> None:
        """Note where and why the parser gave up."""
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        offset = mark.index if mark is not None else _unprintable(self.source.text)
        offset = min(offset, len(self.source.text))
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or "the YAML parser gave up here"
        line = self.source.position(offset).line
        end = min(offset + 1, len(self.source.text))
        self.problems.append(Problem("yaml-syntax", f"not YAML: {said}", self._site(offset, end), (("line", str(line)),)))

    def finish(self) -> Node | None:
        """The root, with what an error left open closed where it broke off."""
        while self.stack:
            self._close(None)
        return self.root

    def _scalar(self, event: Any) -> bool:
        start, end = self._after_properties(event), event.end_mark.index
        if event.style in ("|", ">"):
            end = start + len(self.source.text[start:end].rstrip("\r\n \t"))
        site = self._site(start, end)
        try:
            value, trouble = _resolve(event)
        except (ValueError, KeyError, IndexError, OverflowError) as error:
            value, trouble = event.value, ("yaml-value", f"`{event.value[:40]}` is refused: {error}")
        if trouble:
            self.problems.append(Problem(trouble[0], trouble[1], site))
        return self._add(Scalar(site.text, value, site, bool(event.style)), event.anchor, end)

    def _open(self, kind: Literal["mapping", "sequence"], event: Any) -> bool:
        start = self._after_properties(event)
        if len(self.stack) >= MAX_DEPTH:
            self._note("too-deep", f"nested more than {MAX_DEPTH} levels deep", start, start)
            return False
        if event.tag not in (None, "!", _CORE + "map", _CORE + "seq", _CORE + "set", _CORE + "omap", _CORE + "pairs"):
            self._note("yaml-tag", f"SafeLoader refuses the tag `{event.tag}`", event.start_mark.index, start)
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Frame(kind, start, start, event.anchor, bool(event.flow_style)))
        return True

    def _close(self, end: int | None) -> bool:
        frame = self.stack.pop()
        end = frame.end if end is None else end
        site = self._site(frame.start, end)
        node: Node = Sequence(tuple(frame.nodes), site) if frame.kind == "sequence" else self._mapping(frame, site)
        return self._add(node, frame.anchor, end)

    def _mapping(self, frame: _Frame, site: Site) -> Mapping:
        own: list[Entry] = []
        merged: list[Entry] = []
        for key, value in zip(frame.nodes[::2], frame.nodes[1::2], strict=False):
            if not isinstance(key, Scalar):
                self.problems.append(Problem("yaml-key", "a list or mapping cannot be a key", key.site))
                key = Scalar(key.site.text, key.site.text, key.site)
            if key.raw == "<<" and not key.quoted:
                merged[:0] = self._merged(value)
            else:
                own.append(Entry(key, value))
        self.problems += repeated_keys(own)
        if not merged:
            return Mapping(tuple(own), site)
        written = {entry.key.value for entry in own}
        last = {entry.key.value: entry for entry in merged if entry.key.value not in written}
        self.aliased += len(last)
        return Mapping((*last.values(), *own), site)

    def _merged(self, value: Node) -> list[Entry]:
        match value:
            case Mapping(entries=entries):
                return list(entries)
            case Sequence(items=items):
                return [entry for item in reversed(items) for entry in self._merged(item)]
        self.problems.append(Problem("yaml-merge", "`<<` needs a mapping or a list of mappings", value.site))
        return []

    def _alias(self, event: Any) -> bool:
        start, end = event.start_mark.index, event.end_mark.index
        node = self.anchors.get(event.anchor)
        message = ""
        if event.anchor not in self.anchors:
            message = f"the alias `*{event.anchor}` has no anchor"
        elif node is None:
            message = f"the alias `*{event.anchor}` stands inside its own anchor"
        elif self.aliased + self._size(node) > MAX_ALIASED:
            message = f"the aliases stand for more than {MAX_ALIASED:,} values"
        site = self._site(start, end)
        if message or node is None:
            self.problems.append(Problem("yaml-alias", message, site))
            node = Scalar(site.text, None, site)
        else:
            size = self._size(node)
            self.aliased += size
            node = _moved(node, site)
            self.sizes[id(node)] = size
        return self._add(node, None, end)

    def _add(self, node: Node, anchor: str | None, end: int) -> bool:
        self.nodes += 1
        if anchor:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node if self.root is None else self.root
        else:
            self.stack[-1].nodes.append(node)
            self.stack[-1].end = end
        if self.nodes == MAX_NODES + 1:
            self._note("too-large", f"more than {MAX_NODES:,} keys and values: the rest is not read", end, end)
        return self.nodes <= MAX_NODES

    def _size(self, node: Node) -> int:
        """The number of nodes of a tree with its aliases followed; each shared part is counted once and remembered."""
        known = self.sizes.get(id(node))
        if known is None:
            match node:
                case Mapping(entries=entries):
                    known = 1 + sum(1 + self._size(entry.value) for entry in entries)
                case Sequence(items=items):
                    known = 1 + sum(map(self._size, items))
                case _:
                    return 1
            self.sizes[id(node)] = known
        return known

    def _after_properties(self, event: Any) -> int:
        """Where a node's own text starts, behind its anchor and tag."""
        at: int = event.start_mark.index
        if event.anchor is None and event.tag is None:
            return at
        text, end = self.source.text, event.end_mark.index
        while at < end and text[at] in "&!":
            while at < end and not text[at].isspace():
                at += 1
            at = _skip_blank(text, at, end)
        return at

    def _site(self, start: int, end: int) -> Site:
        return Site(self.source, Span(start, max(start, end)))

    def _note(self, kind: str, message: str, start: int, end: int) -> None:
        self.problems.append(Problem(kind, message, self._site(start, end)))


def _moved(node: Node, site: Site) -> Node:
    match node:
        case Scalar(raw=raw, value=value, quoted=quoted):
            return Scalar(raw, value, site, quoted)
        case Mapping(entries=entries):
            return Mapping(entries, site)
        case Sequence(items=items):
            return Sequence(items, site)


def _skip_blank(text: str, at: int, end: int) -> int:
    while at < end:
        if text[at].isspace():
            at += 1
        elif text[at] == "#":
            newline = text.find("\n", at, end)
            at = end if newline < 0 else newline
        else:
            break
    return at


def _events(text: str) -> Iterator[Any]:
    import yaml

    if not text.isascii():
        # Bytes that were not UTF-8 cannot be encoded for libyaml; one for one, so that marks hold.
        text = "".join("_" if "\ud800" <= character <= "\udfff" else character for character in text)
    parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        while (event := parser.get_event()) is not None:
            yield event
    finally:
        parser.dispose()


def _unprintable(text: str) -> int:
    """Where the first character stands that YAML does not allow; the text's end if there is none."""
    from yaml.reader import Reader

    found = Reader.NON_PRINTABLE.search(text)
    return found.start() if found else len(text)


@cache
def _constructor() -> Any:
    from yaml.constructor import SafeConstructor

    return SafeConstructor()


def _resolve(event: Any) -> tuple[str | int | float | bool | None, tuple[str, str] | None]:
    """A scalar's value by its explicit or implicit tag, and the problem with that tag if there is one."""
    from yaml.nodes import ScalarNode

    tag, text = event.tag, event.value
    if tag in (None, "!"):  # libyaml reads `!` as a string, `yaml.safe_load` resolves it: followed here
        tag = _implicit_tag(text) if tag == "!" or event.implicit[0] else _CORE + "str"
    match tag.removeprefix(_CORE):
        case "str" | "timestamp" | "binary" | "merge":
            return text, None
        case "int" | "float" | "bool" | "null" as name:
            value = getattr(_constructor(), f"construct_yaml_{name}")(ScalarNode(tag, text))
            return value, None
    return text, ("yaml-tag", f"SafeLoader refuses the tag `{tag}`")


def _implicit_tag(text: str) -> str:
    for tag, pattern in _implicit_resolvers().get(text[:1], ()):
        if pattern.match(text):
            return str(tag)
    return _CORE + "str"


@cache
def _implicit_resolvers() -> dict[str, Any]:
    from yaml.resolver import Resolver

    return dict(Resolver.yaml_implicit_resolvers)
