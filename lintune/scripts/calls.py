"""The calls of training libraries in one Python file, with their keywords as values. Nothing is imported or run."""

import ast
from collections.abc import Callable, Mapping

from lintune.scripts.constants import Constants, Options, unasked
from lintune.scripts.modules import node_span
from lintune.scripts.names import FoundCall, Names, Scope, read_names
from lintune.source.record import dataclass, field
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Known, Step, Unknown, Value

_LIBRARIES = frozenset(("transformers", "trl", "peft", "unsloth", "accelerate", "bitsandbytes", "datasets"))
_METHODS = frozenset(("gradient_checkpointing_enable", "from_pretrained", "add_adapter"))
"""Methods that count on any object."""
_FIRST = {"TrainingArguments": "output_dir", "Seq2SeqTrainingArguments": "output_dir", "from_pretrained": "pretrained_model_name_or_path"}
"""The keyword that the first positional argument stands for."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A keyword of a call."""

    name: str
    value: Value
    """With the whole `name=value` as its first place."""
    name_site: Site
    made: str = ""
    """The library class whose call certainly gives the value: `transformers.BitsAndBytesConfig`."""
    is_object: bool = False
    """Whether it is certainly not None, whatever it is."""


@dataclass(slots=True, eq=False)
class LibraryCall:
    """A call of a library's class or function."""

    dotted: str
    """The package and the name: `transformers.TrainingArguments`, `peft.get_peft_model`; `.gradient_checkpointing_enable`
    for a method of an object."""
    site: Site
    """The called name."""
    scope: Scope
    certain: bool
    """Whether it is made whenever its function runs."""
    target: str = ""
    """The name that gets the result."""
    arguments: dict[str, Argument] = field(default_factory=dict)
    open_ended: str = ""
    """Why there may be further keywords; empty where these are all."""
    positional: int = 0
    """Arguments without a keyword; as many as anybody gives where one of them is `*arguments`."""
    stored: frozenset[str] = frozenset()
    """Attributes that the script sets on the result later."""

    @property
    def name(self) -> str:
        """The class or function."""
        return self.dotted.rpartition(".")[2]

    def value(self, name: str) -> Value:
        """A keyword's value: absent where it is certainly not given."""
        if name in self.stored:
            return Unknown(f"the script sets `{name}` after the call", (Step("script", self.site),))
        found = self.arguments.get(name)
        if found is not None:
            return found.value
        return Unknown(self.open_ended, (Step("script", self.site),)) if self.open_ended else Absent()


@dataclass(slots=True)
class CallFile:
    """The library calls of one file."""

    source: Source
    """The text they are read from."""
    calls: tuple[LibraryCall, ...]
    names: Names

    def imports(self, package: str) -> bool:
        """Whether the file imports a package."""
        return any(dotted.partition(".")[0] == package for dotted in self.names.imports.values())


def read_calls(source: Source, tree: ast.Module, place: Callable[[Site], Site] | None = None, options: Options = unasked) -> CallFile:
    """The calls of a parsed file; `place` says where a site of it really is, `options` what its parsed options are."""
    names = read_names(tree)

    def site(node: ast.AST) -> Site:
        found = Site(source, node_span(source, node))
        return place(found) if place is not None else found

    constants = Constants(names, site, options)
    reader = _Reader(constants, site, lambda span: place(Site(source, span)) if place is not None else Site(source, span))
    calls = [made for found in names.calls if (made := reader.call(found, source)) is not None]
    return CallFile(source, tuple(sorted(calls, key=lambda call: call.site.span.start)), names)


class _Reader:
    """Makes library calls of the calls of a file."""

    def __init__(self, constants: Constants, site: Callable[[ast.AST], Site], at: Callable[[Span], Site]) -> None:
        self.constants = constants
        self.site = site
        self.at = at

    def call(self, found: FoundCall, source: Source) -> LibraryCall | None:
        """A call, where it is one of a library."""
        node, scope = found.node, found.scope
        dotted = _short(self.constants.dotted(node.func, scope))
        if not dotted and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            dotted = f".{node.func.attr}"
        if not dotted:
            return None
        call = LibraryCall(dotted, self.site(node.func), scope, found.certain, found.target)
        call.positional = 99 if any(isinstance(each, ast.Starred) for each in node.args) else len(node.args)
        first = _FIRST.get(call.name) if node.args else None
        if first is not None and not isinstance(node.args[0], ast.Starred):
            value = _placed(self.constants.value(node.args[0], scope), Step("script", self.site(node.args[0])))
            call.arguments[first] = Argument(first, value, self.site(node.args[0]))
        for word in node.keywords:
            self.keyword(call, word, scope, source)
        if found.target:
            call.stored = frozenset(scope.attributes.get(found.target, set()))
        return call

    def keyword(self, call: LibraryCall, word: ast.keyword, scope: Scope, source: Source) -> None:
        """One keyword, or a mapping of them."""
        value = self.constants.value(word.value, scope)
        step = Step("script", self.site(word))
        if word.arg is not None:
            span = node_span(source, word)
            named = self.at(Span(span.start, span.start + len(word.arg)))
            made = _short(self.constants.made_by(word.value, scope))
            call.arguments[word.arg] = Argument(word.arg, _placed(value, step), named, made, self.constants.is_object(word.value, scope))
        elif isinstance(value, Known) and isinstance(value.value, Mapping):
            for name, inner in value.value.items():
                call.arguments.setdefault(name, Argument(name, _placed(Known(inner, value.origin), step), self.site(word)))
        else:
            reason = value.reason if isinstance(value, Unknown) else "it is computed"
            call.open_ended = f"it may be in `**{ast.unparse(word.value)[:40]}`: {reason}"


def _placed(value: Value, step: Step) -> Value:
    match value:
        case Known(value=None, origin=origin):
            return Absent((step, *origin))
        case Known(value=data, origin=origin):
            return Known(data, (step, *origin))
        case Unknown(reason=reason, origin=origin, settle=settle):
            return Unknown(reason, (step, *origin), settle)
    return value


def _short(dotted: str) -> str:
    """The package and the last names of something of a library: `transformers.AutoModel.from_pretrained`; empty for others."""
    parts = dotted.split(".")
    if parts[0] not in _LIBRARIES or len(parts) < 2:
        return ""
    tail = parts[-2:] if len(parts) > 2 and parts[-2][:1].isupper() else parts[-1:]
    return ".".join((parts[0], *tail))
