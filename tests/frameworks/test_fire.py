"""Scripts that python-fire starts: the values were compared with fire 0.7 on the same words."""

import pytest

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.option_table import option_table
from lintune.launch.word import Piece, Word
from lintune.scripts.entry import EntryScript, read_entry_script
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Known, Unknown

_TRAIN = """
import fire
def train(base_model: str = "", layers: int = 2, mods: list = ["a"], flag: bool = True, other=False, need=None):
    print(base_model)
if __name__ == "__main__":
    fire.Fire(train)
"""


def script(text: str = _TRAIN) -> EntryScript:
    return read_entry_script(Source("train.py", text), lambda path: None)


def parsed(words: str, text: str = _TRAIN) -> Parsed:
    site = Site(Source("run.sh", "python"), Span(0, 6))
    return parse_command_line([Word(site, (Piece(word, site),)) for word in words.split()], option_table(script(text), {}))


def plain(found: Parsed) -> list[object]:
    return [value.value if isinstance(value, Known) else None if isinstance(value, Absent) else "?" for value in found.values.values()]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("--base_model m --layers 3", {"base_model": "m", "layers": 3}),
        ("--base-model x -l 4", {"base_model": "x", "layers": 4}),
        ("-b m", {"base_model": "m"}),
        ("--base_model 5 --layers 3.5 --mods x", {"base_model": 5, "layers": 3.5, "mods": "x"}),
        ("--mods [q_proj,v_proj] --flag False", {"mods": ("q_proj", "v_proj"), "flag": False}),
        ("--mods q,v --need 3e-4", {"mods": ("q", "v"), "need": 3e-4}),
        ("--noflag --other", {"flag": False, "other": True}),
        ("--layers --flag", {"layers": True, "flag": True}),
        ("--other stray", {"other": "stray"}),
        ("--layers -3 --need None", {"layers": -3, "need": None}),
        ("--base_model 007 --need 1_000 --mods {a:1}", {"base_model": "007", "need": 1000, "mods": {"a": 1}}),
        ("--mods 1+2 --need 0x10", {"mods": "1+2", "need": 16}),
        ("--mods a.b --need .5", {"mods": "a.b", "need": 0.5}),
        ("--need=a=b", {"need": "a=b"}),
    ],
)
def test_words_are_read_as_literals_or_text(words: str, values: dict[str, object]) -> None:
    defaults = {"base_model": "", "layers": 2, "mods": ("a",), "flag": True, "other": False, "need": None}
    found = parsed(words)
    told = dict(zip(found.values, plain(found), strict=True))
    assert told == {**defaults, **values}
    assert {name: type(value) for name, value in told.items()} == {name: type(value) for name, value in {**defaults, **values}.items()}
    assert found.items == {}


@pytest.mark.parametrize("words", ["--unknown 4", "--base 5", "-x"])
def test_what_no_parameter_takes_is_left_over(words: str) -> None:
    assert list(parsed(words).items) == ["raw.unconsumed"]


def test_a_word_without_a_flag_fills_a_parameter() -> None:
    found = parsed("m 7 --flag False")
    assert found.items == {}
    assert isinstance(found.values["base_model"], Unknown)
    assert isinstance(found.values["flag"], Known)


def test_a_word_that_means_no_stays_text() -> None:
    (item,) = parsed("--flag false").items["raw.truthy_text"]
    assert item.fields["name"] == Known("flag")
    assert parsed("--need false").items == {}


def test_a_parameter_without_default_is_required() -> None:
    found = parsed("--layers 3", "import fire\ndef train(base_model, layers=2): ...\nfire.Fire(train)\n")
    assert [item.fields["name"] for item in found.items["raw.required"]] == [Known("base_model")]


@pytest.mark.parametrize(
    "text",
    [
        "import fire\ndef train(a=1, **more): ...\nfire.Fire(train)",
        "import fire\ndef train(a=1): ...\nfire.Fire({'train': train})",
        "import fire\nclass Train: ...\nfire.Fire(Train)",
        "import fire\nfrom own import wrap\n@wrap\ndef train(a=1): ...\nfire.Fire(train)",
        "import fire\ndef train(a=1): ...\nfire.Fire()",
    ],
)
def test_other_uses_of_fire_leave_the_options_open(text: str) -> None:
    assert not script(text).complete
    assert parsed("--b 1", text).items == {}
