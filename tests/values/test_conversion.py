"""What a word becomes, and what the parser refuses."""

import pytest

from lintune.values.conversion import Refusal, convert, guess, nearest
from lintune.values.option import Option, OptionType
from lintune.values.value import Data


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", " 1_000 ", 1000),
        ("float", "1e-5", 1e-5),
        ("float", "-inf", float("-inf")),
        ("bool", "Yes", True),
        ("optional-bool", "0", False),
        ("str", "None", "None"),
        ("dict", '{"a": [1, true]}', {"a": (1, True)}),
        ("dict", "conf.json", "conf.json"),
        ("unknown", "x", "x"),
    ],
)
def test_accepted(kind: OptionType, text: str, value: Data) -> None:
    assert convert(text, Option("x", kind)) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [("int", "1e3"), ("int", "4.0"), ("int", "None"), ("float", "1,5"), ("bool", "flase"), ("dict", "{a: 1}"), ("unparsable", "{}")],
)
def test_refused(kind: OptionType, text: str) -> None:
    refusal = convert(text, Option("x", kind))
    assert isinstance(refusal, Refusal) and refusal.kind == "type"


def test_choices_are_checked_after_conversion() -> None:
    assert convert("04", Option("x", "int", choices=("4", "8"))) == 4
    assert convert("5", Option("x", "int", choices=("4", "8"))) == Refusal("choice", "one of 4, 8", ("4", "8"))


def test_guesses_follow_the_look_of_words() -> None:
    assert [guess(texts) for texts in ([], ["True"], ["3"], ["2e-5"], ["a"], ["a", "1"])] == [True, True, 3, 2e-5, "a", ("a", 1)]


def test_the_nearest_shares_its_first_part() -> None:
    assert nearest("lora_rank", ["local_rank", "lora_r"]) == "lora_r"
    assert nearest("zzz", ["local_rank"]) is None
