"""The value of an expression in a script, with the assignments it came through; unknown, with a reason, where it is not certain."""

import ast
from collections.abc import Callable, Mapping
from typing import TypeAlias

from lintune.scripts.literals import ARITHMETIC
from lintune.scripts.names import Binding, Names, Scope
from lintune.source.text import Site
from lintune.values.value import Absent, Data, Known, Step, Unknown, Value

Options: TypeAlias = Callable[[str], Value]
"""The value of an option that the script parses."""

_MOST_DEPTH = 16
_PARSES = frozenset(
    ("parse_args", "parse_known_args", "parse_args_into_dataclasses", "parse_args_and_config", "parse_dict", "parse_json_file")
)
_ENUMERATIONS = frozenset(("IntervalStrategy", "SchedulerType", "OptimizerNames", "SaveStrategy", "HubStrategy", "FSDPOption"))
"""Of transformers: the members' values are their names in lower case."""


def unasked(name: str) -> Value:
    """An option of a script that nobody has started."""
    return Unknown(f"`{name}` comes from the command line", settle="the launch that starts the script")


def _makes(func: ast.expr) -> bool:
    """Whether a called name is a class, by its capital, or a loader, so that the call returns an object."""
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    return name[:1].isupper() or name.startswith(("from_", "load_dataset", "get_peft_model"))


class Constants:
    """Finds values in one file."""

    def __init__(self, names: Names, place: Callable[[ast.AST], Site], options: Options = unasked) -> None:
        """`place` says where a node is written."""
        self.names = names
        self._place = place
        self._options = options
        self.fired = next((name for found in names.calls if (name := self._started(found.node, found.scope))), "")
        """The function whose parameters are the options of the command line, by `fire.Fire(function)`."""

    def _started(self, node: ast.Call, scope: Scope) -> str:
        if self.dotted(node.func, scope) == "fire.Fire" and node.args and isinstance(node.args[0], ast.Name):
            return node.args[0].id
        return ""

    def value(self, node: ast.expr, scope: Scope, depth: int = 0) -> Value:
        """The value of an expression; `None` is known."""
        if depth > _MOST_DEPTH:
            return Unknown("it is computed in too many steps")
        deeper = depth + 1
        match node:
            case ast.Constant(value=value) if value is None or isinstance(value, str | int | float):
                return Known(value)
            case ast.Name():
                return self._named(node, scope, deeper)
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return _together([self.value(item, scope, deeper) for item in items], tuple)
            case ast.Dict(keys=keys, values=values):
                return self._mapping(keys, values, scope, deeper)
            case ast.JoinedStr(values=parts):
                return _together([self.value(part, scope, deeper) for part in parts], _text)
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return self.value(inner, scope, deeper)
            case ast.UnaryOp(op=sign, operand=operand):
                return _together([self.value(operand, scope, deeper)], lambda found: _unary(sign, found[0]))
            case ast.BinOp(left=left, op=step, right=right):
                both = [self.value(left, scope, deeper), self.value(right, scope, deeper)]
                return _together(both, lambda found: _binary(step, found[0], found[1]))
            case ast.BoolOp(op=joint, values=values):
                return self._either(joint, values, scope, deeper)
            case ast.IfExp(test=test, body=body, orelse=other):
                return self._choice(test, body, other, scope, deeper)
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as compare], comparators=[right]):
                both = [self.value(left, scope, deeper), self.value(right, scope, deeper)]
                return _together(both, lambda found: (found[0] == found[1]) is isinstance(compare, ast.Eq))
            case ast.Call():
                return self._call(node, scope, deeper)
        return Unknown(f"`{_shown(node)}` is computed")

    def dotted(self, node: ast.expr, scope: Scope) -> str:
        """The dotted name of something imported; empty for anything else."""
        match node:
            case ast.Name(id=name):
                return "" if scope.holder(name) is not None else self.names.imports.get(name, "")
            case ast.Attribute(value=value, attr=attribute):
                below = self.dotted(value, scope)
                return f"{below}.{attribute}" if below else ""
        return ""

    def made_by(self, node: ast.expr, scope: Scope) -> str:
        """The dotted name of the class or function whose call certainly gives an expression's value; empty where that is not certain."""
        match node:
            case ast.Call(func=func):
                return self.dotted(func, scope)
            case ast.Name(id=name):
                home = scope.holder(name)
                bindings = home.bindings[name] if home is not None else []
                if home is not None and len(bindings) == 1 and bindings[0].direct and isinstance(bindings[0].value, ast.Call):
                    return self.dotted(bindings[0].value.func, home)
        return ""

    def is_object(self, node: ast.expr, scope: Scope) -> bool:
        """Whether an expression certainly gives something else than None: the result of a class's or loader's call, a function."""
        match node:
            case ast.Lambda() | ast.List() | ast.Dict() | ast.JoinedStr():
                return True
            case ast.Call(func=func):
                return _makes(func)
            case ast.Name(id=name):
                home = scope.holder(name)
                if home is None:
                    return name in self.names.defined
                bindings = home.bindings[name]
                if len(bindings) != 1 or not bindings[0].direct or bindings[0].why or bindings[0].value is None:
                    return False
                return not isinstance(bindings[0].value, ast.Name) and self.is_object(bindings[0].value, home)
        return False

    def _named(self, node: ast.Name, scope: Scope, depth: int) -> Value:
        home = scope.holder(node.id)
        if home is None:
            return Unknown(f"`{node.id}` is imported" if node.id in self.names.imports else f"`{node.id}` is set elsewhere")
        bindings = home.bindings[node.id]
        if home is scope:
            bindings = [each for each in bindings if each.at < (node.lineno, node.col_offset)]
            last = max((index for index, each in enumerate(bindings) if each.direct), default=0)
            bindings = bindings[last:]
            if not bindings:
                return Unknown(f"`{node.id}` is not set before it is used")
            if not bindings[0].direct:
                return Unknown(f"`{node.id}` depends on conditions of the script")
        found = [self._bound(each, home, depth) for each in bindings]
        first = found[0]
        if all(isinstance(each, Known) and isinstance(first, Known) and each.value == first.value for each in found[1:]):
            return first
        return next((each for each in found if isinstance(each, Unknown)), Unknown(f"`{node.id}` depends on conditions of the script"))

    def _bound(self, binding: Binding, scope: Scope, depth: int) -> Value:
        """What an assignment gives, with its place behind the value's own."""
        if binding.value is None and isinstance(binding.node, ast.arg) and scope.name == self.fired and scope.name:
            return self._fired(binding.node.arg, scope, depth)
        if binding.value is None:
            return Unknown(binding.why)
        if binding.why:
            return Unknown("it is one of several results of a call")
        found = self.value(binding.value, scope, depth)
        step = Step("script", self._place(binding.node), "set here")
        match found:
            case Known(value=value, origin=origin):
                return Known(value, (step, *origin))
            case Unknown(reason=reason, origin=origin, settle=settle):
                return Unknown(reason, (step, *origin), settle)
        return found

    def _fired(self, name: str, scope: Scope, depth: int) -> Value:
        """A parameter that the command line gives, or its default."""
        given = self._options(name)
        if not isinstance(given, Absent):
            return given
        default = scope.defaults.get(name)
        return self.value(default, scope.outer or scope, depth) if default is not None else Unknown(f"`{name}` is not given")

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        if isinstance(node.value, ast.Name) and self._is_parsed(node.value.id, scope):
            if node.attr in self._changed(node.value.id, scope):
                return Unknown(f"the script sets `{node.value.id}.{node.attr}` itself")
            return self._options(node.attr)
        parts = self.dotted(node, scope).split(".")
        if parts[0] == "torch" and len(parts) == 2:
            return Known(parts[1])
        if parts[0] == "transformers" and len(parts) > 2 and parts[-2] in _ENUMERATIONS:
            return Known(parts[-1].lower())
        return Unknown(f"`{_shown(node)}` is read when it runs")

    def _changed(self, name: str, scope: Scope) -> set[str]:
        found: set[str] = set()
        seen: Scope | None = scope
        while seen is not None:
            found |= seen.attributes.get(name, set())
            seen = seen.outer
        return found

    def _is_parsed(self, name: str, scope: Scope) -> bool:
        """Whether a name holds parsed options: of a parser's call, or a parameter that is called as such a name elsewhere."""
        home = scope.holder(name)
        if home is None:
            return False
        bindings = home.bindings[name]
        if any(isinstance(each.node, ast.arg) for each in bindings):
            bindings = self.names.top.bindings.get(name, [])
        return len(bindings) == 1 and _parses(bindings[0].value)

    def _mapping(self, keys: list[ast.expr | None], values: list[ast.expr], scope: Scope, depth: int) -> Value:
        found: dict[str, Data] = {}
        for key, item in zip(keys, values, strict=True):
            value = self.value(item, scope, depth)
            if not isinstance(value, Known):
                return value if isinstance(value, Unknown) else Unknown("a value of it is computed")
            if key is None and isinstance(value.value, Mapping):
                found.update(value.value)
                continue
            name = self.value(key, scope, depth) if key is not None else Unknown("it is put together of others")
            if not isinstance(name, Known):
                return Unknown("a key of it is computed")
            found[str(name.value)] = value.value
        return Known(found)

    def _either(self, op: ast.boolop, values: list[ast.expr], scope: Scope, depth: int) -> Value:
        """`a or b`, `a and b`, as far as the operands before the deciding one are known."""
        found: Value = Known(None)
        for each in values:
            found = self.value(each, scope, depth)
            if not isinstance(found, Known) or bool(found.value) is isinstance(op, ast.Or):
                return found
        return found

    def _choice(self, test: ast.expr, body: ast.expr, other: ast.expr, scope: Scope, depth: int) -> Value:
        decided = self.value(test, scope, depth)
        if isinstance(decided, Known):
            return self.value(body if decided.value else other, scope, depth)
        one, two = self.value(body, scope, depth), self.value(other, scope, depth)
        if isinstance(one, Known) and isinstance(two, Known) and one.value == two.value:
            return one
        return Unknown(f"it depends on `{_shown(test)}`")

    def _call(self, node: ast.Call, scope: Scope, depth: int) -> Value:
        dotted = self.dotted(node.func, scope)
        if dotted in ("os.environ.get", "os.getenv") and node.args and isinstance(node.args[0], ast.Constant):
            return Unknown(f"`{node.args[0].value!s}` is read from the environment")
        match node:
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=words) if all(word.arg for word in words):
                keys: list[ast.expr | None] = [ast.Constant(value=word.arg) for word in words]
                return self._mapping(keys, [word.value for word in words], scope, depth)
            case ast.Call(func=ast.Name(id="int" | "float" | "str" | "bool" | "list" | "tuple" as kind), args=[inner], keywords=[]):
                return _together([self.value(inner, scope, depth)], lambda found: _made(kind, found[0]))
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=name) as holder, ast.Constant(value=str(attribute)), *_]):
                if self.dotted(holder, scope) == "torch":
                    return Known(attribute)
                if self._is_parsed(name, scope):
                    return self._options(attribute)
        return Unknown(f"`{_shown(node.func)}()` is called for it")


def _parses(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _PARSES


def _together(values: list[Value], make: Callable[[list[Data]], Data]) -> Value:
    """A value made of others; unknown with the first of them, or where they cannot be combined."""
    data: list[Data] = []
    steps: list[Step] = []
    for value in values:
        if not isinstance(value, Known):
            return value if isinstance(value, Unknown) else Unknown("a part of it is computed")
        data.append(value.value)
        steps += value.origin
    try:
        return Known(make(data), tuple(steps))
    except (TypeError, ValueError, ArithmeticError):
        return Unknown("it cannot be computed without running the script")


def _text(parts: list[Data]) -> str:
    return "".join(str(part) for part in parts)


def _unary(op: ast.unaryop, value: Data) -> Data:
    if isinstance(op, ast.Not):
        return not value
    if isinstance(op, ast.USub) and isinstance(value, int | float):
        return -value
    raise TypeError


def _binary(op: ast.operator, left: Data, right: Data) -> Data:
    if isinstance(left, str) and isinstance(right, str) and isinstance(op, ast.Add):
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple) and isinstance(op, ast.Add):
        return left + right
    if isinstance(left, int | float) and isinstance(right, int | float):
        if isinstance(op, ast.Pow) and 0 <= right <= 64 and abs(left) <= 1024:
            raised: int | float = left**right
            return raised
        if type(op) in ARITHMETIC:
            return ARITHMETIC[type(op)](left, right)
    raise TypeError


def _made(kind: str, value: Data) -> Data:
    """What a built-in type makes of a value."""
    match kind, value:
        case "int", int() | float() | str():
            return int(value)
        case "float", int() | float() | str():
            return float(value)
        case "str", int() | float() | str():
            return str(value)
        case "bool", _:
            return bool(value)
        case "list" | "tuple", tuple():
            return value
    raise TypeError


def _shown(node: ast.expr) -> str:
    try:
        text = ast.unparse(node)
    except (ValueError, RecursionError):
        return "it"
    return text if len(text) <= 40 and "\n" not in text else text[:37].partition("\n")[0] + "..."
