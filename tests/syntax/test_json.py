"""JSON against `json.loads`, and what it reads on over."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.source.text import Source
from lintune.syntax.json import parse_json
from lintune.syntax.tree import Document, Mapping, Scalar, loaded, walk


def parse(text: str) -> Document:
    return parse_json(Source("x.json", text))


def kinds(text: str) -> list[str]:
    return [problem.kind for problem in parse(text).problems]


def same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_values_and_spans(value: Any, ascii_only: bool, indent: Any) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    document = parse(text)
    assert document.problems == ()
    assert same(loaded(document.root), json.loads(text))
    assert document.root is not None
    for _, node in walk(document.root):
        assert same(json.loads(node.site.text), loaded(node))
        assert not isinstance(node, Scalar) or node.raw == node.site.text


PIECES = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"a"',
    '"',
    "1",
    "-",
    "0",
    ".",
    "e",
    "E+",
    "null",
    "true",
    "NaN",
    "-Infinity",
    " ",
    "\n",
    "\\",
    "\\u12",
    "\\ud83d",
    "\\ude00",
    "x",
    "\t",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_accepts_and_refuses_as_json_does(text: str) -> None:
    document = parse(text)
    serious = [problem for problem in document.problems if problem.kind != "duplicate-key"]
    try:
        wanted = json.loads(text)
    except json.JSONDecodeError as error:
        assert serious, text
        if serious[0].kind == "json-syntax":
            assert serious[0].site.span.start == error.pos
    else:
        assert not serious, text
        assert same(loaded(document.root), wanted)


@pytest.mark.parametrize(
    "text", ["01", "1.", ".5", "+1", "1e", "-", "nan", "'a'", '"\n"', '"\\x"', '"\\u12g4"', "[1 2]", "{1: 2}", "{,}", "[,]", "", "1" * 5000]
)
def test_refused(text: str) -> None:
    assert kinds(text) == ["json-syntax"]
    with pytest.raises(ValueError):
        json.loads(text)


def test_reads_on_over_slips() -> None:
    text = '// head\n{"a": [1, 2,], /* x */ "b": 1 "c": 2, # y\n}'
    document = parse(text)
    assert loaded(document.root) == {"a": [1, 2], "b": 1, "c": 2}
    found = [(problem.kind, problem.site.line) for problem in document.problems]
    assert found == [
        ("json-comment", 1),
        ("json-trailing-comma", 2),
        ("json-comment", 2),
        ("json-syntax", 2),
        ("json-comment", 2),
        ("json-trailing-comma", 2),
    ]


def test_keeps_what_came_before_an_error() -> None:
    document = parse('{"a": {"b": 1, "c": True}}')
    assert loaded(document.root) == {"a": {"b": 1}}
    (problem,) = document.problems
    assert problem.site.text == "True" and "Python" in problem.message


def test_duplicate_keys_are_kept() -> None:
    document = parse('{"a": 1,\n "b": 2,\n "a": 3}')
    assert isinstance(document.root, Mapping)
    assert [entry.key.value for entry in document.root.entries] == ["a", "b", "a"]
    assert loaded(document.root.get("a")) == 3
    (problem,) = document.problems
    assert (problem.kind, problem.site.line, dict(problem.data)) == ("duplicate-key", 1, {"key": "a", "kept_line": "3", "same": "false"})


def test_byte_order_mark() -> None:
    found = parse_json(Source("x", "{}", "utf-8-sig"))
    assert [problem.kind for problem in found.problems] == ["json-bom"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 300 + "]" * 300])
def test_deep_nesting_does_not_crash(text: str) -> None:
    document = parse(text)
    assert bool(document.problems) == (len(text) > 1000)


def test_special_numbers() -> None:
    root = parse("[NaN, -Infinity, 1e400, -0, 123456789012345678901234567890, 1E2]").root
    values = loaded(root)
    assert math.isnan(values[0]) and values[1:] == [-math.inf, math.inf, 0, 123456789012345678901234567890, 100.0]
    assert isinstance(values[5], float) and isinstance(values[3], int)
