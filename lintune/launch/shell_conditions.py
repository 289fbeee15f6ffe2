"""`[ ... ]`, `test` and `[[ ... ]]`, three-valued."""

import re
from collections.abc import Callable

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_expand import expand_text
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_operations import pattern_runs
from lintune.launch.shell_paths import existence
from lintune.launch.shell_patterns import compile_pattern, matches
from lintune.launch.shell_pieces import Pieces, known_text, shown_text
from lintune.launch.word import Word
from lintune.source.text import Site
from lintune.syntax.shell.nodes import Literal, ShellWord, Test

_UNARY = frozenset(
    [
        "-a",
        "-b",
        "-c",
        "-d",
        "-e",
        "-f",
        "-g",
        "-h",
        "-k",
        "-p",
        "-r",
        "-s",
        "-t",
        "-u",
        "-w",
        "-x",
        "-G",
        "-L",
        "-N",
        "-O",
        "-S",
        "-z",
        "-n",
        "-v",
        "-o",
        "-R",
    ]
)
_ARITHMETIC = {"-eq": "==", "-ne": "!=", "-lt": "<", "-le": "<=", "-gt": ">", "-ge": ">="}
_BINARY = frozenset(("=", "==", "!=", "<", ">", "=~", "-nt", "-ot", "-ef", *_ARITHMETIC))

Truth = bool | None


def negated(value: Truth) -> Truth:
    """Not, three-valued."""
    return None if value is None else not value


def both(left: Truth, right: Truth) -> Truth:
    """And, three-valued."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: Truth, right: Truth) -> Truth:
    """Or, three-valued."""
    return negated(both(negated(left), negated(right)))


def test_builtin(machine: Machine, words: list[Word]) -> Truth:
    """`[ ... ]` or `test ...`, the brackets removed."""
    if any(word.many for word in words):
        return _with_many(machine, words)
    return _Operands(machine, [word.pieces for word in words], words).value()


def _with_many(machine: Machine, words: list[Word]) -> Truth:
    """Unquoted unknown operands: as if each were one word."""
    return _Operands(machine, [word.pieces for word in words], words).value()


class _Operands:
    """A test's operands, read by precedence: `-o`, `-a`, `!`, parentheses."""

    def __init__(self, machine: Machine, pieces: list[Pieces], words: list[Word]) -> None:
        self.machine, self.pieces, self.words = machine, pieces, words
        self.texts = [known_text(item) for item in pieces]
        self.at = 0

    def value(self) -> Truth:
        """The truth of all operands."""
        if not self.pieces:
            return False
        result = self._either()
        return result if self.at >= len(self.pieces) else None

    def _either(self) -> Truth:
        left = self._both()
        while self._is("-o"):
            self.at += 1
            left = either(left, self._both())
        return left

    def _both(self) -> Truth:
        left = self._primary()
        while self._is("-a"):
            self.at += 1
            left = both(left, self._primary())
        return left

    def _is(self, text: str, ahead: int = 0) -> bool:
        at = self.at + ahead
        return at < len(self.texts) and self.texts[at] == text

    def _primary(self) -> Truth:
        rest = len(self.pieces) - self.at
        if rest <= 0:
            return False
        operator = self.texts[self.at + 1] if rest >= 3 else None
        if operator in _BINARY:
            left, right = self.pieces[self.at], self.pieces[self.at + 2]
            self.at += 3
            return _compare(self.machine, operator or "", left, right, self.words[0].site, None)
        if self._is("!") and rest > 1:
            self.at += 1
            if self.at > 60:
                return None
            return negated(self._primary())
        if self._is("(") and rest > 2:
            self.at += 1
            if self.at > 60:
                return None
            inner = self._either()
            self.at += 1
            return inner
        text = self.texts[self.at]
        if text in _UNARY and rest >= 2:
            operand = self.pieces[self.at + 1]
            self.at += 2
            return _unary(self.machine, text or "", operand)
        value = self.pieces[self.at]
        self.at += 1
        return filled(self.machine, value)


def filled(machine: Machine, value: Pieces) -> Truth:
    """Whether a text is not empty."""
    if any(not piece.reason and piece.text for piece in value):
        return True
    return None if value else False


def _unary(machine: Machine, operator: str, value: Pieces) -> Truth:
    text = known_text(value)
    match operator:
        case "-z" | "-n":
            for piece in value:
                if name := machine.unset_reasons.get(piece.reason):
                    machine.nullable.add(name if operator == "-z" else "!" + name)
            truth = filled(machine, value)
            return truth if operator == "-n" else negated(truth)
        case "-v" | "-R":
            if text is None:
                return None
            if machine.is_open(text):
                if text not in machine.provided and not machine.state.opaque:
                    machine.nullable.add("!" + text)
                return None
            variable = machine.state.variables.get(text)
            return text in machine.environment or (variable is not None and variable.scalar() is not None)
        case "-o" | "-t":
            return None
    return None if text is None else existence(machine, operator, text)


def _compare(machine: Machine, operator: str, left: Pieces, right: Pieces, site: Site, pattern: Callable[[str], Truth] | None) -> Truth:
    if operator in _ARITHMETIC:
        first, second = arithmetic(machine, left, site), arithmetic(machine, right, site)
        if isinstance(first, str) or isinstance(second, str):
            return None
        match operator:
            case "-eq":
                return first == second
            case "-ne":
                return first != second
            case "-lt":
                return first < second
            case "-le":
                return first <= second
            case "-gt":
                return first > second
        return first >= second
    if operator in ("-nt", "-ot", "-ef"):
        return None
    a, b = known_text(left), known_text(right)
    if operator in ("=", "==", "!=") and pattern is None and (a is None or b is None):
        result = _partly(machine, left, right)
        return result if operator != "!=" else negated(result)
    if a is None or b is None:
        return None
    if operator in ("<", ">"):
        return (a < b) if operator == "<" else (a > b)
    equal = pattern(a) if pattern else a == b
    return negated(equal) if operator == "!=" else equal


def _partly(machine: Machine, left: Pieces, right: Pieces) -> Truth:
    """Equality of texts that are not both known: false where their known ends differ."""
    for value, other in ((left, right), (right, left)):
        if known_text(value) == "":
            return negated(filled(machine, other))
    for first, second in ((left, right), (left[::-1], right[::-1])):
        if not first or not second or first[0].reason or second[0].reason:
            continue
        backwards = first[0] is not left[0] if left else False
        a, b = first[0].text, second[0].text
        size = min(len(a), len(b))
        if (a[-size:] != b[-size:]) if backwards else (a[:size] != b[:size]):
            return False
    return None


def double_bracket(machine: Machine, test: Test) -> Truth:
    """The truth of `[[ ... ]]`."""
    return _Double(machine, test).value()


class _Double:
    """`[[ ... ]]`, read by precedence: `||`, `&&`, `!`, parentheses."""

    def __init__(self, machine: Machine, test: Test) -> None:
        self.machine, self.words, self.at, self.depth = machine, test.words, 0, 0
        self.site = machine.site(test.span)

    def value(self) -> Truth:
        """The truth of the whole."""
        result = self._either()
        return result if self.at >= len(self.words) else None

    def _mark(self, ahead: int = 0) -> str:
        at = self.at + ahead
        if at >= len(self.words):
            return ""
        parts = self.words[at].parts
        if len(parts) == 1 and isinstance(parts[0], Literal) and not parts[0].quoted:
            return parts[0].text
        return ""

    def _either(self) -> Truth:
        left = self._both()
        while self._mark() == "||":
            self.at += 1
            left = either(left, self._both())
        return left

    def _both(self) -> Truth:
        left = self._primary()
        while self._mark() == "&&":
            self.at += 1
            left = both(left, self._primary())
        return left

    def _primary(self) -> Truth:
        self.depth += 1
        if self.depth > 200 or self.at >= len(self.words):
            return None
        mark = self._mark()
        if self._mark(1) in _BINARY and self.at + 2 < len(self.words):
            return self._binary()
        if mark == "!":
            self.at += 1
            return negated(self._primary())
        if mark == "(":
            self.at += 1
            inner = self._either()
            self.at += 1
            return inner
        if mark in _UNARY and self.at + 1 < len(self.words):
            self.at += 2
            return _unary(self.machine, mark, expand_text(self.machine, self.words[self.at - 1]))
        self.at += 1
        return filled(self.machine, expand_text(self.machine, self.words[self.at - 1]))

    def _binary(self) -> Truth:
        left, operator, right = self.words[self.at], self._mark(1), self.words[self.at + 2]
        self.at += 3
        a, b = expand_text(self.machine, left), expand_text(self.machine, right)
        if operator == "=~":
            return _regular(known_text(a), known_text(b))
        pattern = _pattern(self.machine, right) if operator in ("=", "==", "!=") else None
        return _compare(self.machine, operator, a, b, self.site, pattern)


def _pattern(machine: Machine, word: ShellWord) -> Callable[[str], Truth] | None:
    runs = pattern_runs(machine, word)
    if runs is None or not any(not quoted and any(char in text for char in "*?[(") for text, quoted in runs):
        return None
    tokens = compile_pattern(runs)
    return (lambda text: None) if tokens is None else (lambda text: matches(tokens, text))


def _regular(text: str | None, pattern: str | None) -> Truth:
    """A regular expression match, only where it is sure to be cheap and to mean the same in Python."""
    if text is None or pattern is None or len(text) > 100 or len(pattern) > 100:
        return None
    if len(re.findall(r"[*+?{]", pattern)) > 3 or re.search(r"\)[*+{]|\\|\[\[[.=]", pattern):
        return None
    translated = (
        pattern.replace("[:space:]", r"\s").replace("[:digit:]", "0-9").replace("[:alpha:]", "a-zA-Z").replace("[:alnum:]", "a-zA-Z0-9")
    )
    if "[:" in translated:
        return None
    try:
        return re.search(translated, text, re.ASCII) is not None
    except (re.error, RecursionError, OverflowError):
        return None


def case_matches(machine: Machine, subject: Pieces, patterns: tuple[ShellWord, ...]) -> Truth:
    """Whether one of a clause's patterns matches."""
    text = known_text(subject)
    result: Truth = False
    for word in patterns:
        runs = pattern_runs(machine, word)
        tokens = compile_pattern(runs) if runs is not None else None
        if tokens is not None and len(tokens) == 1 and tokens[0].kind == "many":
            return True
        if text is None or tokens is None:
            shown = shown_text(subject)
            literal = word.literal()
            known_start = not subject[0].reason if subject else False
            if literal is not None and known_start and tokens and tokens[0].kind == "char" and shown[:1] != tokens[0].chars:
                continue
            result = either(result, None)
            continue
        result = either(result, matches(tokens, text))
        if result:
            return True
    return result
