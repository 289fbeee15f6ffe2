"""Classes of a parser that are picked by a call or a table."""

import pytest

from lintune.scripts.entry import EntryScript, read_entry_script
from lintune.source.text import Source

_ARGS = """
from dataclasses import dataclass
@dataclass
class Tuner:
    rank: int = 8
@dataclass
class Aligner:
    beta: float = 0.1
TABLE = {"tuner": Tuner, "aligner": Aligner}
class Auto:
    def pick(name):
        return TABLE[name]
    @staticmethod
    def get(name: str):
        '''By name.'''
        return TABLE.get(name)
def pick(name):
    return TABLE[name]
def plain():
    return Tuner
def last(name):
    return list(TABLE.values())[-1]
"""


def read(picked: str) -> EntryScript:
    text = f"""
import sys
from transformers import HfArgumentParser, TrainingArguments
from args import Aligner, Auto, TABLE, Tuner, last, pick, plain
def main():
    name = "tuner"
    Picked = {picked}
    classes = (Picked, TrainingArguments)
    parser = HfArgumentParser(classes)
    own, training = parser.parse_args_into_dataclasses()
main()
"""
    sources = {"args.py": Source("args.py", _ARGS)}
    return read_entry_script(Source("train.py", text), sources.get)


@pytest.mark.parametrize(
    ("picked", "name"),
    [
        ("Auto.pick(name)", "Tuner"),
        ("Auto.get(name='aligner')", "Aligner"),
        ("pick('aligner')", "Aligner"),
        ("TABLE[name]", "Tuner"),
        ("plain()", "Tuner"),
        ("Tuner", "Tuner"),
    ],
)
def test_a_picked_class_gives_its_options(picked: str, name: str) -> None:
    entry = read(picked)
    assert entry.complete
    assert [found.name for found in entry.dataclasses] == [name, "TrainingArguments"]


@pytest.mark.parametrize("picked", ["pick(sys.argv[1])", "TABLE['nothing']", "last('tuner')", "type('Made', (), {})"])
def test_what_is_not_picked_for_certain_leaves_the_options_open(picked: str) -> None:
    assert not read(picked).complete
