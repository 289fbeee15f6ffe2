"""What a script's own `type=` function makes of the usual words: `str2bool` and its like, computed from its syntax."""

import ast
from collections.abc import Mapping
from typing import Any

from lintune.scripts.modules import Definition, External, Module, Modules
from lintune.source.record import dataclass

_PLAIN = ("true", "false", "yes", "no", "y", "n", "t", "f", "1", "0", "on", "off", "none", "null")
WORDS = (*_PLAIN, *(word.capitalize() for word in _PLAIN if word.isalpha()), *(word.upper() for word in _PLAIN if len(word) > 1))
_REFUSED_AS = ("ArgumentTypeError", "ValueError", "TypeError")
_TEXT = ("lower", "upper", "strip", "casefold", "capitalize", "title")
_TRUE, _FALSE = frozenset(("y", "yes", "t", "true", "on", "1")), frozenset(("n", "no", "f", "false", "off", "0"))
_MOST_STATEMENTS = 40


class _NotDecided(Exception):
    """The function does something that is not computed here."""


class _Refused(Exception):
    """The function raises what argparse takes for a refusal."""


@dataclass(slots=True)
class _Returned(Exception):
    """A `return`."""

    value: Any


def converted_words(function: ast.expr, modules: Modules, module: Module) -> tuple[tuple[str, bool | str | int | None], ...]:
    """The values of the words that are usually given; those that are refused, or cannot be told, are left out."""
    node: ast.expr | ast.FunctionDef | None = None
    match modules.resolve(module, function):
        case Definition(node=ast.FunctionDef() as found):
            node = found
        case External(dotted=dotted) if dotted.endswith("strtobool"):
            return tuple((word, int(word.lower() in _TRUE)) for word in WORDS if word.lower() in _TRUE | _FALSE)
        case _ if getattr(function, "id", "") == "bool":
            return tuple((word, True) for word in WORDS)
        case _ if isinstance(function, ast.Lambda):
            node = function
    if node is None:
        return ()
    found_words = [(word, _result(node, word)) for word in WORDS]
    return tuple((word, value) for word, (value, decided) in found_words if decided)


def _result(function: "ast.expr | ast.FunctionDef", word: str) -> tuple[Any, bool]:
    arguments = function.args if isinstance(function, ast.FunctionDef | ast.Lambda) else None
    if arguments is None or len(arguments.args) != 1:
        return None, False
    names: dict[str, Any] = {arguments.args[0].arg: word}
    try:
        value = None
        if isinstance(function, ast.Lambda):
            value = _value(function.body, names)
        elif isinstance(function, ast.FunctionDef):
            _run(function.body, names, [0])
    except _Returned as returned:
        value = returned.value
    except (_NotDecided, _Refused, RecursionError, AttributeError, TypeError, KeyError, ValueError):
        return None, False
    return value, value is None or isinstance(value, bool | int | str)


def _run(body: list[ast.stmt], names: dict[str, Any], count: list[int]) -> None:
    for node in body:
        count[0] += 1
        if count[0] > _MOST_STATEMENTS:
            raise _NotDecided
        match node:
            case ast.Return(value=None):
                raise _Returned(None)
            case ast.Return(value=ast.expr() as expression):
                raise _Returned(_value(expression, names))
            case ast.If(test=test, body=then, orelse=other):
                _run(then if _value(test, names) else other, names, count)
            case ast.Assign(targets=[ast.Name(id=name)], value=expression):
                names[name] = _value(expression, names)
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))) if name in _REFUSED_AS:
                raise _Refused
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case _:
                raise _NotDecided


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return tuple(_value(each, names) for each in items)
        case ast.Dict(keys=keys, values=values) if all(keys):
            return {_value(key, names): _value(each, names) for key, each in zip(keys, values, strict=True) if key is not None}
        case ast.Subscript(value=table, slice=key):
            return _value(table, names)[_value(key, names)]
        case ast.IfExp(test=test, body=then, orelse=other):
            return _value(then if _value(test, names) else other, names)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, names)
        case ast.BoolOp(op=op, values=values):
            return _either(isinstance(op, ast.Or), values, names)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(op, _value(left, names), _value(right, names))
        case ast.Call():
            return _called(node, names)
    raise _NotDecided


def _either(settles: bool, values: list[ast.expr], names: Mapping[str, Any]) -> Any:
    found: Any = None
    for each in values:
        found = _value(each, names)
        if bool(found) is settles:
            break
    return found


def _compared(op: ast.cmpop, left: Any, right: Any) -> bool:
    match op:
        case ast.Eq():
            return bool(left == right)
        case ast.NotEq():
            return bool(left != right)
        case ast.In():
            return left in right
        case ast.NotIn():
            return left not in right
        case ast.Is():
            return left is right
        case ast.IsNot():
            return left is not right
    raise _NotDecided


def _called(node: ast.Call, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=method), args=[], keywords=[]) if method in _TEXT:
            text = _value(owner, names)
            if isinstance(text, str):
                return getattr(text, method)()
        case ast.Call(func=ast.Name(id="isinstance"), args=[value, ast.Name(id=kind)]) if kind in ("bool", "str", "int"):
            return isinstance(_value(value, names), {"bool": bool, "str": str, "int": int}[kind])
        case ast.Call(func=ast.Name(id="str"), args=[value], keywords=[]):
            return str(_value(value, names))
        case ast.Call(func=ast.Name(id="bool"), args=[value], keywords=[]):
            return bool(_value(value, names))
        case ast.Call(func=ast.Name(id="strtobool") | ast.Attribute(attr="strtobool"), args=[value], keywords=[]):
            word = str(_value(value, names)).lower()
            if word in _TRUE | _FALSE:
                return int(word in _TRUE)
            raise _Refused
    raise _NotDecided
