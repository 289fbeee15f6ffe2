"""Shell arithmetic: 64-bit integers, variables by name, assignments; three-valued where a variable is unknown."""

import re

from lintune.launch.shell_machine import Machine
from lintune.launch.shell_pieces import Pieces, known_text, reason_of
from lintune.launch.word import Piece
from lintune.source.text import Site

_TOKEN = re.compile(
    r"\s*(?:(\d+#[0-9A-Za-z]+|0[xX][0-9a-fA-F]+|\d+)|([A-Za-z_]\w*)|(<<=|>>=|\*\*|\+\+|--|[-+*/%&|^]=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>=!~&|^?:,()\[\]]))",
    re.ASCII,
)
_LEVELS = (("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))
_ASSIGNING = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")
_MAX_TOKENS = 2_000


class _Unknown(Exception):
    """The value cannot be told; the message says why."""


def arithmetic(machine: Machine, pieces: Pieces, site: Site) -> int | str:
    """The value of an expression, or why it is not known."""
    text = known_text(pieces)
    if text is None:
        return reason_of(pieces)
    plain = text.strip()
    if plain.isdigit() and plain.isascii() and not plain.startswith("0"):
        return _wrap(int(plain[:40]))
    try:
        return _Expression(machine, text, site, 0).value()
    except _Unknown as unknown:
        return str(unknown)


def _wrap(value: int) -> int:
    """To 64 bits, as bash counts."""
    value &= 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value


class _Expression:
    """One expression, read by precedence."""

    def __init__(self, machine: Machine, text: str, site: Site, depth: int) -> None:
        self.machine, self.site, self.depth = machine, site, depth
        self.tokens = _tokens(text)
        self.at = 0
        self.skipping = 0
        self.nesting = 0

    def value(self) -> int:
        """The value of the whole text; an empty one is 0."""
        if not self.tokens:
            return 0
        result = self._comma()
        if self.at < len(self.tokens):
            raise _Unknown("an arithmetic expression that bash refuses")
        return result

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, token: str) -> bool:
        if self._peek() == token:
            self.at += 1
            return True
        return False

    def _comma(self) -> int:
        result = self._assignment()
        while self._take(","):
            result = self._assignment()
        return result

    def _assignment(self) -> int:
        self.nesting += 1
        if self.nesting > 50:
            raise _Unknown("an arithmetic expression nested too deeply")
        try:
            name = self._peek()
            following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""
            if following in _ASSIGNING and (name[:1].isalpha() or name[:1] == "_"):
                self.at += 2
                value = self._assignment()
                if following != "=":
                    value = self._apply(following[:-1], self._variable(name), value)
                return self._store(name, value)
            return self._ternary()
        finally:
            self.nesting -= 1

    def _store(self, name: str, value: int) -> int:
        if not self.skipping:
            self.machine.assign(name, (Piece(str(value), self.site),), self.site)
        return value

    def _ternary(self) -> int:
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        self.skipping += not condition
        first = self._assignment()
        self.skipping -= not condition
        if not self._take(":"):
            raise _Unknown("an arithmetic expression that bash refuses")
        self.skipping += bool(condition)
        second = self._assignment()
        self.skipping -= bool(condition)
        return first if condition else second

    def _binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._power()
        left = self._binary(level + 1)
        while (operator := self._peek()) in _LEVELS[level]:
            self.at += 1
            short = (operator == "&&" and not left) or (operator == "||" and bool(left))
            self.skipping += short
            right = self._binary(level + 1)
            self.skipping -= short
            left = self._apply(operator, left, right)
        return left

    def _power(self) -> int:
        base = self._unary()
        if self._take("**"):
            exponent = self._power()
            if exponent < 0:
                raise _Unknown("a negative exponent")
            return _wrap(pow(base, exponent, 1 << 64))
        return base

    def _unary(self) -> int:
        self.nesting += 1
        if self.nesting > 50:
            raise _Unknown("an arithmetic expression nested too deeply")
        try:
            for sign in ("++", "--"):
                if self._peek() == sign and self.at + 1 < len(self.tokens) and self.tokens[self.at + 1][0].isalpha():
                    self.at += 2
                    name = self.tokens[self.at - 1]
                    return self._store(name, _wrap(self._variable(name) + (1 if sign == "++" else -1)))
            if self._take("-"):
                return _wrap(-self._unary())
            if self._take("+"):
                return self._unary()
            if self._take("!"):
                return int(not self._unary())
            if self._take("~"):
                return _wrap(~self._unary())
            return self._primary()
        finally:
            self.nesting -= 1

    def _primary(self) -> int:
        token = self._peek()
        self.at += 1
        if token == "(":
            value = self._comma()
            if not self._take(")"):
                raise _Unknown("an arithmetic expression that bash refuses")
            return value
        if token[:1].isdigit():
            return _number(token)
        if not (token[:1].isalpha() or token[:1] == "_"):
            raise _Unknown("an arithmetic expression that bash refuses")
        if self._take("["):
            index = self._comma()
            if not self._take("]"):
                raise _Unknown("an arithmetic expression that bash refuses")
            return self._element(token, index)
        value = self._variable(token)
        for sign in ("++", "--"):
            if self._take(sign):
                self._store(token, _wrap(value + (1 if sign == "++" else -1)))
        return value

    def _element(self, name: str, index: int) -> int:
        variable = self.machine.state.variables.get(name)
        if variable is None or variable.items is None:
            raise _Unknown(f"`{name}[{index}]` is not known")
        keys = list(variable.items)
        if index < 0:
            index += int(keys[-1]) + 1 if keys and keys[-1].isdigit() else 0
        word = variable.items.get(str(index))
        if word is None:
            if any(item.many for item in variable.items.values()):
                raise _Unknown(f"`{name}[{index}]` is not known")
            return 0
        return self._read(word.pieces, name)

    def _variable(self, name: str) -> int:
        pieces = self.machine.variable(name, self.site)
        if not self.machine.quiet and not self.skipping:
            self.machine.report_unset(name, self.site)
        return 0 if pieces is None else self._read(pieces, name)

    def _read(self, pieces: Pieces, name: str) -> int:
        text = known_text(pieces)
        if text is None:
            if self.skipping:
                return 1
            raise _Unknown(reason_of(pieces))
        text = text.strip()
        if text.isascii() and (text.isdigit() or (text[:1] == "-" and text[1:].isdigit())) and not text.lstrip("-").startswith("0"):
            return _wrap(int(text[:40]))
        if self.depth > 8:
            raise _Unknown(f"`{name}` refers to itself")
        return _Expression(self.machine, text, self.site, self.depth + 1).value()

    def _apply(self, operator: str, left: int, right: int) -> int:
        if operator in ("/", "%"):
            return self._divide(operator, left, right)
        match operator:
            case "+":
                value = left + right
            case "-":
                value = left - right
            case "*":
                value = left * right
            case "<<":
                value = left << (right & 63)
            case ">>":
                value = left >> (right & 63)
            case "&":
                value = left & right
            case "|":
                value = left | right
            case "^":
                value = left ^ right
            case "&&":
                value = int(bool(left) and bool(right))
            case "||":
                value = int(bool(left) or bool(right))
            case "==" | "!=":
                value = int((left == right) == (operator == "=="))
            case "<":
                value = int(left < right)
            case "<=":
                value = int(left <= right)
            case ">":
                value = int(left > right)
            case _:
                value = int(left >= right)
        return _wrap(value)

    def _divide(self, operator: str, left: int, right: int) -> int:
        if self.skipping:
            return 0
        if not right:
            self.machine.problem("division-by-zero", f"`{left} {operator} 0`: bash gives the command up", self.site, dividend=str(left))
            raise _Unknown("a division by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        rest = left - quotient * right
        if operator == "/" and rest:
            message = f"`{left} / {right}` is {left / right:.4g}, which bash cuts to {quotient}"
            self.machine.problem("inexact-division", message, self.site, dividend=str(left), divisor=str(right), quotient=str(quotient))
        return quotient if operator == "/" else rest


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if not token or len(found) > _MAX_TOKENS:
            raise _Unknown("an arithmetic expression that bash refuses")
        found.append(token.group(1) or token.group(2) or token.group(3))
        at = token.end()
    return found


def _number(token: str) -> int:
    try:
        if "#" in token:
            base, digits = token.split("#")
            return _wrap(int(digits, int(base)))
        if token[:2] in ("0x", "0X"):
            return _wrap(int(token, 16))
        return _wrap(int(token[:40], 8 if token.startswith("0") else 10))
    except ValueError:
        raise _Unknown(f"`{token}` is no number that bash reads") from None
