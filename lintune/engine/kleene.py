"""Three-valued arithmetic of rule conditions: what compiled conditions call.

An operand is plain data, `ABSENT`, or an `Undecided` that remembers which names it waits for. Absent compares unequal to
everything, is never ordered, and is false; an ordering or an operation of two types that do not fit is undecided.
"""

from collections.abc import Callable
from typing import Final, TypeAlias


class Undecided:
    """The third truth value, and the unknown operand; `names` are the dotted names that would have to be known."""

    __slots__ = ("names",)

    def __init__(self, *names: str) -> None:
        self.names = names

    def __repr__(self) -> str:
        return f"Undecided{self.names}"


class AbsentOperand:
    """The operand of a name that has no value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = AbsentOperand()
Operand: TypeAlias = object
Truth: TypeAlias = bool | Undecided
NUMBERS = (int, float)
_MAX_TEXT = 10_000


def waiting(*operands: Operand) -> Undecided | None:
    """The operands' common wait, if any of them is undecided."""
    names = [name for operand in operands if type(operand) is Undecided for name in operand.names]
    if names or any(type(operand) is Undecided for operand in operands):
        return Undecided(*dict.fromkeys(names))
    return None


def truth(operand: Operand) -> Truth:
    """Whether an operand counts as true: absent, zero and empty ones do not."""
    if type(operand) is Undecided:
        return operand
    return operand is not ABSENT and bool(operand)


def negation(operand: Operand) -> Truth:
    """Kleene's not."""
    value = truth(operand)
    return value if type(value) is Undecided else not value


def conjunction(*truths: Truth) -> Truth:
    """Kleene's and, of operands that are not certainly false up to the last."""
    return False if truths[-1] is False else waiting(*truths) or True


def disjunction(*truths: Truth) -> Truth:
    """Kleene's or, of operands that are not certainly true up to the last."""
    return True if truths[-1] is True else waiting(*truths) or False


def equal(left: Operand, right: Operand) -> Truth:
    """Equality; absent equals nothing."""
    if type(left) is Undecided or type(right) is Undecided:
        return waiting(left, right) or Undecided()
    return left is not ABSENT and right is not ABSENT and bool(left == right)


def unequal(left: Operand, right: Operand) -> Truth:
    """The negation of `equal`."""
    return negation(equal(left, right))


def _ordering(compare: Callable[[float, float], bool]) -> Callable[[Operand, Operand], Truth]:
    def ordered(left: Operand, right: Operand) -> Truth:
        if type(left) is Undecided or type(right) is Undecided:
            return waiting(left, right) or Undecided()
        if left is ABSENT or right is ABSENT:
            return False
        if is_number(left) and is_number(right):
            return compare(left, right)  # type: ignore[arg-type]
        return Undecided()

    return ordered


less = _ordering(lambda left, right: left < right)
less_or_equal = _ordering(lambda left, right: left <= right)
greater = _ordering(lambda left, right: left > right)
greater_or_equal = _ordering(lambda left, right: left >= right)


def is_number(operand: Operand) -> bool:
    """Whether an operand is a number; true and false are none."""
    return isinstance(operand, NUMBERS) and not isinstance(operand, bool)


def _operation(operate: Callable[[float, float], float]) -> Callable[[Operand, Operand], Operand]:
    def operated(left: Operand, right: Operand) -> Operand:
        if type(left) is Undecided or type(right) is Undecided:
            return waiting(left, right)
        if left is ABSENT or right is ABSENT:
            return ABSENT
        if not (is_number(left) and is_number(right)):
            return Undecided()
        try:
            return operate(left, right)  # type: ignore[arg-type]
        except (ZeroDivisionError, OverflowError):
            return Undecided()

    return operated


add = _operation(lambda left, right: left + right)
subtract = _operation(lambda left, right: left - right)
multiply = _operation(lambda left, right: left * right)
divide = _operation(lambda left, right: left / right)
floor_divide = _operation(lambda left, right: left // right)
modulo = _operation(lambda left, right: left % right)


def negative(operand: Operand) -> Operand:
    """The number with the other sign."""
    return subtract(0, operand)


def member(left: Operand, right: Operand) -> Truth:
    """Whether `left` is one of a list's elements (or a mapping's keys); undecided for anything else on the right."""
    if type(left) is Undecided or type(right) is Undecided:
        return waiting(left, right) or Undecided()
    if left is ABSENT or right is ABSENT:
        return False
    if isinstance(right, dict):
        return left in tuple(right)
    if not isinstance(right, (tuple, list)):
        return Undecided()
    undecided: list[Operand] = []
    for element in right:
        same = equal(left, element)
        if same is True:
            return True
        if same is not False:
            undecided.append(same)
    return waiting(*undecided) or False


def not_member(left: Operand, right: Operand) -> Truth:
    """The negation of `member`."""
    return negation(member(left, right))


# The functions that a condition may call on values. Each is pure and bounded in work.


def is_known(operand: Operand) -> Truth:
    """known(x): whether x has a value that is certain; an absent one has none."""
    return type(operand) is not Undecided and operand is not ABSENT


def is_absent(operand: Operand) -> Truth:
    """absent(x): whether x certainly has no value."""
    return operand if type(operand) is Undecided else operand is ABSENT


def length(operand: Operand) -> Operand:
    """len(x) of a text, a list or a mapping."""
    if type(operand) is Undecided or operand is ABSENT:
        return operand
    return len(operand) if isinstance(operand, (str, tuple, list, dict)) else Undecided()


def lower(operand: Operand) -> Operand:
    """lower(x) of a text; anything else is itself."""
    return operand.lower() if isinstance(operand, str) else operand


def _text_test(test: Callable[[str, str], bool]) -> Callable[[Operand, Operand], Truth]:
    def tested(operand: Operand, part: Operand) -> Truth:
        if type(operand) is Undecided or type(part) is Undecided:
            return waiting(operand, part) or Undecided()
        parts = part if isinstance(part, (tuple, list)) else (part,)
        if operand is ABSENT or not isinstance(operand, str):
            return False
        return any(isinstance(each, str) and test(operand, each) for each in parts)

    return tested


starts_with = _text_test(str.startswith)
ends_with = _text_test(str.endswith)
_has_part = _text_test(lambda text, part: part in text)


def contains(operand: Operand, part: Operand) -> Truth:
    """contains(x, y): a text holds a text (or one of a list of them), a list holds an element."""
    if isinstance(operand, (tuple, list, dict)):
        return member(part, operand)
    return _has_part(operand, part)


def _extreme(choose: Callable[[list[float]], float]) -> Callable[..., Operand]:
    def chosen(*operands: Operand) -> Operand:
        undecided = waiting(*operands)
        if undecided is not None:
            return undecided
        present = [operand for operand in operands if operand is not ABSENT]
        if not present:
            return ABSENT
        return choose(present) if all(map(is_number, present)) else Undecided()  # type: ignore[arg-type]

    return chosen


smallest = _extreme(min)
largest = _extreme(max)


def absolute(operand: Operand) -> Operand:
    """abs(x) of a number."""
    if type(operand) is Undecided or operand is ABSENT:
        return operand
    return abs(operand) if is_number(operand) else Undecided()  # type: ignore[arg-type]


def whole(operand: Operand) -> Operand:
    """int(x): the whole number that a number or a text stands for; undecided where it stands for none."""
    if type(operand) is Undecided or operand is ABSENT:
        return operand
    try:
        return int(operand) if isinstance(operand, NUMBERS) or (isinstance(operand, str) and len(operand) < 20) else Undecided()
    except (ValueError, OverflowError):
        return Undecided()


def is_numeric(operand: Operand) -> Truth:
    """is_number(x): whether a value is a number (true and false are none)."""
    return operand if type(operand) is Undecided else is_number(operand)


def is_text(operand: Operand) -> Truth:
    """is_text(x): whether a value is a text."""
    return operand if type(operand) is Undecided else isinstance(operand, str)


def is_list(operand: Operand) -> Truth:
    """is_list(x): whether a value is a list."""
    return operand if type(operand) is Undecided else isinstance(operand, (tuple, list))


def is_bool(operand: Operand) -> Truth:
    """is_bool(x): whether a value is true or false."""
    return operand if type(operand) is Undecided else isinstance(operand, bool)


def near(left: Operand, right: Operand) -> Truth:
    """near(x, y): whether two texts differ by at most two edits and are not the same."""
    if type(left) is Undecided or type(right) is Undecided:
        return waiting(left, right) or Undecided()
    if not (isinstance(left, str) and isinstance(right, str)) or left == right or max(len(left), len(right)) > _MAX_TEXT // 100:
        return False
    return abs(len(left) - len(right)) <= 2 and edit_distance(left, right) <= 2


def edit_distance(left: str, right: str) -> int:
    """The least number of insertions, deletions and replacements between two texts (Levenshtein)."""
    row = list(range(len(right) + 1))
    for count, letter in enumerate(left, 1):
        diagonal, row[0] = row[0], count
        for at, other in enumerate(right, 1):
            diagonal, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, diagonal + (letter != other))
    return row[-1]
