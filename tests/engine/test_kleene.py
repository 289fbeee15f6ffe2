"""The truth tables of three-valued logic, and what absent and ill-typed operands do."""

from itertools import product

import pytest

from lintune.engine import kleene as k

UNKNOWN = k.Undecided("a.b")


def read(operand: object) -> object:
    return "?" if isinstance(operand, k.Undecided) else operand


@pytest.mark.parametrize(
    ("left", "right", "conjunction", "disjunction"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (True, UNKNOWN, "?", True),
        (False, UNKNOWN, False, "?"),
        (UNKNOWN, UNKNOWN, "?", "?"),
    ],
)
def test_kleene_tables(left: k.Truth, right: k.Truth, conjunction: object, disjunction: object) -> None:
    if left is not False:
        assert read(k.conjunction(left, right)) == conjunction
    if left is not True:
        assert read(k.disjunction(left, right)) == disjunction


def test_negation_keeps_what_it_waits_for() -> None:
    assert k.negation(True) is False
    negated = k.negation(UNKNOWN)
    assert isinstance(negated, k.Undecided) and negated.names == ("a.b",)


def test_absent_is_unequal_unordered_and_false() -> None:
    assert k.equal(k.ABSENT, k.ABSENT) is False
    assert k.unequal(k.ABSENT, 1) is True
    assert [compare(k.ABSENT, 1) for compare in (k.less, k.less_or_equal, k.greater, k.greater_or_equal)] == [False] * 4
    assert k.truth(k.ABSENT) is False
    assert k.member(k.ABSENT, (1,)) is False
    assert k.not_member(k.ABSENT, (1,)) is True
    assert k.add(k.ABSENT, 1) is k.ABSENT


@pytest.mark.parametrize(("left", "right"), [("8", 4), (True, 2), ((1,), 2), ("a", "b")])
def test_an_ordering_of_types_that_do_not_fit_is_undecided(left: object, right: object) -> None:
    assert read(k.less(left, right)) == "?"


def test_arithmetic_never_raises() -> None:
    operands = [0, 1, -3, 2.5, 10**18, "8", True, k.ABSENT, UNKNOWN, (), 1e308]
    for operate in (k.add, k.subtract, k.multiply, k.divide, k.floor_divide, k.modulo):
        for left, right in product(operands, operands):
            operate(left, right)
    assert read(k.divide(1, 0)) == "?"
    assert k.modulo(7, 4) == 3


def test_membership_waits_only_where_no_element_is_equal() -> None:
    assert k.member(1, (UNKNOWN, 1)) is True
    assert read(k.member(2, (UNKNOWN, 1))) == "?"
    assert k.member("a", {"a": 1}) is True
    assert read(k.member("a", "abc")) == "?"


def test_text_functions() -> None:
    assert k.starts_with("qwen2_vl", ("llama", "qwen")) is True
    assert k.contains("a,b", "b") is True
    assert k.contains(("a", "b"), "b") is True
    assert k.starts_with(8, "8") is False
    assert k.near("run_nam", "run_name") is True
    assert k.near("abc", "xyzabc") is False
    assert k.whole("8") == 8
    assert read(k.whole("auto")) == "?"
    assert k.largest(1, k.ABSENT, 3) == 3
