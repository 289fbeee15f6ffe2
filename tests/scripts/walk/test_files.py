"""Files that a script looks for, opens and reads."""

import pytest

from lintune.scripts.entry import read_entry_script
from lintune.scripts.walk.trace import ScriptTrace, walk_script
from lintune.source.text import Source
from lintune.values.value import Known

_HEAD = """
import argparse, json, os
import pandas as pd
import torch
from datasets import load_dataset
parser = argparse.ArgumentParser()
parser.add_argument("--data", default="d.json")
args = parser.parse_args()
"""
_HERE = {"here.json": True, "here.json/": False, "folder": True, "folder/": True, "gone.json": False, "gone.json/": False}


def walked(body: str, data: str = "gone.json") -> ScriptTrace:
    script = read_entry_script(Source("train.py", _HEAD + body), lambda path: None)
    return walk_script(script, lambda name: Known(data), exists=_HERE.get)


@pytest.mark.parametrize(
    "body",
    [
        "json.load(open(args.data))",
        "with open(args.data) as file:\n    print(file)",
        "load_dataset('json', data_files=args.data)",
        "load_dataset('json', data_files={'train': [args.data]}, split='train')",
        "torch.load(args.data, map_location='cpu')",
        "pd.read_csv(args.data)",
    ],
)
def test_a_file_that_is_certainly_not_there_ends_the_script(body: str) -> None:
    (end,) = walked(body).ends
    assert (end.kind, end.exception, end.certain, end.names) == ("missing-file", "FileNotFoundError", True, frozenset(["data"]))
    assert not walked(body, "here.json").ends
    found = walked(body, "elsewhere.json")
    assert not found.ends
    assert [(each.path, each.certain, each.names) for each in found.opened] == [("elsewhere.json", True, frozenset(["data"]))]


@pytest.mark.parametrize(
    "body",
    [
        "open(args.data, 'w')",
        "open(args.data, 'w').close()\nopen(args.data)",
        "load_dataset(args.data)",
        "load_dataset('json', data_files=args.data + '*.json')",
        "os.chdir('elsewhere')\nopen(args.data)",
    ],
)
def test_what_is_written_or_no_path_is_not_missing(body: str) -> None:
    found = walked(body)
    assert not found.ends
    assert not found.opened


def test_what_may_be_caught_or_passed_by_is_not_certain() -> None:
    for body in ("try:\n    open(args.data)\nexcept OSError:\n    pass", "if print():\n    open(args.data)"):
        assert not any(each.certain for each in walked(body, "elsewhere.json").opened), body


@pytest.mark.parametrize(
    ("data", "said"), [("here.json", [True, True, False]), ("folder", [True, False, True]), ("gone.json", [False] * 3)]
)
def test_files_and_folders_are_told_apart(data: str, said: list[bool]) -> None:
    body = "\n".join(f"if os.path.{name}(args.data):\n    print()" for name in ("exists", "isfile", "isdir"))
    assert [branch.taken for branch in walked(body, data).branches] == said
    assert [branch.taken for branch in walked(body, "elsewhere").branches] == [None] * 3
