"""The condition language of rule pages: a restricted Python expression, turned into the text of a Python function.

House rules come from repositories that are not trusted, so what an expression may hold is a short list, and its length,
depth and size are bounded. Nothing here is imported at start-up where compiled pages are at hand.
"""

import ast

from lintune.engine.roots import ROOTS
from lintune.source.record import dataclass, field

MAX_LENGTH = 1_500
MAX_DEPTH = 30
MAX_NODES = 400
MAX_INTEGER = 10**18


VALUE_FUNCTIONS = {
    "known": ("is_known", 1),
    "absent": ("is_absent", 1),
    "len": ("length", 1),
    "lower": ("lower", 1),
    "startswith": ("starts_with", 2),
    "endswith": ("ends_with", 2),
    "contains": ("contains", 2),
    "near": ("near", 2),
    "abs": ("absolute", 1),
    "int": ("whole", 1),
    "is_number": ("is_numeric", 1),
    "is_text": ("is_text", 1),
    "is_list": ("is_list", 1),
    "is_bool": ("is_bool", 1),
    "min": ("smallest", None),
    "max": ("largest", None),
}
"""Functions on values: the name in `kleene`, and how many operands it takes (None: any number)."""

NAME_FUNCTIONS = {"given": "given", "default": "default"}
"""Functions on a name: the method of `Scope`."""

TEXT_FUNCTIONS = {"guarded": "guarded", "unguarded": "unguarded", "any_item": "any_item", "count_items": "count_items"}
"""Functions on literal texts: the method of `Scope`."""

FUNCTIONS = frozenset({*VALUE_FUNCTIONS, *NAME_FUNCTIONS, *TEXT_FUNCTIONS})

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "equal",
    ast.NotEq: "unequal",
    ast.Lt: "less",
    ast.LtE: "less_or_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_or_equal",
    ast.In: "member",
    ast.NotIn: "not_member",
}
_OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "modulo",
}
_LITERAL_NAMES = {"true": True, "false": False}


class ExpressionError(ValueError):
    """An expression that is not one of the language, in words for its author."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: the Python text that computes it, and the names it reads."""

    code: str
    """A Python expression over `k` (the module `kleene`) and `s` (a `Scope`)."""
    names: tuple[str, ...]
    """Dotted names read, in order, each once."""
    lists: tuple[str, ...] = ()
    """Lists of items asked for."""


def compile_expression(text: str) -> Expression:
    """The expression's code; raises `ExpressionError` for anything outside of the language or its limits."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip().replace("\n", " "), mode="eval")
    except SyntaxError as error:
        raise ExpressionError(f"not an expression: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("not an expression, or nested too deeply") from None
    _bounded(tree.body)
    writer = _Writer()
    code = writer.truth(tree.body)
    return Expression(code, tuple(dict.fromkeys(writer.names)), tuple(dict.fromkeys(writer.lists)))


def _bounded(tree: ast.AST) -> None:
    """Refuse a tree that is too deep or too large, without recursion."""
    level: list[ast.AST] = [tree]
    depth = total = 0
    while level:
        depth, total = depth + 1, total + len(level)
        if depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH}")
        if total > MAX_NODES:
            raise ExpressionError(f"more than {MAX_NODES} parts")
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def dotted_name(node: ast.expr) -> str | None:
    """`a.b.c` as text; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def checked_name(name: str) -> str:
    """A dotted name whose first word is in the vocabulary; raises `ExpressionError` otherwise."""
    root, _, rest = name.partition(".")
    if root not in ROOTS:
        raise ExpressionError(f"`{name}` is no name of the vocabulary{_suggestion(root, ROOTS)}")
    if not rest and root not in ("framework", "path", "ds"):
        raise ExpressionError(f"`{name}` is not a value: a name has two words or more, such as `{name}.x`")
    return name


def _suggestion(word: str, known: frozenset[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, sorted(known), 1)
    return f"; did you mean `{close[0]}`?" if close else ""


@dataclass(slots=True)
class _Writer:
    """Writes Python for a checked tree; collects the names it meets."""

    names: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    locals: int = 0

    def truth(self, node: ast.expr) -> str:
        """Code for the truth value of an expression."""
        match node:
            case ast.BoolOp(op=op, values=values):
                return self._chain([self.truth(value) for value in values], isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"k.negation({self.truth(operand)})"
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self._comparison(left, ops, comparators)
        return f"k.truth({self.operand(node)})"

    def operand(self, node: ast.expr) -> str:
        """Code for the value of an expression."""
        match node:
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return self.truth(node)
            case ast.Constant(value=value):
                return _literal(value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"k.negative({self.operand(operand)})"
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return "(" + "".join(self.operand(element) + "," for element in elements) + ")"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
                return f"k.{_OPERATIONS[type(op)]}({self.operand(left)}, {self.operand(right)})"
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
                return self._call(function, arguments)
            case ast.Name() | ast.Attribute():
                return self._read(node)
        raise ExpressionError(f"`{ast.unparse(node)}` is not part of the condition language")

    def _read(self, node: ast.expr) -> str:
        name = self._name(node)
        if isinstance(node, ast.Name) and name in _LITERAL_NAMES:
            return repr(_LITERAL_NAMES[name])
        self.names.append(checked_name(name))
        return f"s.field({name!r})" if name.startswith("item.") else f"s.read({name!r})"

    def _name(self, node: ast.expr) -> str:
        name = dotted_name(node)
        if name is None:
            raise ExpressionError(f"`{ast.unparse(node)}` is not a name")
        return name

    def _chain(self, truths: list[str], conjunction: bool) -> str:
        """Operands from left to right, leaving off at the first that decides."""
        decides, join = ("False", "k.conjunction") if conjunction else ("True", "k.disjunction")
        slots: list[str] = []
        parts: list[str] = []
        for code in truths:
            self.locals += 1
            slot = f"t{self.locals}"
            slots.append(slot)
            parts.append(f"{decides} if ({slot} := {code}) is {decides} else ")
        return "(" + "".join(parts) + f"{join}({', '.join(slots)}))"

    def _comparison(self, left: ast.expr, ops: list[ast.cmpop], comparators: list[ast.expr]) -> str:
        codes: list[str] = []
        for op, right in zip(ops, comparators, strict=True):
            if type(op) not in _COMPARISONS:
                raise ExpressionError("`is` is not part of the condition language: use `==` or absent(x)")
            codes.append(f"k.{_COMPARISONS[type(op)]}({self.operand(left)}, {self.operand(right)})")
            left = right
        return codes[0] if len(codes) == 1 else self._chain(codes, True)

    def _call(self, function: str, arguments: list[ast.expr]) -> str:
        if function in VALUE_FUNCTIONS:
            name, count = VALUE_FUNCTIONS[function]
            if (count is not None and len(arguments) != count) or not arguments:
                raise ExpressionError(f"{function}() takes {count or 'one or more'} operand{'s' if count != 1 else ''}")
            return f"k.{name}({', '.join(self.operand(argument) for argument in arguments)})"
        if function in NAME_FUNCTIONS:
            if len(arguments) != 1:
                raise ExpressionError(f"{function}() takes one name")
            name = checked_name(self._name(arguments[0]))
            self.names.append(name)
            return f"s.{NAME_FUNCTIONS[function]}({name!r})"
        if function in TEXT_FUNCTIONS:
            return self._ask(function, arguments)
        raise ExpressionError(f"there is no function {function}(){_suggestion(function, FUNCTIONS)}")

    def _ask(self, function: str, arguments: list[ast.expr]) -> str:
        texts = [argument.value for argument in arguments if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
        if len(texts) != len(arguments) or not texts:
            raise ExpressionError(f'{function}() takes names in quotes: {function}("use_lora")')
        if function in ("any_item", "count_items"):
            self.lists.extend(texts)
        return f"s.{TEXT_FUNCTIONS[function]}({', '.join(map(repr, texts))})"


def _literal(value: object) -> str:
    match value:
        case None:
            raise ExpressionError("`None` is not a value here: use absent(x)")
        case bool() | str():
            return repr(value)
        case int() | float() if abs(value) <= MAX_INTEGER:
            return repr(value)
    raise ExpressionError(f"`{value!r}` is not a value of the condition language")
