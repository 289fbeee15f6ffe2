"""A word as python-fire reads it: a Python literal whose bare words are text, or else the text itself."""

import ast

from lintune.values.value import Absent, Data, Known, Origin, Unknown, Value

_LONGEST = 5000


def literal_word(text: str, origin: Origin) -> Value:
    """The value of a word (fire/parser.py `DefaultParseValue`, 0.1 to 0.7)."""
    if len(text) > _LONGEST:
        return Unknown("it is long", origin)
    try:
        found = _literal(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return Known(text, origin)
    if found is None:
        return Absent(origin)
    plain = _data(found)
    return Known(plain, origin) if plain is not None else Unknown("it is a literal of another kind", origin)


class _Words(ast.NodeTransformer):
    """Turns bare words into text."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """`q_proj` is text."""
        return ast.copy_location(ast.Constant(node.id), node)


def _literal(text: str) -> object:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = ast.parse(text, mode="eval")
    if isinstance(root.body, ast.BinOp):
        raise ValueError(text)
    return ast.literal_eval(root.body if isinstance(root.body, ast.Constant) else _Words().visit(root.body))


def _data(value: object) -> Data | None:
    match value:
        case bool() | int() | float() | str():
            return value
        case list() | tuple():
            items = [_data(each) for each in value]
            return tuple(items) if None not in items else None
        case dict():
            pairs = {str(key): _data(each) for key, each in value.items()}
            return pairs if None not in pairs.values() else None
    return None
