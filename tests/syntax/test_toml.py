"""TOML against the standard library's reader, with spans, and what is read behind errors."""

import datetime
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.source.text import Source
from lintune.syntax.toml import MAX_ERRORS, parse_toml
from lintune.syntax.toml_values import MAX_DEPTH
from lintune.syntax.tree import Document, Mapping, Node, Scalar, loaded, walk

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def reference(text: str) -> Any:
    """What the standard library reads; None where it refuses."""
    try:
        return tomllib.loads(text)
    except ValueError:
        return None


NEWER_FORMAT = reference(r'a = "\e"') is not None
"""Whether the reference reads TOML 1.1, which allows more than 1.0."""


def parse(text: str) -> Document:
    return parse_toml(Source("x.toml", text))


def lines(text: str) -> list[tuple[str, int]]:
    return [(problem.kind, problem.site.line) for problem in parse(text).problems]


def same(read: Any, wanted: Any) -> bool:
    match wanted:
        case dict():
            return isinstance(read, dict) and list(read) == list(wanted) and all(same(read[key], wanted[key]) for key in wanted)
        case list():
            return isinstance(read, list) and len(read) == len(wanted) and all(map(same, read, wanted))
        case datetime.date() | datetime.time():
            return isinstance(read, str) and tomllib.loads(f"x = {read}")["x"] == wanted
    return type(read) is type(wanted) and repr(read) == repr(wanted)


def check_spans(root: Node | None) -> None:
    """Every key and value slices back to what means the same alone."""
    assert isinstance(root, Mapping)
    for _, node in walk(root):
        if isinstance(node, Scalar):
            assert node.raw == node.site.text
            assert same(node.value, tomllib.loads(f"x = {node.raw}")["x"])
        elif isinstance(node, Mapping):
            for entry in node.entries:
                assert tomllib.loads(f"{entry.key.raw} = 1") == {entry.key.value: 1}
                assert entry.key.raw == entry.key.site.text


PLAIN = "1 +0 -17 1_000 0xFF 0b1_0 0o17 1.5 -1e-5 6.02E+2 inf -nan true false 1979-05-27 1979-05-27T07:32:00Z 07:32:00.5"
TEXTS = ['""', "''", '"a # b"', "'C:\\x'", '"\\u00e4\\t\\""', '"""\n a "" \\\n   b"""', "'''\nx\n''y'''", '"""\\""""', '"""a"""""', "'😀'"]
SCALARS = st.sampled_from([*PLAIN.split(), "1979-05-27 00:32:00.999-07:00", *TEXTS, '"""\r\nz\r\n"""'])
KEYS = st.sampled_from(["a", "b", "c", "1", '"d.e"', "'f'", "a-b", '""', '"\\u0061"', "true"])
DOTTED = st.lists(KEYS, min_size=1, max_size=3).map(" . ".join)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.tuples(st.lists(inner, max_size=3), st.sampled_from(["[{}]", "[ # x\n {} ,\n]"])).map(
            lambda made: made[1].format(", ".join(made[0])) if made[0] else "[]"
        )
        | st.lists(st.tuples(DOTTED, inner).map(" = ".join), max_size=3).map(lambda pairs: "{ " + ", ".join(pairs) + " }")
    ),
    max_leaves=6,
)
STATEMENTS = (
    st.tuples(DOTTED, VALUES).map(" = ".join)
    | DOTTED.map(lambda key: f"[{key}]")
    | DOTTED.map(lambda key: f"[[ {key} ]]")
    | st.sampled_from(["", "# comment = 1", "\t"])
)


@given(st.lists(st.tuples(STATEMENTS, st.sampled_from(["\n", " # c\n", "\r\n"])).map("".join), max_size=8).map("".join))
def test_whole_documents(text: str) -> None:
    document, wanted = parse(text), reference(text)
    if wanted is None:
        assert [problem.kind for problem in document.problems[:1]] == ["toml-syntax"]
    elif not NEWER_FORMAT or not document.problems:
        assert document.problems == ()
        assert same(loaded(document.root), wanted)
        check_spans(document.root)


MARKS = "a . = [ ] [[ { } , \" ' \"\"\" ''' \\ \\n \\u12 # 1 0 - + _ e x inf true 2000-02-30 1-1 : 12:30:00 ä"
PIECES = [*MARKS.split(), "\n", "\r\n", "\r", " ", "\x00", "\t", "\x7f"]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_accepts_and_refuses_as_the_reference_does(text: str) -> None:
    document, wanted = parse(text), reference(text)
    if wanted is None:
        assert document.problems
    elif not NEWER_FORMAT or not document.problems:
        assert document.problems == ()
        assert same(loaded(document.root), wanted)


REFUSED = """
a = 1\\na = 2|[a]\\n[a]|[a]\\nb.c = 1\\n[a.b]|a = {b = 1}\\na.c = 2|a = {b = 1}\\n[a.c]|[[a]]\\n[a]|a = []\\n[[a]]|[a]\\n[[a]]|a = 1\\n[a.b]
[a.b]\\n[a]\\nb.c = 1|a.b = 1\\na = 2|a = {b = 1, b = 2}|a = {b = {}, b.c = 1}|[a|[[a]|[]|a|= 1|a = |a = x|a = 01|a = 1_|a = 1.|a = .5
a = 2021-02-29|a = 25:00:00|a = "\\\\x"|a = "\\\\x41"|a = '\\t\\n|a = "|a = 1 b = 2|a = {b = 1,}|a = {\\n}|'''a''' = 1|a = '''x
a = "\\\\ud800"|a = 0000-01-01|a = "\\\\e"|a = 1\\rb = 2|a = [1 2]
"""


@pytest.mark.parametrize("line", [text for line in REFUSED.strip().split("\n") for text in line.split("|")])
def test_refused(line: str) -> None:
    text = line.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace("\0", "\\")
    assert [kind for kind, _ in lines(text)] == ["toml-syntax"]
    assert reference(text) is None or NEWER_FORMAT


def test_a_number_with_too_many_digits() -> None:
    assert lines("a = " + "1" * 5000) == [("toml-syntax", 1)]


def test_reads_on_behind_errors() -> None:
    text = "a = 1\nb = yes\n[t]\nc = [1,\n  2\nd = 3\n[u\nx = 1\n[v]\ne = ['p' 'q']\nf = '''open\ng = 1\n"
    document = parse(text)
    assert loaded(document.root) == {"a": 1, "t": {"d": 3}, "v": {"e": ["p", "q"]}}
    assert [problem.site.line for problem in document.problems] == [2, 6, 7, 10, 11]
    assert '"yes"' in document.problems[0].message


def test_a_key_given_twice_is_kept_twice() -> None:
    document = parse("[x]\na = 1\n\na = 2\nb = 3\n")
    assert isinstance(document.root, Mapping)
    table = document.root.get("x")
    assert isinstance(table, Mapping)
    assert [(entry.key.value, loaded(entry.value)) for entry in table.entries] == [("a", 1), ("a", 2), ("b", 3)]
    assert lines("[x]\na = 1\n\na = 2\nb = 3\n") == [("toml-syntax", 4)]


def test_sites_of_tables() -> None:
    document = parse("top = 1\n[a.b]  # why\nx = 1\ny.z = 2\n\n[[l]]\nk = 1\n[[l]]\nk = [\n 1 ]\n")
    assert isinstance(document.root, Mapping)
    found = {path: node.site.text for path, node in walk(document.root) if not isinstance(node, Scalar)}
    assert found[("a", "b")] == "[a.b]  # why\nx = 1\ny.z = 2"
    assert found[("a", "b", "y")] == "y.z = 2"
    assert found[("l", "1")] == "[[l]]\nk = [\n 1 ]"
    assert found[("l",)].startswith("[[l]]\nk = 1\n[[l]]")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "a" + ".a" * 100_000 + " = 1", "a = " + "{a=" * 50_000, "[" + "a." * 100_000 + "a]"]
)
def test_deep_nesting_does_not_crash(text: str) -> None:
    assert parse(text).problems[0].kind == "too-deep"
    inside = MAX_DEPTH - 2
    assert lines("a = " + "[" * inside + "]" * inside) == []


def test_bounds() -> None:
    document = parse("a = [" + "1," * 300_000 + "]\n")
    assert [problem.kind for problem in document.problems] == ["too-large"]
    assert len(parse("not toml\n" * 10_000).problems) == MAX_ERRORS


def test_byte_order_mark_and_nothing() -> None:
    found = parse_toml(Source("x", "a = 1", "utf-8-sig"))
    assert [problem.kind for problem in found.problems] == ["toml-bom"]
    assert loaded(found.root) == {"a": 1}
    assert loaded(parse("").root) == {}
