"""YAML against PyYAML's SafeLoader, with spans."""

import datetime
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from lintune.source.text import Source
from lintune.syntax.tree import Document, Mapping, Scalar, loaded, walk
from lintune.syntax.yaml import parse_yaml


def parse(text: str) -> Document:
    return parse_yaml(Source("x.yaml", text))


def kinds(text: str) -> list[str]:
    return [problem.kind for problem in parse(text).problems]


def scalar(text: str) -> Scalar:
    root = parse(text).root
    assert isinstance(root, Scalar)
    return root


TEXTS = st.sampled_from(
    [
        "1e-5",
        "1.0e-5",
        "no",
        "~",
        "null",
        "0o10",
        "010",
        "1_000",
        "1:30",
        "0x1F",
        ".inf",
        "a b",
        "y",
        "=",
        "#",
        ": ",
        "- x",
        "2",
        "ä😀",
        "",
        "&a",
        "None",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | TEXTS
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, True, False]), st.sampled_from([None, '"', "'"]))
def test_values_and_spans(value: Any, flow: bool | None, style: str | None) -> None:
    text = yaml.dump(value, default_flow_style=flow, default_style=style, allow_unicode=True)
    document = parse(text)
    assert document.problems == ()
    assert repr(loaded(document.root)) == repr(yaml.safe_load(text))
    assert document.root is not None
    for _, node in walk(document.root):
        if isinstance(node, Scalar):
            assert node.raw == node.site.text
            assert not node.quoted or node.raw[:1] in "\"'|>"
            assert node.quoted or node.value is None or not isinstance(node.value, str) or "\n" in node.raw or node.raw == node.value


RESOLVED = [
    "1e-5",
    "1E-5",
    "1e5",
    "5e-06",
    "0o10",
    "1.0e-5",
    "1.e-5",
    ".5",
    "010",
    "1:30",
    "no",
    "off",
    "on",
    "y",
    "Y",
    "None",
    "~",
    "NULL",
    "",
    "0x1F",
    "1_000",
    "-.inf",
    "true",
    "TRUE",
    "+1",
    "0b11",
    "! 1",
    "! '1'",
    "!",
    "-0",
    "1.",
    "200_000",
    "a: b",
]


@pytest.mark.parametrize("text", RESOLVED)
def test_resolution_is_safe_loaders(text: str) -> None:
    found = loaded(parse(f"key: {text}").root) if ": " not in text else loaded(parse(text).root)
    assert repr(found) == repr(yaml.safe_load(f"key: {text}" if ": " not in text else text))


def test_learning_rate_is_a_string() -> None:
    assert loaded(parse("lr: 1e-5").root) == {"lr": "1e-5"}


def test_dates_keep_their_text() -> None:
    assert isinstance(yaml.safe_load("2026-01-02"), datetime.date)
    assert scalar("2026-01-02").value == "2026-01-02"


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("a:\n  b: 1\n  c: 2\n\n# end\nd: 3\n", "b: 1\n  c: 2"),
        ("a: {b: 1, c: 2}  # x\n", "{b: 1, c: 2}"),
        ("a: &x {b: 1}\n", "{b: 1}"),
        ("a: &x !!map\n  b: 1\n", "b: 1"),
        ("a:\n- 1\n- 2\n\nb: 1\n", "- 1\n- 2"),
        ("a: !!str 1\n", "1"),
        ("a: &x\n  # why\n  1\n", "1"),
        ("a: |\n  x\n  y\n\nb: 1\n", "|\n  x\n  y"),
        ("a: 'it''s'\n", "'it''s'"),
        ("a:\r\n  b: 1\r\nc: 2\r\n", "b: 1"),
        ("ä😀: x # y\n", "x"),
    ],
)
def test_sites(text: str, site: str) -> None:
    root = parse(text).root
    assert isinstance(root, Mapping)
    assert root.entries[0].value.site.text == site


def test_aliases_stand_where_they_are_used() -> None:
    text = "a: &x 1\nb: *x\nc: &y {d: 2}\ne: *y\n"
    root = parse(text).root
    assert isinstance(root, Mapping)
    assert loaded(root) == yaml.safe_load(text)
    sites = {entry.key.value: entry.value.site for entry in root.entries}
    assert (sites["b"].text, sites["b"].line) == ("*x", 2)
    assert (sites["e"].text, sites["e"].line) == ("*y", 4)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n",
        "a: &x {b: 1}\ne: &y {b: 2, f: 3}\nd: {<<: [*x, *y], g: 1}\n",
        "a: &x {b: 1}\nc: &y {<<: *x, d: 2}\ne: {<<: *y, b: 5}\n",
    ],
)
def test_merges(text: str) -> None:
    document = parse(text)
    assert loaded(document.root) == yaml.safe_load(text)
    assert document.problems == ()


def test_duplicate_keys_are_kept() -> None:
    document = parse("a: 1\nb:\n  c: 1\n  c: 1\na: 2\n")
    assert isinstance(document.root, Mapping)
    assert [entry.key.value for entry in document.root.entries] == ["a", "b", "a"]
    found = [(problem.kind, problem.site.line, dict(problem.data)["same"]) for problem in document.problems]
    assert found == [("duplicate-key", 3, "true"), ("duplicate-key", 1, "false")]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a: *b\n", "yaml-alias"),
        ("a: !foo 1\n", "yaml-tag"),
        ("a: !!python/object:os.x {}\n", "yaml-tag"),
        ("[a]: 1\n", "yaml-key"),
        ("a: {<<: 1}\n", "yaml-merge"),
        ("a: !!int x\n", "yaml-value"),
        ("a: 1\n---\nb: 2\n", "yaml-documents"),
        ("a: [1\n", "yaml-syntax"),
        ("a: \x07\n", "yaml-syntax"),
        ("a:\n\t- b\n", "yaml-syntax"),
    ],
)
def test_what_safe_loader_refuses(text: str, kind: str) -> None:
    assert kinds(text) == [kind]
    with pytest.raises((yaml.YAMLError, ValueError)):
        yaml.safe_load(text)


def test_values_that_contain_themselves_are_refused() -> None:
    assert kinds("a: &x [1, *x]\n") == ["yaml-alias"]


def test_keeps_what_came_before_an_error() -> None:
    document = parse("a: 1\nb:\n  c: 2\n  d: [3, 4]\n  e: }\n")
    assert loaded(document.root) == {"a": 1, "b": {"c": 2, "d": [3, 4]}}
    (problem,) = document.problems
    assert dict(problem.data)["line"] == "5"


def test_alias_bombs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    document = parse("\n".join(lines))
    assert {problem.kind for problem in document.problems} == {"yaml-alias"}
    assert document.root is not None
    assert sum(1 for _ in walk(document.root)) < 1_000_000


@pytest.mark.parametrize("text", ["[" * 5_000, "{a: " * 500, "".join(" " * n + "a:\n" for n in range(2_000)), "- " * 3_000 + "x"])
def test_deep_nesting_does_not_crash(text: str) -> None:
    assert set(kinds(text)) & {"too-deep", "yaml-syntax"}


@given(st.text(st.sampled_from(list("ab:-[]{}&*!|>'\"#,?%@` \n\t<=1.\ufeff\udcff")), max_size=30))
def test_never_raises_and_agrees(text: str) -> None:
    assume("\ufeff\ufeff" not in text)  # PyYAML's own two parsers disagree about a second byte order mark
    document = parse(text)
    try:
        wanted = yaml.safe_load(text)
    except Exception:
        return
    if not [problem for problem in document.problems if problem.kind != "duplicate-key"] and not isinstance(wanted, set):
        assert repr(loaded(document.root)) == repr(wanted)


def test_bytes_that_were_not_utf8_do_not_shift_marks() -> None:
    root = parse("a: \udce4\nb: x\n").root
    assert isinstance(root, Mapping)
    assert root.entries[1].value.site.text == "x"


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_empty_documents(text: str) -> None:
    document = parse(text)
    assert document.problems == ()
    assert loaded(document.root) is None
