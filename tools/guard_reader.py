"""Reads the guards of a class's `__post_init__` out of its syntax: for every `raise`, the condition over options.

The body is followed in order with a store of what each field holds then, as an expression over the options as given, so that
assignments before a raise count. Helpers (`self._validate_args()`) are followed into. What options do not tell (the GPU,
installed packages, files, the environment) is unknown, and a guard that can never be certain is left out.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from guard_nodes import Nodes  # type: ignore[import-not-found,unused-ignore]

FACTS: Mapping[str, Any] = {
    "is_torch_available()": True,
    "is_accelerate_available()": True,
    "is_safetensors_available()": True,
    "is_torch_xla_available()": False,
    "is_torch_tpu_available()": False,
    "self.framework": "pt",
}
"""What holds on every machine that a launch of this kind runs on (a GPU machine with the library's own requirements)."""
_OPERATORS: dict[type[ast.AST], str] = {
    **{ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="},
    **{ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in"},
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%"},
}
_FUNCTIONS = frozenset(("int", "float", "str", "bool", "len", "max", "min"))
_METHODS = frozenset(("lower", "upper", "startswith", "endswith", "split", "get"))
_CHANGING = frozenset(("pop", "update", "append", "extend", "remove", "setdefault", "clear", "insert"))
RETURNED = "return"
"""The local name that holds what a function returns."""
_DEEPEST = 4
_LONGEST_LOOP = 24


@dataclass(slots=True)
class Raised:
    """A raise that options alone can reach."""

    condition: int
    message: str
    """With `{option}` where the library fills in an option."""
    source: str
    """The function that holds it."""
    line: int


@dataclass(slots=True)
class State:
    """What holds at a point of the body."""

    fields: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)

    def copy(self) -> "State":
        return State(dict(self.fields), dict(self.names))


class GuardReader:
    """Follows one class of one release."""

    def __init__(self, nodes: Nodes, tree: ast.Module, name: str, options: Sequence[str], enums: Mapping[str, Mapping[str, str]]) -> None:
        """`tree`: the module of the class `name`; `options`: its fields; `enums`: members and values by class."""
        node = next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == name)
        self.nodes, self.enums = nodes, enums
        self.globals = _constants(tree.body)
        self.options = frozenset(options)
        self.methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
        self.constants = {name: value for name, value in _constants(node.body).items() if name.startswith("_")}
        self.state = State()
        self.raised: list[Raised] = []
        self.seen = 0
        self.depth = 0
        self.where = ""
        self.objects = frozenset(("self",))

    def _key(self, node: ast.expr) -> str | None:
        """The field that an expression names: an option of an object that holds options, or what code keeps on `self`."""
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in self.objects:
                return name
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                return f"self.{name}"
        return None

    def read(self) -> list[Raised]:
        """Every raise of `__post_init__` that can be certain, in the order in which they are reached."""
        self._follow("__post_init__", self.nodes.true)
        return [found for found in self.raised if self.nodes.can_be(found.condition, True)]

    def _follow(self, name: str, path: int) -> None:
        method, outer, names = self.methods[name], self.where, self.state.names
        self.where, self.state.names, self.depth = name, {}, self.depth + 1
        returned: list[tuple[int, State]] = []
        self._block(method.body, path, returned)
        for condition, state in reversed(returned):
            self.state = self._joined(condition, state, self.state)
        self.state.names = names
        self.where, self.depth = outer, self.depth - 1

    # Statements: each gives the condition under which the next one is reached, None where none is.

    def _block(self, body: Sequence[ast.stmt], path: int | None, returned: list[tuple[int, State]]) -> int | None:
        at = path
        for statement in body:
            if at is None:
                return None
            at = self._statement(statement, at, returned)
        return at

    def _statement(self, node: ast.stmt, path: int, returned: list[tuple[int, State]]) -> int | None:
        match node:
            case ast.If():
                return self._if(node, path, returned)
            case ast.Raise():
                self._raise(node, path)
                return None
            case ast.Return(value=value):
                self.state.names[RETURNED] = self.value(value, path) if value is not None else self.nodes.none
                returned.append((path, self.state.copy()))
                return None
            case ast.Assert(test=test, msg=message):
                self._refuse(message, self.nodes.both(path, self.nodes.negation(self.value(test, path))), node.lineno)
            case ast.Assign(targets=targets, value=value):
                found = self.value(value, path)
                for target in targets:
                    self._assign(target, found, path)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._assign(target, self.value(value, path), path)
            case ast.AugAssign(target=target, op=op, value=value):
                old, new = self.value(target, path), self.value(value, path)
                self._assign(target, self.nodes.operation(_OPERATORS.get(type(op), "?"), old, new), path)
            case ast.Expr(value=value):
                self.value(value, path)
            case ast.For():
                return self._for(node, path, returned)
            case ast.While() | ast.Delete() | ast.Match() | ast.AsyncFor():
                self._forget([node])
            case ast.With(body=body):
                return self._block(body, path, returned)
            case ast.Try():
                return self._try(node, path, returned)
        return path

    def _if(self, node: ast.If, path: int, returned: list[tuple[int, State]]) -> int | None:
        test = self.value(node.test, path)
        before, count = self.state, len(returned)
        self.state = before.copy()
        then = self._block(node.body, self.nodes.both(path, test), returned)
        first = self.state
        self.state = before.copy()
        other = self._block(node.orelse, self.nodes.both(path, self.nodes.negation(test)), returned)
        if then is None and other is None:
            return None
        leaves = len(returned) > count
        if then is None or other is None:
            self.state = first if other is None else self.state
            # after a `return` the rest is reached only on the other way; after a raise nothing else matters
            return (other if then is None else then) if leaves else path
        self.state = self._joined(test, first, self.state)
        return self.nodes.chain("or", [then, other]) if leaves else path

    def _joined(self, test: int, then: State, other: State) -> State:
        def joined(one: dict[str, int], two: dict[str, int], missing: Any) -> dict[str, int]:
            names = dict.fromkeys((*one, *two))
            return {name: self.nodes.choice(test, one.get(name, missing(name)), two.get(name, missing(name))) for name in names}

        return State(joined(then.fields, other.fields, self._initial), joined(then.names, other.names, lambda _: self.nodes.unknown))

    def _try(self, node: ast.Try, path: int, returned: list[tuple[int, State]]) -> int | None:
        """What a handler catches is not raised; whether it is raised again is not followed."""
        count = len(self.raised)
        after = self._block([*node.body, *node.orelse], path, returned)
        if node.handlers:
            del self.raised[count:]
            self._forget([each for handler in node.handlers for each in handler.body])
            if any(isinstance(each, ast.Return) for each in ast.walk(node)):
                return self.nodes.both(path if after is None else after, self.nodes.unknown)
        return self._block(node.finalbody, path if after is None and node.handlers else after, returned)

    def _for(self, node: ast.For, path: int, returned: list[tuple[int, State]]) -> int | None:
        """A loop over constants is followed round by round; of another one only what it may change counts."""
        over = self.value(node.iter, path)
        inside = [type(each) for statement in node.body for each in ast.walk(statement)]
        plain = not {ast.Break, ast.Continue, ast.Return} & set(inside) and self.nodes.is_constant(over)
        if not plain or len(values := self.nodes.value(over) or ()) > _LONGEST_LOOP or isinstance(values, str):
            self._forget([node])
            return self.nodes.both(path, self.nodes.unknown) if ast.Return in inside else path
        for value in values:
            self._assign(node.target, self.nodes.constant(value), path)
            self._block(node.body, path, returned)
        return path

    def _forget(self, body: Sequence[ast.AST]) -> None:
        """What these statements may change is unknown after them."""
        for statement in body:
            for node in ast.walk(statement):
                match node:
                    case ast.Attribute(ctx=ast.Store()):
                        self._forget_base(node)
                    case ast.Name(id=name, ctx=ast.Store()):
                        self.state.names[name] = self.nodes.unknown
                    case ast.Subscript(value=base, ctx=ast.Store()):
                        self._forget_base(base)
                    case ast.Call(func=ast.Attribute(value=base, attr=name)) if name in _CHANGING:
                        self._forget_base(base)
                    case ast.Call(func=ast.Name(id="setattr"), args=[owner, *_]):
                        if not isinstance(owner, ast.Name) or owner.id in self.objects:
                            self._forget_all()

    def _forget_base(self, base: ast.expr) -> None:
        key = self._key(base)
        if key == "__dict__":
            self._forget_all()
        elif key is not None:
            self.state.fields[key] = self.nodes.unknown
        elif isinstance(base, ast.Name):
            self.state.names[base.id] = self.nodes.unknown

    def _forget_all(self) -> None:
        self.state.fields = dict.fromkeys(self.options | self.state.fields.keys(), self.nodes.unknown)

    def _assign(self, target: ast.expr, value: int, path: int) -> None:
        match target:
            case ast.Attribute() if (key := self._key(target)) is not None:
                self.state.fields[key] = value
            case ast.Name(id=name):
                self.state.names[name] = value
            case ast.Subscript(value=base, slice=key):
                changed = self.nodes.operation("set", self.value(base, path), self.value(key, path), value)
                self._assign(base, changed, path)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for index, each in enumerate(targets):
                    self._assign(each, self.nodes.operation("item", value, self.nodes.constant(index)), path)

    def _raise(self, node: ast.Raise, path: int) -> None:
        self._refuse(node.exc.args[0] if isinstance(node.exc, ast.Call) and node.exc.args else None, path, node.lineno)

    def _refuse(self, argument: ast.expr | None, path: int, line: int) -> None:
        self.seen += 1
        self.raised.append(Raised(path, self._message(argument), self.where, line))

    def _message(self, argument: ast.expr | None) -> str:
        match argument:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=parts):
                return "".join(_part(part) for part in parts)
            case ast.Name(id=name) if name in self.state.names and self.nodes.is_constant(self.state.names[name]):
                return str(self.nodes.value(self.state.names[name]))
        return ""

    # Expressions.

    def value(self, node: ast.expr, path: int) -> int:
        """The node of an expression; `path` is the condition under which it is reached."""
        nodes = self.nodes
        fact = FACTS.get(ast.unparse(node)) if isinstance(node, ast.Call | ast.Attribute) else None
        if fact is not None:
            return nodes.constant(fact)
        match node:
            case ast.Constant(value=value):
                return nodes.constant(value) if isinstance(value, str | int | float | bool | None) else nodes.unknown
            case ast.Name(id=name):
                return self.state.names.get(name, self._global(name, path))
            case ast.Attribute() if (key := self._key(node)) is not None:
                return self._field(key, path)
            case ast.Attribute(value=ast.Name(id=name), attr=member) if member in self.enums.get(name, {}):
                return nodes.constant(self.enums[name][member])
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return nodes.operation("list", *(self.value(part, path) for part in parts))
            case ast.Dict(keys=keys, values=values) if None not in keys:
                flat = [part for pair in zip(keys, values, strict=True) for part in pair if part is not None]
                return nodes.operation("dict", *(self.value(part, path) for part in flat)) if flat else nodes.constant({})
            case ast.BoolOp(op=op, values=values):
                return nodes.chain("and" if isinstance(op, ast.And) else "or", [self.value(each, path) for each in values])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return nodes.negation(self.value(operand, path))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return nodes.operation("neg", self.value(operand, path))
            case ast.BinOp(left=left, op=op, right=right):
                return nodes.operation(_OPERATORS.get(type(op), "?"), self.value(left, path), self.value(right, path))
            case ast.Compare():
                return self._compare(node, path)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return nodes.choice(self.value(test, path), self.value(body, path), self.value(orelse, path))
            case ast.Subscript(value=base, slice=key):
                return nodes.operation("item", self.value(base, path), self.value(key, path))
            case ast.ListComp(elt=ast.Call(func=ast.Name(id=enum), args=[ast.Name(id=each)]), generators=[only]) if enum in self.enums:
                plain = isinstance(only.target, ast.Name) and only.target.id == each and not only.ifs
                return self.value(only.iter, path) if plain else nodes.unknown
            case ast.Call():
                return self._call(node, path)
        return nodes.unknown

    def _initial(self, name: str) -> int:
        return self.nodes.option(name) if name in self.options else self.nodes.unknown

    def _global(self, name: str, path: int) -> int:
        found = self.globals.get(name)
        return self.value(found, path) if isinstance(found, ast.Constant | ast.List | ast.Tuple) else self.nodes.unknown

    def _field(self, name: str, path: int) -> int:
        if name in self.constants and name not in self.options:
            return self.value(self.constants[name], path)
        return self.state.fields.get(name, self._initial(name))

    def _compare(self, node: ast.Compare, path: int) -> int:
        parts, left = [], self.value(node.left, path)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node, path)
            parts.append(self.nodes.operation(_OPERATORS[type(op)], left, right))
            left = right
        return self.nodes.chain("and", parts)

    def _call(self, node: ast.Call, path: int) -> int:
        nodes = self.nodes
        match node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[value, types]):
                return self._isinstance(self.value(value, path), types)
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id="self"), name]):
                found = self.value(name, path)
                return self._field(str(nodes.value(found)), path) if nodes.is_constant(found) else nodes.unknown
            case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id="self"), name, value]):
                self._set_attribute(self.value(name, path), self.value(value, path))
                return nodes.none
            case ast.Call(func=ast.Name(id=enum), args=[value]) if enum in self.enums:
                return self.value(value, path)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
                return nodes.operation(name, *(self.value(each, path) for each in arguments))
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)) if name in self.methods:
                return self._helper(name, node, path)
            case ast.Call(func=ast.Attribute(value=base, attr=name), args=arguments, keywords=[]):
                return self._method(base, name, [self.value(each, path) for each in arguments], node, path)
        self._passed_self(node)
        return nodes.unknown

    def _method(self, base: ast.expr, name: str, arguments: list[int], node: ast.Call, path: int) -> int:
        self._passed_self(node)
        if name in _CHANGING:
            self._forget_base(base)
        if name not in _METHODS:
            return self.nodes.unknown
        return self.nodes.operation(name, self.value(base, path), *arguments)

    def _set_attribute(self, name: int, value: int) -> None:
        if self.nodes.is_constant(name):
            self.state.fields[str(self.nodes.value(name))] = value
        else:
            self._forget_all()

    def _helper(self, name: str, node: ast.Call, path: int) -> int:
        """Follow a helper without arguments; one with arguments may change what it is given."""
        if not node.args and not node.keywords and self.depth < _DEEPEST and name.startswith("_"):
            self._follow(name, path)
        for argument in node.args:
            self._forget_base(argument)
        return self.nodes.unknown

    def _passed_self(self, node: ast.Call) -> None:
        """Code that gets the object itself may set any field."""
        if any(isinstance(argument, ast.Name) and argument.id in self.objects for argument in node.args):
            self._forget_all()

    def _isinstance(self, value: int, types: ast.expr) -> int:
        """A value of a command line is of a plain type, never of a class of the library."""
        names = [ast.unparse(each) for each in (types.elts if isinstance(types, ast.Tuple) else [types])]
        plain = [name for name in names if name in ("int", "float", "str", "bool", "list", "tuple", "dict")]
        return self.nodes.instance(value, plain) if plain else self.nodes.false


def _constants(body: Sequence[ast.stmt]) -> dict[str, ast.expr]:
    """What the statements of a module or class assign to plain names."""
    found: dict[str, ast.expr] = {}
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return found


def _part(part: ast.expr) -> str:
    match part:
        case ast.Constant(value=text):
            return str(text)
        case ast.FormattedValue(value=ast.Attribute(value=ast.Name(), attr=name)):
            return "{" + name + "}"
    return "..."
