"""Bytes as they come: encodings, marks, and files that are no text."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.source.read import MAX_BYTES, decode_problem, encode_text, read_source, source_from_bytes
from lintune.source.text import Problem, Source


def text_of(data: bytes) -> Source:
    found = source_from_bytes(data, "x")
    assert isinstance(found, Source)
    return found


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        ("ä\n".encode(), "ä\n", "utf-8"),
        (b"\xef\xbb\xbfa", "a", "utf-8-sig"),
        (b"\xff\xfea\0b\0", "ab", "utf-16-le"),
        (b"\xfe\xff\0a\0b", "ab", "utf-16-be"),
        (b"a\xffb", "a\udcffb", "utf-8"),
    ],
)
def test_encodings(data: bytes, text: str, encoding: str) -> None:
    source = text_of(data)
    assert (source.text, source.encoding) == (text, encoding)
    assert encode_text(source.text, source.encoding) == data


@given(st.binary())
def test_what_is_read_can_be_written_back(data: bytes) -> None:
    found = source_from_bytes(data, "x")
    if isinstance(found, Source):
        assert encode_text(found.text, found.encoding) == data
    else:
        assert found.kind == "binary-file"


def test_offsets_hold_behind_bytes_that_are_not_utf8() -> None:
    source = text_of(b"a\n\xe4\xf6 b\n")
    problem = decode_problem(source)
    assert problem is not None
    assert (problem.kind, problem.site.line, dict(problem.data)) == ("not-utf8", 2, {"line": "2"})
    assert source.position(source.text.index("b")).column == 4
    assert decode_problem(text_of("ä".encode())) is None


@pytest.mark.parametrize(("data", "newline"), [(b"a\r\nb", "\r\n"), (b"a\nb\r\n", "\n"), (b"a", "\n"), (b"\n", "\n")])
def test_newline(data: bytes, newline: str) -> None:
    assert text_of(data).newline == newline


def kind(path: Path) -> str:
    found = read_source(path, "shown")
    assert isinstance(found, Problem)
    assert found.site.source.path == "shown"
    return found.kind


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(b"a\0b")
    (tmp_path / "odd").write_bytes(b"\xff\xfea")
    with open(tmp_path / "large", "wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "pipe")
    assert kind(tmp_path / "gone") == "missing-file"
    assert kind(tmp_path / "zeros" / "x") == "missing-file"
    assert kind(tmp_path / "zeros") == "binary-file"
    assert kind(tmp_path / "odd") == "binary-file"
    assert kind(tmp_path / "large") == "too-large"
    assert kind(tmp_path / "pipe") == "not-a-file"
    assert kind(tmp_path) == "not-a-file"
    assert kind(Path("a\0b")) == "unreadable-file"
