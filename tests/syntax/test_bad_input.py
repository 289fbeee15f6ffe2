"""Data files that are broken, hostile or no data at all: bounded, located, and the rest read."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lintune.source.read import MAX_BYTES, decode_problem, read_source
from lintune.source.text import Problem, Source
from lintune.syntax.json import MAX_NODES, parse_json
from lintune.syntax.notebook import parse_notebook
from lintune.syntax.toml import parse_toml
from lintune.syntax.tree import Document, Mapping, Sequence, loaded
from lintune.syntax.yaml import parse_yaml

PARSERS: dict[str, Callable[[Source], Document]] = {"x.yaml": parse_yaml, "x.json": parse_json, "x.toml": parse_toml}
Parser = Callable[[Source], Document]
every_format = pytest.mark.parametrize(("name", "parse"), PARSERS.items(), ids=PARSERS)


def written(path: Path, data: bytes) -> Source | Problem:
    path.write_bytes(data)
    return read_source(path, path.name)


def text_in(path: Path, data: bytes) -> Source:
    found = written(path, data)
    assert isinstance(found, Source)
    return found


def setting(name: str, value: str) -> str:
    """A text of one setting `name` in each format."""
    return {"x.yaml": f"name: {value}\n", "x.json": f'{{"name": "{value}"}}\n', "x.toml": f'name = "{value}"\n'}[name]


@every_format
def test_large_files_are_not_read(name: str, parse: Parser, tmp_path: Path) -> None:
    with open(tmp_path / name, "wb") as stream:
        stream.truncate(50_000_000)
    found = read_source(tmp_path / name, name)
    assert isinstance(found, Problem)
    assert (found.kind, found.site.source.path) == ("too-large", name)
    assert "50 MB" in found.message and f"{MAX_BYTES // 10**6} MB" in found.message


@every_format
def test_bytes_that_are_no_text(name: str, parse: Parser, tmp_path: Path) -> None:
    found = written(tmp_path / name, setting(name, "a\0b").encode())
    assert isinstance(found, Problem)
    assert (found.kind, found.site.source.path) == ("binary-file", name)


@every_format
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
def test_marked_encodings_are_read(name: str, parse: Parser, encoding: str, tmp_path: Path) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    source = text_in(tmp_path / name, mark + setting(name, "模型 ä").encode(encoding))
    assert decode_problem(source) is None
    document = parse(source)
    assert loaded(document.root) == {"name": "模型 ä"}
    assert {problem.kind for problem in document.problems} <= {"json-bom", "toml-bom"}


@every_format
@pytest.mark.parametrize("encoding", ["latin-1", "gbk"])
def test_other_encodings_are_said_and_the_rest_is_read(name: str, parse: Parser, encoding: str, tmp_path: Path) -> None:
    text = {
        "x.yaml": "a: 1\nname: '{}'\nb: 2\n",
        "x.json": '{{"a": 1,\n"name": "{}",\n"b": 2}}',
        "x.toml": "a = 1\nname = '{}'\nb = 2\n",
    }[name].format("größe" if encoding == "latin-1" else "模型")
    source = text_in(tmp_path / name, text.encode(encoding))
    problem = decode_problem(source)
    assert problem is not None
    assert (problem.kind, problem.site.line) == ("not-utf8", 2)
    document = parse(source)
    assert document.problems == ()
    assert isinstance(document.root, Mapping)
    assert (loaded(document.root.get("a")), loaded(document.root.get("b"))) == (1, 2)


@every_format
def test_nothing_in_the_file(name: str, parse: Parser, tmp_path: Path) -> None:
    document = parse(text_in(tmp_path / name, b""))
    wanted = {"x.yaml": (None, []), "x.json": (None, ["json-syntax"]), "x.toml": ({}, [])}[name]
    assert (loaded(document.root), [problem.kind for problem in document.problems]) == wanted


@every_format
def test_things_that_are_no_files(name: str, parse: Parser, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / f"link-{name}").symlink_to(tmp_path / "gone")
    (tmp_path / f"loop-{name}").symlink_to(tmp_path / f"loop-{name}")
    kinds = []
    for path in (name, f"link-{name}", f"loop-{name}"):
        found = read_source(tmp_path / path, path)
        assert isinstance(found, Problem)
        assert found.site.source.path == path
        kinds.append(found.kind)
    assert kinds == ["not-a-file", "missing-file", "unreadable-file"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: 1\n")
    (tmp_path / "x.yaml").chmod(0)
    found = read_source(tmp_path / "x.yaml", "x.yaml")
    assert isinstance(found, Problem)
    assert found.kind == "unreadable-file"


@every_format
def test_deep_nesting(name: str, parse: Parser) -> None:
    head = {"x.yaml": "a: 1\nb: ", "x.json": '{"a": 1, "b": ', "x.toml": "a = 1\nb = "}[name]
    document = parse(Source(name, head + "[" * 50_000))
    assert {problem.kind for problem in document.problems} & {"too-deep", "yaml-syntax"}
    assert isinstance(document.root, Mapping)
    assert loaded(document.root.get("a")) == 1


@every_format
def test_a_data_set_is_read_in_part(name: str, parse: Parser) -> None:
    row = {"x.yaml": "{id: 1, text: a}", "x.json": '{"id": 1, "text": "a"}', "x.toml": '{id = 1, text = "a"}'}[name]
    head, tail = {"x.yaml": ("rows: [", "]"), "x.json": ('{"rows": [', "]}"), "x.toml": ("first = 1\nrows = [", "]")}[name]
    source = Source(name, head + ", ".join([row] * 50_000) + tail)
    document = parse(source)
    (problem,) = document.problems
    assert problem.kind == "too-large"
    assert isinstance(document.root, Mapping)


@every_format
def test_empty_lists_count_too(name: str, parse: Parser) -> None:
    head, tail = {"x.yaml": ("rows: [", "]"), "x.json": ('{"rows": [', "]}"), "x.toml": ("rows = [", "]")}[name]
    document = parse(Source(name, head + ", ".join(["[]"] * 150_000) + tail))
    assert [problem.kind for problem in document.problems] == ["too-large"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", "[" + "// x\n" * 50_000 + "1]"),
        ("x.toml", "".join(f"a{n} = 1\n" for n in range(20_000)) + "a19999 = 1\n" * 20_000),
        ("x.toml", "a = [" + "'x' " * 50_000 + "]\n"),
        ("x.toml", "a = {" + "b = 1, " * 30_000 + "}\n"),
    ],
    ids=range(4),
)
def test_many_slips_are_not_all_noted(name: str, text: str) -> None:
    document = PARSERS[name](Source(name, text))
    assert 0 < len(document.problems) <= 200


def test_a_data_set_as_json_keeps_its_head() -> None:
    text = json.dumps({"name": "x", "rows": list(range(MAX_NODES + 10))})
    document = parse_json(Source("x.json", text))
    (problem,) = document.problems
    assert problem.kind == "too-large" and f"{MAX_NODES:,}" in problem.message
    assert isinstance(document.root, Mapping)
    rows = document.root.get("rows")
    assert isinstance(rows, Sequence) and len(rows.items) > MAX_NODES - 10
    assert loaded(document.root.get("name")) == "x"


def test_aliases_that_double() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)] + ["last: 1"]
    document = parse_yaml(Source("x.yaml", "\n".join(lines)))
    kinds = {problem.kind for problem in document.problems}
    assert kinds == {"yaml-alias"}
    assert document.problems[0].site.line > 10
    assert isinstance(document.root, Mapping)
    assert loaded(document.root.get("last")) == 1


def test_merges_that_double() -> None:
    lines = ["a0: &a0 {k0: 1}"] + [f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}]\n  k{n}: 1" for n in range(1, 40)]
    document = parse_yaml(Source("x.yaml", "\n".join(lines)))
    assert document.problems == ()


def test_json_with_commas_and_comments() -> None:
    document = parse_json(Source("ds.json", '{\n  // stage\n  "zero_optimization": {"stage": 2,},\n  "bf16": {"enabled": true}, # on\n}\n'))
    assert loaded(document.root) == {"zero_optimization": {"stage": 2}, "bf16": {"enabled": True}}
    assert [(problem.kind, problem.site.line) for problem in document.problems] == [
        ("json-comment", 2),
        ("json-trailing-comma", 3),
        ("json-comment", 4),
        ("json-trailing-comma", 4),
    ]


def test_yaml_with_tabs() -> None:
    document = parse_yaml(Source("x.yaml", "a: 1\nb:\n\tc: 2\nd: 3\n"))
    (problem,) = document.problems
    assert (problem.kind, problem.site.line) == ("yaml-syntax", 3)
    assert isinstance(document.root, Mapping)
    assert loaded(document.root.get("a")) == 1


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b"\xff\xff", b'{"cells": {}}', b'{"cells": [[], null, {"cell_type": "code", "source": {}}]}']
)
def test_files_that_are_no_notebooks(data: bytes, tmp_path: Path) -> None:
    found = parse_notebook(text_in(tmp_path / "x.ipynb", data))
    assert found.cells == ()
    assert found.problems or b"null" in data
