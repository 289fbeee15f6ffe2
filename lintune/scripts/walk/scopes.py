"""What names stand for: local ones, those of modules (found when they are asked for), imported ones, members of classes."""

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from lintune.scripts.modules import Import, Module
from lintune.scripts.walk.abstract import Class, Data, Function, Library, Open, Scope, Space, Value

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_MOST_LINES = 6000
"""A file of more lines is not looked into when it is imported."""
_MOST_BASES = 24


def open_module(walk: "Walk", module: Module) -> Scope:
    """The names of a module; those that are not set by running it are found when they are asked for."""
    found = walk.spaces.get(module.source.path)
    if found is None:
        found = walk.spaces[module.source.path] = Scope({}, None, module)
    return found


def lookup(walk: "Walk", name: str, scope: Scope) -> Value | None:
    """What a name stands for; None where it is bound nowhere that was read."""
    current: Scope | None = scope
    while current is not None:
        if name in current.slots:
            found: Value = current.slots[name]
            return found
        if current.outer is None:
            return global_of(walk, name, current)
        current = current.outer
    return None


def global_of(walk: "Walk", name: str, scope: Scope) -> Value | None:
    """A name of a module that was not run: its definition, or what it imports."""
    if name == "__name__":
        return Data("__main__" if walk.project is not None and scope.module is walk.project.entry else scope.module.source.path)
    key = (id(scope), name)
    if key in walk.asking:
        return None
    walk.asking.add(key)
    try:
        found = _global(walk, name, scope)
    finally:
        walk.asking.discard(key)
    if found is not None:
        scope.slots[name] = found
    return found


def _global(walk: "Walk", name: str, scope: Scope) -> Value | None:
    module = scope.module
    node = module.definitions.get(name)
    if node is not None:
        return _defined(walk, name, node, scope)
    bound = module.imports.get(name)
    if bound is not None:
        return imported(walk, bound, module)
    executed = _executed(walk, name, module)
    if executed is not None:
        return executed
    project = walk.project
    for star in module.stars if project is not None else ():
        inner = project.load(star, module) if project is not None else None
        found = lookup(walk, name, open_module(walk, inner)) if inner is not None and inner is not module else None
        if found is not None:
            return found
    if module.stars and not hasattr(builtins, name):
        walk.note("star-import", "names that `from ... import *` brings are not all known")
        return Open(f"`{name}` may come from a star import")
    return None


def _executed(walk: "Walk", name: str, module: Module) -> Value | None:
    """A name that `exec(f"from .models.{file} import {names}")` brings, for the files and names of a dictionary in the same module."""
    if "exec(" not in module.source.text or name not in module.source.text:
        return None
    prefix = ""
    files: list[str] = []
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Name(id="exec"), args=[ast.JoinedStr(values=[ast.Constant(value=str() as text), *_])]):
                prefix = text.removeprefix("from ").strip() if text.startswith("from ") else prefix
            case ast.Dict(keys=keys, values=values):
                texts = [(_text(key), _text(each)) for key, each in zip(keys, values, strict=True)]
                files += [file for file, names in texts if file and name in [word.strip() for word in names.split(",")]]
    if not prefix or len(files) != 1:
        return None
    level = len(prefix) - len(prefix.lstrip("."))
    return imported(walk, Import(f"{prefix.strip('.')}.{files[0]}".strip("."), name, level), module)


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _defined(walk: "Walk", name: str, node: ast.stmt, scope: Scope) -> Value:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return Function(node, scope.module, scope)
        case ast.ClassDef():
            return make_class(walk, node, scope)
        case ast.Assign(value=expression, targets=[ast.Name()]) | ast.AnnAssign(value=ast.expr() as expression):
            if not _is_settled(scope.module, name):
                return Open(f"`{name}` is set more than once")
            from lintune.scripts.walk.statements import value_in

            scope.slots[name] = Open(f"`{name}` is made from itself")
            return value_in(walk, expression, scope)
    return Open(f"`{name}` is unpacked from something")


@lru_cache(maxsize=256)
def _touched(module: Module) -> frozenset[str]:
    """The global names of a module that may not be what their one assignment says: set again, or changed in place."""
    seen: set[str] = set()
    touched: set[str] = set()
    for node in ast.walk(module.tree):
        match node:
            case ast.Global(names=names):
                touched.update(names)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                touched.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _CHANGING:
                touched.add(name)
            case ast.AugAssign(target=ast.Name(id=name)):
                touched.add(name)
    for node in _top(module.tree.body):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            if isinstance(target, ast.Name):
                touched.update([target.id] if target.id in seen else [])
                seen.add(target.id)
    return frozenset(touched)


_CHANGING = frozenset(("append", "extend", "insert", "remove", "pop", "update", "setdefault", "clear", "add", "sort", "register"))


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a file that are not in functions, those below conditions twice: they may run or not."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            for part in ("body", "orelse", "finalbody"):
                inner = list(_top(getattr(node, part, [])))
                yield from inner
                yield from inner
            for handler in getattr(node, "handlers", []):
                inner = list(_top(handler.body))
                yield from inner
                yield from inner


def _is_settled(module: Module, name: str) -> bool:
    return name not in _touched(module)


def changed_elsewhere(walk: "Walk", name: str) -> bool:
    """Whether a file that was read may change a container of that name in place (`REGISTRY["x"] = ...`).

    The entry script is run, so its changes are known, as long as all its functions that were called were followed.
    """
    entry = walk.project.entry if walk.project is not None and not walk.strayed and not walk.lost else None
    return any(name in _touched(scope.module) for scope in walk.spaces.values() if scope.module is not entry)


def imported(walk: "Walk", bound: Import, module: Module) -> Value:
    """What an import statement binds."""
    project = walk.project
    if project is None:
        return Open("the project is not at hand")
    plain = Import(bound.module, "", bound.level)
    source = project.locate(plain, module) if bound.module or bound.level else None
    if source is not None and source.line_count() > _MOST_LINES:
        walk.note("file-too-long", f"`{source.path}` is too long to be followed")
        return Open("it is defined in a file that is too long")
    inner = project.parse(source) if source is not None else None
    if not bound.name:
        return Space(inner) if inner is not None else _library(bound.module)
    found: Value | None = None
    if inner is not None and inner is not module:
        found = lookup(walk, bound.name, open_module(walk, inner))
        if found is not None and not (isinstance(found, Open) and inner.stars):
            return found
    below = project.load(Import(f"{bound.module}.{bound.name}".strip("."), "", bound.level), module)
    if below is not None:
        return Space(below)
    if found is not None:
        return found
    if source is not None or bound.level:
        return Open(f"`{bound.name}` was not found in the project")
    return _library(f"{bound.module}.{bound.name}")


def _library(dotted: str) -> Value:
    return Library(dotted)


def make_class(walk: "Walk", node: ast.ClassDef, scope: Scope) -> Class:
    """A class with its bases."""
    from lintune.scripts.walk.statements import value_in

    bases = tuple(value_in(walk, base, scope) for base in node.bases[:_MOST_BASES])
    made = Class(node, scope.module, bases, scope)
    for item in node.body:
        match item:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                made.members.setdefault(name, Function(item, scope.module, scope, made))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                made.members[name] = item
    if any(each.rpartition(".")[2] in _ENUMS for each in ancestry(made)[1]):
        from lintune.scripts.walk.objects import fill_enum

        fill_enum(walk, made)
    return made


_ENUMS = frozenset(("Enum", "IntEnum", "StrEnum", "ExplicitEnum", "Flag", "IntFlag"))


def ancestry(made: Class) -> tuple[list[Class], list[str], bool]:
    """A class and its bases in the project, the dotted names of library bases, and whether all are known."""
    classes: list[Class] = []
    outside: list[str] = []
    known = True
    pending: list[Value] = [made]
    while pending and len(classes) < _MOST_BASES:
        current = pending.pop(0)
        match current:
            case Class():
                if current not in classes:
                    classes.append(current)
                    pending[:0] = current.bases
            case Library(dotted=dotted):
                outside.append(dotted)
            case _:
                known = False
    outside = [name for name in outside if name.rpartition(".")[2] not in ("object", "ABC", "Generic", "Protocol")]
    return classes, outside, known


def member(made: Class, name: str, above: Class | None = None) -> "Function | ast.stmt | None":
    """What a class defines under a name, its bases in the project included; `above`: only those after this class."""
    classes = ancestry(made)[0]
    if above is not None and above in classes:
        classes = classes[classes.index(above) + 1 :]
    return next((each.members[name] for each in classes if name in each.members), None)
