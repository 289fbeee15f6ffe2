"""Edits: applied together, refused when the text is not what was read, written without losing anything."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.source.edits import Edit, EditRefused, apply_edits, write_edits
from lintune.source.read import read_source
from lintune.source.text import Site, Source, Span


def edit(source: Source, start: int, end: int, text: str) -> Edit:
    return Edit(Site(source, Span(start, end)), text)


@given(st.text("ab\n", max_size=20), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.text("xy", max_size=3)), max_size=5))
def test_agrees_with_replacing_from_the_end(text: str, wanted: list[tuple[int, int, str]]) -> None:
    source = Source("x", text)
    taken: list[tuple[int, int, str]] = []
    for start, end, new in sorted({(min(a, b), max(a, b), new) for a, b, new in wanted}):
        if end <= len(text) and start < end and (not taken or start >= taken[-1][1]):
            taken.append((start, end, new))
    expected = text
    for start, end, new in reversed(taken):
        expected = expected[:start] + new + expected[end:]
    assert apply_edits(source, [edit(source, *one) for one in reversed(taken)]) == expected


def test_overlaps_are_refused() -> None:
    source = Source("x", "abcdef")
    with pytest.raises(EditRefused, match="overlap"):
        apply_edits(source, [edit(source, 0, 3, "x"), edit(source, 2, 4, "y")])
    with pytest.raises(EditRefused, match="outside"):
        apply_edits(source, [edit(source, 5, 9, "x")])


def test_the_same_edit_twice_counts_once() -> None:
    source = Source("x", "abc")
    assert apply_edits(source, [edit(source, 1, 2, "x"), edit(source, 1, 2, "x")]) == "axc"
    assert apply_edits(source, [edit(source, 1, 1, "x"), edit(source, 1, 2, "")]) == "axc"


def test_edits_for_another_text_are_refused() -> None:
    read, now = Source("x", "abc"), Source("x", "aXc")
    with pytest.raises(EditRefused, match="line 1"):
        apply_edits(now, [edit(read, 1, 2, "y")])
    assert apply_edits(now, [edit(read, 2, 3, "y")]) == "aXy"


def read(path: Path) -> Source:
    source = read_source(path, path.name)
    assert isinstance(source, Source)
    return source


def test_writing_keeps_mode_mark_newlines_and_links(tmp_path: Path) -> None:
    path, link = tmp_path / "run.sh", tmp_path / "link.sh"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb \xff\r\n")
    path.chmod(0o754)
    os.symlink("run.sh", link)
    source = read(link)
    write_edits(link, source, [edit(source, 0, 1, "x\ny")])
    assert path.read_bytes() == b"\xef\xbb\xbfx\r\ny\r\nb \xff\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o754
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["link.sh", "run.sh"]


def test_changed_files_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_text("abc")
    source = read(path)
    path.write_text("abcd")
    with pytest.raises(EditRefused, match="changed"):
        write_edits(path, source, [edit(source, 0, 1, "x")])
    assert path.read_text() == "abcd"
