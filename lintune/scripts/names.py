"""What the names of one Python file are bound to, scope by scope, in the order written."""

import ast
from collections.abc import Iterator
from typing import TypeAlias

from lintune.source.record import dataclass, field

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_CHANGING = frozenset(("append", "extend", "insert", "remove", "pop", "update", "setdefault", "clear", "add", "sort"))
_UNSURE = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match, ast.IfExp, ast.ExceptHandler)


@dataclass(frozen=True, slots=True)
class Binding:
    """An assignment to a name, or something that changes what it holds."""

    value: ast.expr | None
    """What is assigned; None where that is no single expression: a loop variable, a parameter, a changed list."""
    node: ast.AST
    at: tuple[int, int]
    """Line and column."""
    direct: bool
    """Whether it happens whenever the scope runs."""
    why: str = ""
    """Why the value is not known, where there is no expression."""


@dataclass(slots=True, eq=False)
class Scope:
    """A function or the file itself."""

    name: str
    outer: "Scope | None" = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    defaults: dict[str, ast.expr] = field(default_factory=dict)
    """The defaults of a function's parameters."""
    attributes: dict[str, set[str]] = field(default_factory=dict)
    """By name: the attributes that are assigned on it (`args.bf16 = True`)."""

    def add(self, name: str, binding: Binding) -> None:
        """One more binding of a name."""
        self.bindings.setdefault(name, []).append(binding)

    def holder(self, name: str) -> "Scope | None":
        """The scope that binds a name, seen from here."""
        scope: Scope | None = self
        while scope is not None and name not in scope.bindings:
            scope = scope.outer
        return scope


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A call with the scope it is made in."""

    node: ast.Call
    scope: Scope
    certain: bool
    """Whether it is made whenever the scope runs."""
    target: str = ""
    """The name that gets the result."""


@dataclass(slots=True)
class Names:
    """One file: its scopes, calls and imports."""

    top: Scope = field(default_factory=lambda: Scope(""))
    calls: list[FoundCall] = field(default_factory=list)
    imports: dict[str, str] = field(default_factory=dict)
    """What a name means by dotted name, wherever it is imported; names imported relative to the package are left out."""
    defined: set[str] = field(default_factory=set)
    """The functions and classes that the file defines, at any depth."""


def read_names(tree: ast.Module) -> Names:
    """Everything that a file binds and calls."""
    names = Names()
    _Walk(names).body(tree.body, names.top, True)
    return names


class _Walk:
    """Walks over a file once, in the order written."""

    def __init__(self, names: Names) -> None:
        """Adds to `names`."""
        self.names = names

    def body(self, nodes: list[ast.stmt], scope: Scope, direct: bool) -> None:
        """The statements of a block."""
        for node in nodes:
            self.node(node, scope, direct)

    def node(self, node: ast.AST, scope: Scope, direct: bool) -> None:
        """A statement or expression with all it holds."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self.function(node, scope)
                return
            case ast.ClassDef(name=name, body=body):
                self.names.defined.add(name)
                self.body(body, Scope(name, scope), True)
                return
            case ast.If(test=test, body=body, orelse=other) if _is_main(test):
                self.body([*body, *other], scope, direct)
                return
            case ast.Import() | ast.ImportFrom():
                self.imported(node)
            case ast.Call():
                self.names.calls.append(FoundCall(node, scope, direct))
        self.bind(node, scope, direct)
        inner = direct and not isinstance(node, _UNSURE)
        for child in ast.iter_child_nodes(node):
            self.node(child, scope, inner)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            self.name_result(node)

    def function(self, node: Function, scope: Scope) -> None:
        """A function: a scope of its own, whose parameters are not known."""
        name = "a function" if isinstance(node, ast.Lambda) else node.name
        if not isinstance(node, ast.Lambda):
            self.names.defined.add(name)
        inner = Scope(name, scope)
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        for parameter in given:
            if parameter is not None:
                inner.add(parameter.arg, Binding(None, parameter, _at(parameter), True, f"`{parameter.arg}` is a parameter of `{name}`"))
        ordered = [*node.args.posonlyargs, *node.args.args]
        last = ordered[len(ordered) - len(node.args.defaults) :]
        inner.defaults.update((parameter.arg, value) for parameter, value in zip(last, node.args.defaults, strict=True))
        pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        inner.defaults.update((parameter.arg, value) for parameter, value in pairs if value is not None)
        if isinstance(node, ast.Lambda):
            self.node(node.body, inner, True)
        else:
            self.body(node.body, inner, True)

    def imported(self, node: ast.Import | ast.ImportFrom) -> None:
        """What an import statement binds, wherever it stands."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.names.imports[alias.asname or top] = alias.name if alias.asname else top
        elif not node.level and node.module:
            for alias in node.names:
                self.names.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def bind(self, node: ast.AST, scope: Scope, direct: bool) -> None:
        """What a statement binds or changes."""
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.assign(target, value, node, scope, direct)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                self.assign(target, value, node, scope, direct)
            case ast.AugAssign(target=target):
                self.lose(target, node, scope, direct, "is changed by steps")
            case ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target):
                self.lose(target, target, scope, direct, "is set by a loop")
            case ast.withitem(optional_vars=ast.expr() as target):
                self.lose(target, target, scope, direct, "is set by `with`")
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _CHANGING and scope.holder(name):
                self.lose(ast.Name(id=name), node, scope, direct, f"is changed by `{method}`")

    def assign(self, target: ast.expr, value: ast.expr, node: ast.AST, scope: Scope, direct: bool) -> None:
        """One target of an assignment."""
        match target:
            case ast.Name(id=name):
                scope.add(name, Binding(value, node, _at(node), direct))
            case ast.Tuple(elts=items) | ast.List(elts=items):
                values = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(items) else None
                for index, item in enumerate(items):
                    if values is not None:
                        self.assign(item, values[index], node, scope, direct)
                    elif isinstance(item, ast.Name):
                        scope.add(item.id, Binding(value, node, _at(node), direct, "tuple"))
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                scope.attributes.setdefault(name, set()).add(attribute)
            case ast.Subscript(value=ast.Name(id=name)):
                scope.add(name, Binding(None, node, _at(node), direct, f"`{name}` is changed key by key"))

    def lose(self, target: ast.AST, node: ast.AST, scope: Scope, direct: bool, how: str) -> None:
        """Names that hold something that is not known from here on."""
        for each in ast.walk(target):
            if isinstance(each, ast.Name):
                home = scope.holder(each.id) or scope
                home.add(each.id, Binding(None, node, _at(node), direct, f"`{each.id}` {how}"))

    def name_result(self, node: ast.Assign | ast.AnnAssign) -> None:
        """The call whose result a name gets."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            for index in range(len(self.names.calls) - 1, -1, -1):
                found = self.names.calls[index]
                if found.node is node.value:
                    self.names.calls[index] = FoundCall(found.node, found.scope, found.certain, targets[0].id)
                    return


def _is_main(test: ast.expr) -> bool:
    """`__name__ == "__main__"`."""
    return isinstance(test, ast.Compare) and any(isinstance(each, ast.Name) and each.id == "__name__" for each in _sides(test))


def _sides(test: ast.Compare) -> Iterator[ast.expr]:
    yield test.left
    yield from test.comparators


def _at(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
