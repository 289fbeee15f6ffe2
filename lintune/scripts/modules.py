"""The Python modules of a project, parsed when asked for: definitions, imports, and what a name stands for."""

import ast
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from posixpath import dirname, join, normpath
from typing import TypeAlias

from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site, Source, Span

Read: TypeAlias = Callable[[str], Source | None]
"""Gives the text of a project file by its path as reports show it; None where there is no such file."""

_MOST_MODULES = 32
_MOST_READS = 2000
_LIBRARIES = frozenset(
    {"torch", "torchvision", "transformers", "peft", "trl", "deepspeed", "accelerate", "datasets", "tokenizers", "numpy", "PIL"}
    | {"pandas", "wandb", "tqdm", "liger_kernel", "bitsandbytes", "decord", "av", "cv2", "einops", "timm", "yaml", "requests"}
    | {"huggingface_hub", "safetensors", "sklearn", "scipy", "matplotlib", "evaluate", "packaging", "sentencepiece", "flash_attn"}
)
"""Packages that a launch gets from its environment; looking for them in the project would only cost time."""
_OWN_TRANSFORMERS = ("src/transformers/training_args.py", "transformers/training_args.py")
_MOST_HOPS = 12
_MOST_ANCESTORS = 6


@dataclass(slots=True, eq=False)
class Module:
    """A parsed file."""

    source: Source
    tree: ast.Module
    package: str
    """The folder that relative imports start from."""
    definitions: dict[str, ast.stmt] = field(default_factory=dict)
    """Top-level classes, functions and assignments by name; the last one wins, as at run time."""
    imports: dict[str, "Import"] = field(default_factory=dict)
    stars: list["Import"] = field(default_factory=list)

    def site(self, node: ast.AST) -> Site:
        """Where a node is written."""
        return Site(self.source, node_span(self.source, node))


@dataclass(frozen=True, slots=True)
class Import:
    """What an import binds: a module, or a name of one."""

    module: str
    name: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class Definition:
    """A class, function or assignment of the project."""

    module: Module
    node: ast.stmt


@dataclass(frozen=True, slots=True)
class External:
    """Something of a library, by dotted name: `transformers.TrainingArguments`."""

    dotted: str

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.dotted.rpartition(".")[2]


Meaning: TypeAlias = Definition | Module | External | None
"""What a name stands for; None where it is bound nowhere that was read."""


def node_span(source: Source, node: ast.AST) -> Span:
    """The characters of a node (ast counts columns in UTF-8 bytes)."""
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    end_line, end_column = getattr(node, "end_lineno", None) or line, getattr(node, "end_col_offset", None) or column
    return Span(_offset(source, line, column), _offset(source, end_line, end_column))


def _offset(source: Source, line: int, column: int) -> int:
    if line > source.line_count():
        return len(source.text)
    span = source.line_span(line)
    text = source.text[span.start : span.end]
    if text.isascii():
        return span.start + min(column, len(text))
    return span.start + len(text.encode("utf-8", "replace")[:column].decode("utf-8", "ignore"))


class Modules:
    """Finds and parses the modules of one project, at most `_MOST_MODULES` of them."""

    def __init__(self, entry: Source, read: Read, folder: str = "") -> None:
        """A reader whose absolute imports start in the entry script's folder and the folders above it."""
        self._read = read
        self._known: dict[str, Module | None] = {}
        self._located: dict[tuple[str, int, str], Source | None] = {}
        self._sources: dict[str, Source | None] = {normpath(entry.path): entry}
        self._own = entry.path.partition("/")[0]
        """The package that the entry script lies in: not a library, even where it has a library's name."""
        self.problems: list[Problem] = []
        self.folders = list(_ancestors(folder or dirname(entry.path)))
        self.entry = self._parse(entry)
        self._known[entry.path] = self.entry

    def again(self) -> "Modules":
        """A reader of the same project that knows of nothing but the entry script."""
        assert self.entry is not None
        return Modules(self.entry.source, self._read, self.folders[0])

    def load(self, wanted: Import, user: Module) -> Module | None:
        """The module that an import statement of `user` means, if it is a file of the project."""
        source = self.locate(wanted, user)
        return self.parse(source) if source is not None else None

    def parse(self, source: Source) -> Module | None:
        """A file of the project, parsed once; None where it does not parse or too many were."""
        if source.path not in self._known:
            full = sum(1 for module in self._known.values() if module is not None) >= _MOST_MODULES
            self._known[source.path] = None if full else self._parse(source)
        return self._known[source.path]

    def locate(self, wanted: Import, user: Module) -> Source | None:
        """The text of that module, not parsed."""
        top = wanted.module.partition(".")[0]
        if not wanted.level and top != self._own and (top in _LIBRARIES or top in sys.stdlib_module_names):
            return None
        key = (wanted.module, wanted.level, user.package if wanted.level else "")
        if key not in self._located:
            self._located[key] = self._find(wanted, user)
        return self._located[key]

    def source_of(self, module: Module, name: str) -> Source | None:
        """The project file that an imported name of `module` comes from (as far as its own import statement says)."""
        bound = module.imports.get(name)
        if bound is None:
            return None
        inner = self.locate(Import(f"{bound.module}.{bound.name}".strip("."), "", bound.level), module) if bound.name else None
        return inner or (self.locate(Import(bound.module, "", bound.level), module) if bound.module or bound.level else None)

    def _find(self, wanted: Import, user: Module) -> Source | None:
        tail = wanted.module.replace(".", "/")
        if wanted.level:
            base = user.package
            for _ in range(wanted.level - 1):
                base = dirname(base)
            return self._source(join(base, tail) if tail else base)
        for folder in self.folders:
            found = self._source(join(folder, tail))
            if found is not None:
                return found
        return None

    def resolve(self, module: Module, expression: ast.expr, hops: int = 0) -> Meaning:
        """What a name or dotted name in `module` stands for."""
        match expression:
            case ast.Name(id=name):
                return self.lookup(module, name, hops)
            case ast.Attribute(value=value, attr=attr):
                match self.resolve(module, value, hops + 1):
                    case Module() as inner:
                        return self.lookup(inner, attr, hops + 1)
                    case External(dotted=dotted):
                        return External(f"{dotted}.{attr}")
        return None

    def lookup(self, module: Module, name: str, hops: int = 0) -> Meaning:
        """What a top-level name of `module` stands for."""
        if hops > _MOST_HOPS:
            return None
        node = module.definitions.get(name)
        if node is not None:
            return Definition(module, node)
        bound = module.imports.get(name)
        if bound is not None:
            return self._imported(module, bound, hops)
        for star in module.stars:
            inner = self.load(star, module)
            found = self.lookup(inner, name, hops + 1) if inner is not None and inner is not module else None
            if found is not None:
                return found
        return None

    def imported_sources(self, module: Module) -> Iterator[Source]:
        """The texts of the project files that a module imports directly."""
        seen: set[str] = set()
        for bound in [*module.imports.values(), *module.stars]:
            for wanted in (bound, Import(f"{bound.module}.{bound.name}".strip("."), "", bound.level)):
                inner = self.locate(wanted, module) if wanted.module or wanted.level else None
                if inner is not None and inner.path not in seen:
                    seen.add(inner.path)
                    yield inner

    @property
    def paths_read(self) -> tuple[str, ...]:
        """Every path that was read so far, also those that are not there."""
        return tuple(self._sources)

    def parsed(self) -> list[Module]:
        """Every module that was parsed so far, the entry script first."""
        return [module for module in self._known.values() if module is not None]

    def _imported(self, module: Module, bound: Import, hops: int) -> Meaning:
        inner = self.load(Import(bound.module, "", bound.level), module) if bound.module or bound.level else None
        if not bound.name:
            return inner or External(bound.module)
        if inner is not None and inner is not module:
            found = self.lookup(inner, bound.name, hops + 1)
            if found is not None:
                return found
        submodule = self.load(Import(f"{bound.module}.{bound.name}".strip("."), "", bound.level), module)
        if submodule is not None:
            return submodule
        return External(f"{bound.module}.{bound.name}") if inner is None and not bound.level else None

    def _source(self, stem: str) -> Source | None:
        for path in (f"{stem}/__init__.py", f"{stem}.py"):  # as Python: a package before a module
            found = self.text_of(path)
            if found is not None:
                return found
        return None

    def text_of(self, path: str) -> Source | None:
        """A file of the project by its path, read once."""
        path = normpath(path)
        if path not in self._sources:
            self._sources[path] = self._read(path) if len(self._sources) < _MOST_READS else None
        return self._sources[path]

    def _parse(self, source: Source) -> Module | None:
        found = _parsed(source)
        if isinstance(found, Problem):
            self.problems.append(found)
            return None
        return found


@lru_cache(maxsize=128)
def _parsed(source: Source) -> Module | Problem:
    """A file on its own, which the entry scripts of a project share."""
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _syntax_problem(source, error)
    module = Module(source, tree, dirname(source.path))
    _collect(module, tree.body)
    return module


def brings_transformers(modules: Modules) -> bool:
    """Whether the repository holds the package `transformers` itself, beside the script or as the source of an installed one."""
    return any(modules.text_of(join(folder, path)) is not None for folder in modules.folders for path in _OWN_TRANSFORMERS)


def _ancestors(folder: str) -> Iterator[str]:
    current = folder
    for _ in range(_MOST_ANCESTORS):
        yield current
        if current in ("", ".", "/"):
            return
        current = dirname(current)


def _syntax_problem(source: Source, error: Exception) -> Problem:
    line = getattr(error, "lineno", None) or 1
    line = min(max(line, 1), max(source.line_count(), 1))
    message = getattr(error, "msg", None) or str(error)
    return Problem("python-syntax", f"this Python file does not parse: {message}", Site(source, source.line_span(line)))


def _collect(module: Module, body: list[ast.stmt]) -> None:
    """Adds what the statements bind, also below `if`, `try` and `with`."""
    for node in body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                _define(module, name, node)
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        _define(module, target.id, node)
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                _define(module, name, node)
            case ast.Import() | ast.ImportFrom():
                _bind(module, node)
            case ast.If(body=inner, orelse=other):
                _collect(module, inner)
                _collect(module, other)
            case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=final):
                for handler in handlers:
                    _collect(module, handler.body)
                _collect(module, [*inner, *other, *final])
            case ast.With(body=inner):
                _collect(module, inner)


def _define(module: Module, name: str, node: ast.stmt) -> None:
    module.imports.pop(name, None)
    module.definitions[name] = node


def _bind(module: Module, node: ast.Import | ast.ImportFrom) -> None:
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if alias.name == "*":
                module.stars.append(Import(node.module or "", "", node.level))
            else:
                _import_name(module, alias.asname or alias.name, Import(node.module or "", alias.name, node.level))
        return
    for alias in node.names:
        top = alias.name.partition(".")[0]
        _import_name(module, alias.asname or top, Import(alias.name if alias.asname else top))


def _import_name(module: Module, name: str, bound: Import) -> None:
    module.definitions.pop(name, None)
    module.imports[name] = bound
