"""What a script's own `type=` function makes of words, and what other actions make of flags."""

import pytest

from lintune.frameworks.command_line import parse_command_line
from lintune.frameworks.option_table import option_table
from lintune.launch.word import Piece, Word
from lintune.scripts.entry import read_entry_script
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Known, Unknown, Value

_TWO_SETS = '''
def str2bool(v):
    """Text as a truth value."""
    if isinstance(v, bool):
        return v
    if v.lower() in ("yes", "true", "t", "y", "1"):
        return True
    elif v.lower() in ("no", "false", "f", "n", "0"):
        return False
    raise argparse.ArgumentTypeError("Boolean value expected.")
'''


def value_of(words: str, argument: str, before: str = "") -> Value:
    """The value of `--x` for an `add_argument("--x", ...)`."""
    parser = f"parser = argparse.ArgumentParser()\nparser.add_argument('--x', {argument})\nargs = parser.parse_args()\n"
    text = f"import argparse\n{before}\n{parser}"
    entry = read_entry_script(Source("train.py", text), lambda path: None)
    site = Site(Source("run.sh", "python"), Span(0, 6))
    return parse_command_line([Word(site, (Piece(word, site),)) for word in words.split()], option_table(entry, {})).values["x"]


@pytest.mark.parametrize(
    ("word", "before", "function", "value"),
    [
        ("False", _TWO_SETS, "str2bool", False),
        ("yes", _TWO_SETS, "str2bool", True),
        ("false", "def flag(s):\n    return s.lower() == 'true'", "flag", False),
        ("True", "def flag(s):\n    s = s.strip().lower()\n    return s in {'true', '1'}", "flag", True),
        ("0", "from distutils.util import strtobool", "lambda x: bool(strtobool(x))", False),
        ("true", "from distutils.util import strtobool", "strtobool", 1),
        ("False", "", "bool", True),
        ("none", "def maybe(s):\n    return None if s.lower() == 'none' else s", "maybe", None),
        ("false", "def by_table(s):\n    return {'true': True, 'false': False}[s.lower()]", "by_table", False),
    ],
)
def test_truth_values_are_those_of_the_function(word: str, before: str, function: str, value: object) -> None:
    found = value_of(f"--x {word}", f"type={function}", before)
    if value is None:
        assert isinstance(found, Absent)
    else:
        assert isinstance(found, Known)
        assert (found.value, type(found.value)) == (value, type(value))


@pytest.mark.parametrize(
    ("words", "argument", "before"),
    [
        ("--x maybe", "type=str2bool", _TWO_SETS),
        ("--x 3", "type=lambda v: int(v) * 2", ""),
        ("--x a", "type=json.loads", "import json"),
        ("--x a", "action=Keep", "class Keep(argparse.Action):\n    pass"),
        ("--x", "action='count'", ""),
        ("--x 1 --x 2", "action='append', default=['0']", ""),
    ],
)
def test_what_is_not_computed_is_unknown(words: str, argument: str, before: str) -> None:
    assert isinstance(value_of(words, argument, before), Unknown)


def test_uses_that_add_up_are_a_list() -> None:
    found = value_of("--x 1 --x 2", "action='append'")
    assert isinstance(found, Known)
    assert found.value == ("1", "2")


def test_a_constant_is_what_the_bare_flag_sets() -> None:
    found = value_of("--x", "action='store_const', const=7")
    assert isinstance(found, Known)
    assert found.value == 7


def test_a_default_that_is_text_is_converted() -> None:
    found = value_of("", "type=str2bool, default='False'", _TWO_SETS)
    assert isinstance(found, Known)
    assert found.value is False
