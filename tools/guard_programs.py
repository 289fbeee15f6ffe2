"""Reads guards of whole programs: classes with bases of other modules, functions that get the options, validators of a model.

It goes where a released framework goes with its options: from `__post_init__` into those of the bases, into functions that get
the options' objects, and, for pydantic models, into every validator. What a function of somebody else does is unknown.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from guard_nodes import Nodes  # type: ignore[import-not-found,unused-ignore]
from guard_reader import RETURNED, GuardReader, Raised, State  # type: ignore[import-not-found,unused-ignore]
from surface_archive import Archive  # type: ignore[import-not-found,unused-ignore]

from lintune.scripts.modules import Definition, Module

Function: TypeAlias = ast.FunctionDef
Facts: TypeAlias = Mapping[str, Callable[[Nodes], int]]
"""What an expression of a program stands for, by its text: facts of the run that no option holds."""
_DEEPEST = 9
_QUIET = frozenset(
    ("print", "warnings.warn", "asdict", "fields", "hasattr", "type", "len", "str", "repr", "id", "copy", "deepcopy", "dict")
)
"""Functions that change nothing of what they get."""


@dataclass(slots=True)
class _Frame:
    """Where a function is followed: what its names may mean."""

    module: Module
    chain: Sequence[Definition] = ()
    """The classes of `self`, in the order in which methods are looked up."""
    at: int = 0
    """Which of them the function belongs to."""
    functions: dict[str, Function] = field(default_factory=dict)
    """Functions defined inside."""


class ProgramReader(GuardReader):
    """Follows one release of a program over a set of options."""

    def __init__(self, nodes: Nodes, archive: Archive, options: Sequence[str], facts: Facts) -> None:
        """`options`: every name that the user may set; `facts`: what expressions stand for."""
        self.nodes, self.enums, self.facts, self.archive = nodes, {}, facts, archive
        self.globals, self.methods, self.constants = {}, {}, {}
        self.options = frozenset(options)
        self.state, self.raised, self.seen, self.depth, self.where = State(), [], 0, 0, ""
        self.objects = frozenset()
        self.frame: _Frame | None = None
        self.outside: dict[str, ProgramReader] = {}
        """Readers of other packages by the dotted name of the class that they read."""
        self.prefix = ""
        self.quiet: frozenset[str] = frozenset()
        """Functions that are known to change none of the options they get."""
        self.written: frozenset[str] = frozenset()
        """Options that other code may fill in: what is given stays, what is not is unknown."""

    # Where to start.

    def class_init(self, path: str, name: str) -> bool:
        """Follow `__post_init__` of a class; whether there is one."""
        chain = self.chain_of(path, name)
        return bool(chain) and self._method_of(chain, 0, "__post_init__", self.nodes.true, objects=frozenset(("self",)))

    def function(self, path: str, name: str, objects: Sequence[str]) -> bool:
        """Follow a function whose locals `objects` hold the options; `Class.method` where it is one of a class."""
        head, _, method = name.partition(".")
        opened = self.archive.module(path)
        found = opened[0].lookup(opened[1], head) if opened else None
        if not isinstance(found, Definition):
            return False
        if method:
            return self._method_of(self.chain_of(path, head), 0, method, self.nodes.true, objects=frozenset(objects))
        if isinstance(found.node, ast.FunctionDef):
            self._enter(found.node, _Frame(found.module), frozenset(objects), {}, self.nodes.true)
        return isinstance(found.node, ast.FunctionDef)

    def chain_of(self, path: str, name: str) -> list[Definition]:
        """The classes that a class looks its methods up in, itself first (bases of other packages left out)."""
        opened = self.archive.module(path)
        found = opened[0].lookup(opened[1], name) if opened else None
        return self._linear(found) if isinstance(found, Definition) and isinstance(found.node, ast.ClassDef) else []

    def _linear(self, found: Definition) -> list[Definition]:
        """Python's order of lookup, by merging those of the bases."""
        bases = [base for base in (self._resolved(found.module, each) for each in getattr(found.node, "bases", ())) if base]
        rows = [*map(self._linear, bases), list(bases)]
        order = [found]
        while rows := [row for row in rows if row]:
            heads = (row[0] for row in rows)
            first = next((head for head in heads if all(head.node not in [each.node for each in row[1:]] for row in rows)), rows[0][0])
            order.append(first)
            rows = [[each for each in row if each.node is not first.node] for row in rows]
        return order

    def _resolved(self, module: Module, node: ast.expr) -> Definition | None:
        opened = self.archive.module(module.source.path)
        found = opened[0].resolve(module, node) if opened else None
        return found if isinstance(found, Definition) and isinstance(found.node, ast.ClassDef) else None

    # Functions.

    def _method_of(
        self, chain: Sequence[Definition], start: int, name: str, path: int, objects: frozenset[str], given: Sequence[int] = ()
    ) -> bool:
        for at in range(start, len(chain)):
            for node in getattr(chain[at].node, "body", ()):
                if isinstance(node, ast.FunctionDef) and node.name == name:
                    names = dict(zip([argument.arg for argument in node.args.args[1:]], given, strict=False))
                    self._enter(node, _Frame(chain[at].module, chain, at), objects, names, path)
                    return True
        return False

    def _enter(self, node: Function, frame: _Frame, objects: frozenset[str], names: dict[str, int], path: int) -> int:
        """Follow a function; the node of what it returns."""
        outer = (self.frame, self.objects, self.state.names, self.where)
        self.frame, self.objects, self.state.names, self.where = frame, objects, dict(names), node.name
        self.depth += 1
        frame.functions.update({each.name: each for each in node.body if isinstance(each, ast.FunctionDef)})
        returned: list[tuple[int, State]] = []
        after = self._block(node.body, path, returned)
        if after is not None:
            self.state.names[RETURNED] = self.nodes.none
        elif returned:
            _, self.state = returned.pop()
        for condition, state in reversed(returned):
            self.state = self._joined(condition, state, self.state)
        found = self.state.names.get(RETURNED, self.nodes.unknown)
        self.frame, self.objects, self.state.names, self.where = outer
        self.depth -= 1
        return int(found)

    def enter_method(
        self, node: Function, chain: Sequence[Definition], at: int, objects: frozenset[str], names: dict[str, int], path: int
    ) -> None:
        """Follow a method of one of the classes of a chain."""
        self._enter(node, _Frame(chain[at].module, chain, at), objects, names, path)

    def _follow(self, name: str, path: int) -> None:
        if self.frame is not None:
            self._method_of(self.frame.chain, 0, name, path, self.objects)

    def _assign(self, target: ast.expr, value: int, path: int) -> None:
        match target:
            case ast.Name(id=name) if name in self.objects:
                return
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))) if name in self.objects:
                self.state.fields[key] = value
            case _:
                super()._assign(target, value, path)

    # Expressions.

    def value(self, node: ast.expr, path: int) -> int:
        """The node of an expression."""
        fact = self.facts.get(ast.unparse(node)) if isinstance(node, ast.Call | ast.Attribute | ast.Name) else None
        if fact is not None:
            return fact(self.nodes)
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))) if name in self.objects:
                return self._field(key, path)
            case ast.Compare(left=ast.Constant(value=str(key)), ops=[op], comparators=[ast.Name(id=name)]) if name in self.objects:
                there = self.nodes.operation("is not", self._field(key, path), self.nodes.none)
                return there if isinstance(op, ast.In) else self.nodes.negation(there)
            case ast.Attribute(value=ast.Attribute() as inner, attr=name) if self._key(inner) is not None and self._key(node) is None:
                return self.nodes.operation("item", self.value(inner, path), self.nodes.constant(name))
            case ast.Attribute(value=ast.Name() as owner, attr=name) if self._key(node) is None:
                return self._member(owner, name)
        return super().value(node, path)

    def _member(self, owner: ast.Name, name: str) -> int:
        """A member of an enumeration of texts."""
        found = self._resolved(self.frame.module, owner) if self.frame is not None else None
        for each in getattr(found.node, "body", ()) if found is not None else ():
            match each:
                case ast.Assign(targets=[ast.Name(id=member)], value=ast.Constant(value=str(text))) if member == name:
                    return self.nodes.constant(text)
        return self.nodes.unknown

    def _initial(self, name: str) -> int:
        if name not in self.options:
            return self.nodes.unknown
        found = self.nodes.option(self.prefix + name)
        if name not in self.written:
            return found
        return self.nodes.choice(
            self.nodes.operation("is not", self.nodes.option(f"given:{name}"), self.nodes.none), found, self.nodes.unknown
        )

    def _global(self, name: str, path: int) -> int:
        opened = self.archive.module(self.frame.module.source.path) if self.frame is not None else None
        found = opened[0].lookup(self.frame.module, name) if opened and self.frame is not None else None
        value = getattr(found.node, "value", None) if isinstance(found, Definition) else None
        plain = isinstance(value, ast.Constant | ast.List | ast.Tuple | ast.Set | ast.Dict)
        return super().value(value, path) if value is not None and plain else self.nodes.unknown

    def _field(self, name: str, path: int) -> int:
        if name not in self.options and name not in self.state.fields and self.frame is not None and self.depth < _DEEPEST:
            for found in self.frame.chain:
                for node in getattr(found.node, "body", ()):
                    if isinstance(node, ast.FunctionDef) and node.name == name and _is_property(node):
                        return self._property(node, found, path)
                    if name.startswith("_") and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                        if isinstance(targets[0], ast.Name) and targets[0].id == name:
                            return self.value(node.value, path)
        return self.state.fields.get(name, self._initial(name))

    def _property(self, node: Function, home: Definition, path: int) -> int:
        """What a property gives; reading one changes no option."""
        before, count = self.state.copy(), len(self.raised)
        found = self._enter(node, _Frame(home.module, self.frame.chain if self.frame else ()), self.objects, {}, path)
        self.state = before
        del self.raised[count:]
        return found

    def _isinstance(self, value: int, types: ast.expr) -> int:
        names = [ast.unparse(each) for each in (types.elts if isinstance(types, ast.Tuple) else [types])]
        plain = [name for name in names if name in ("int", "float", "str", "bool", "list", "tuple", "dict")]
        return self.nodes.instance(value, plain) if len(plain) == len(names) else self.nodes.unknown

    # Calls.

    def _call(self, node: ast.Call, path: int) -> int:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name)):
                return self._super(name, path)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="get"), args=[ast.Constant(value=str(key)), *rest]):
                if owner in self.objects:
                    return self._got(key, rest, path)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="pop"), args=[ast.Constant(value=str(key)), *_]):
                if owner in self.objects:
                    found = self._field(key, path)
                    self.state.fields[key] = self.nodes.none
                    return found
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=owner), ast.Constant(value=str(key)), *_]):
                return self._field(key, path) if owner in self.objects and key in self.options else self.nodes.unknown
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name), args=[ast.Name(id="self"), *_]):
                if "self" in self.objects and self._of_class(ast.Name(owner), name, path):
                    return self.nodes.unknown
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name)) if name not in ("get", "pop"):
                return self._own_method(name, node, path)
            case ast.Call(func=ast.Name(id=name)):
                called = self._function(name, node, path)
                if called is not None:
                    return called
        if ast.unparse(node.func) in _QUIET | self.quiet or ast.unparse(node.func).lower().startswith(("logger.", "log.", "logging.")):
            return self.nodes.unknown
        return int(super()._call(node, path))

    def _got(self, key: str, default: Sequence[ast.expr], path: int) -> int:
        found = self._field(key, path)
        if not default:
            return found
        return self.nodes.choice(self.nodes.operation("is not", found, self.nodes.none), found, self.value(default[0], path))

    def _super(self, name: str, path: int) -> int:
        if self.frame is None or self.depth >= _DEEPEST:
            self._forget_all()
        elif not self._method_of(self.frame.chain, self.frame.at + 1, name, path, self.objects):
            self._leave(self.frame.chain, path)
        return self.nodes.unknown

    def _leave(self, chain: Sequence[Definition], path: int) -> None:
        """What the class of another package does to the fields; its own raises are another file's."""
        reader = next(iter(self.outside.values()), None)
        if reader is None:
            return self._forget_all()
        reader.state, reader.raised = State(dict(self.state.fields)), []
        reader.options, reader.prefix, reader.written = self.options, self.prefix, self.written
        reader.class_init(*next(iter(self.outside)).split(":"))
        self.state.fields = reader.state.fields
        return None

    def _of_class(self, owner: ast.Name, name: str, path: int) -> bool:
        """`Base.__post_init__(self)`: the base's own, which looks further methods up in the classes of `self`."""
        frame = self.frame
        found = self._resolved(frame.module, owner) if frame is not None and self.depth < _DEEPEST else None
        if frame is None or found is None:
            if name == "__post_init__" and frame is not None:
                self._leave(frame.chain, path)
            return name == "__post_init__"
        at = next((index for index, each in enumerate(frame.chain) if each.node is found.node), None)
        if at is None or not self._method_of(frame.chain, at, name, path, self.objects):
            self._leave(frame.chain, path)
        return True

    def _own_method(self, name: str, node: ast.Call, path: int) -> int:
        given = [self.value(argument, path) for argument in node.args]
        if self.frame is None or self.depth >= _DEEPEST or ("self" not in self.objects and not self.frame.chain):
            self._forget_all()
            return self.nodes.unknown
        for at, found in enumerate(self.frame.chain):
            for each in getattr(found.node, "body", ()):
                if isinstance(each, ast.FunctionDef) and each.name == name:
                    static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in each.decorator_list)
                    names = [argument.arg for argument in each.args.args[0 if static else 1 :]]
                    objects = {name for name, argument in zip(names, node.args, strict=False) if self._is_object(argument)}
                    objects |= {"self"} & self.objects
                    bound = {key: value for key, value in zip(names, given, strict=False) if key not in objects}
                    return self._enter(each, _Frame(found.module, self.frame.chain, at), frozenset(objects), bound, path)
        return self.nodes.unknown

    def _is_object(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self.objects

    def _function(self, name: str, node: ast.Call, path: int) -> int | None:
        """A function of the same package; None where the name means something else."""
        if self.frame is None or self.depth >= _DEEPEST:
            return None
        inner = self.frame.functions.get(name)
        opened = self.archive.module(self.frame.module.source.path)
        found = opened[0].lookup(self.frame.module, name) if opened else None
        module, called = self.frame.module, inner
        if called is None:
            if not isinstance(found, Definition) or not isinstance(found.node, ast.FunctionDef):
                return None
            module, called = found.module, found.node
        names = [argument.arg for argument in called.args.args]
        pairs = [*zip(names, node.args, strict=False), *((word.arg, word.value) for word in node.keywords if word.arg)]
        objects = frozenset(name for name, argument in pairs if self._is_object(argument))
        bound = {name: self.value(argument, path) for name, argument in pairs if name not in objects}
        return self._enter(called, _Frame(module), objects, bound, path)

    def certain(self) -> list[Raised]:
        """The raises that can be certain, in the order in which they are reached."""
        return [found for found in self.raised if self.nodes.can_be(found.condition, True)]


def _is_property(node: Function) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id in ("property", "cached_property") for mark in node.decorator_list)
