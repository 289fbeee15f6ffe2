"""Excerpts: carets exactly below what is meant."""

from textwrap import dedent

from hypothesis import given
from hypothesis import strategies as st

from lintune.report.cells import harmless, lay_out, width, wrapped
from lintune.report.excerpt import LINE_CELLS, Mark, excerpts
from lintune.report.paint import Paint
from lintune.source.text import Site, Source, Span


def mark(source: Source, text: str, label: str = "", primary: bool = False) -> Mark:
    """A mark on the first place of a text."""
    start = source.text.index(text)
    return Mark(Site(source, Span(start, start + len(text))), label, primary)


def drawn(*marks: Mark) -> str:
    """The excerpt as one text."""
    return "\n".join(excerpts(marks, "error", Paint())) + "\n"


def test_several_labels_on_one_line() -> None:
    """The rightmost label stands beside its caret, the others hang below theirs."""
    source = Source("run.sh", "python t.py --lora 1 --full 1 --bits 4\n")
    assert drawn(
        mark(source, "--lora 1", "adapter", True), mark(source, "--full 1", "full"), mark(source, "--bits 4", "quantised")
    ) == dedent(
        """\
         --> run.sh:1:13
          |
        1 | python t.py --lora 1 --full 1 --bits 4
          |             ^^^^^^^^ -------- -------- quantised
          |             |        |
          |             |        full
          |             adapter
        """
    )


def test_marks_within_marks_get_rows_of_their_own() -> None:
    """Overlapping marks do not hide each other."""
    source = Source("run.sh", "torchrun t.py --x 1\n")
    assert drawn(mark(source, "torchrun t.py --x 1", "launch"), mark(source, "--x", "flag", True)) == dedent(
        """\
         --> run.sh:1:1
          |
        1 | torchrun t.py --x 1
          | ------------------- launch
          |               ^^^ flag
        """
    )


def test_wide_characters_and_tabs() -> None:
    """Carets count cells: a Chinese character takes two, a tab goes to the next stop, a combining accent none."""
    source = Source("run.sh", "x 数据\t--e\u0301 7\n")
    assert drawn(mark(source, "数据", "path"), mark(source, "7", "value", True)) == (
        " --> run.sh:1:3\n  |\n1 | x 数据  --e\u0301 7\n  |   ----      ^ value\n  |   |\n  |   path\n"
    )


def test_a_long_line_is_cut_around_the_mark() -> None:
    """The marked token is shown, with an ellipsis on both sides."""
    source = Source("run.sh", "a" * 300 + " --lr 1e-3 " + "b" * 300 + "\n")
    row, carets = drawn(mark(source, "--lr 1e-3", "here", True)).splitlines()[2:4]
    assert width(row) <= LINE_CELLS + len("1 | ")
    assert row.startswith("1 | …aaa")
    assert row.endswith("bbb…")
    first = carets.index("^")
    assert row[first : first + len("--lr 1e-3")] == "--lr 1e-3"


def test_a_cut_through_a_wide_character_keeps_the_carets_in_place() -> None:
    """Half a character is a blank."""
    source = Source("run.sh", "数" * 150 + "ab --lr 1" + "数" * 90 + "\n")
    row, carets = drawn(mark(source, "--lr 1", "here", True)).splitlines()[2:4]
    before = row[: row.index("--lr")]
    assert width(before) == carets.index("^")


def test_a_span_over_lines_shows_its_first() -> None:
    """The backslash is not underlined, the ellipsis says that it goes on."""
    source = Source("run.sh", "torchrun t.py \\\n  --x 1\n")
    assert drawn(mark(source, "torchrun t.py \\\n  --x 1", "this launch", True)) == dedent(
        """\
         --> run.sh:1:1
          |
        1 | torchrun t.py \\
          | ^^^^^^^^^^^^^… this launch
        """
    )


def test_far_lines_are_elided() -> None:
    """Lines in between are dropped, with dots where they were."""
    source = Source("a.yaml", "a: 1\n" + "\n" * 8 + "b: 2\n")
    assert drawn(mark(source, "b: 2", "two", True), mark(source, "a: 1", "one")) == dedent(
        """\
          --> a.yaml:10:1
           |
         1 | a: 1
           | ---- one
        ...
        10 | b: 2
           | ^^^^ two
        """
    )


def test_an_empty_file_has_only_its_place() -> None:
    """There is nothing to show of an empty or missing file but where it is."""
    source = Source("empty.sh", "")
    assert drawn(Mark(Site(source, Span(0, 0)), "nothing here", True)) == " --> empty.sh:1:1\n"


def test_the_end_of_a_line_can_be_marked() -> None:
    """A place past the last character gets one caret."""
    source = Source("a.json", '{"a": 1\n')
    assert drawn(Mark(Site(source, Span(7, 7)), "a brace is missing", True)).splitlines()[-1] == "  |        ^ a brace is missing"


@given(st.text(max_size=80), st.data())
def test_any_text_can_be_shown(text: str, data: st.DataObject) -> None:
    """Every span of every text is drawn, on lines without control characters."""
    source = Source("any", text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    for line in excerpts([Mark(Site(source, Span(start, end)), "x", True)], "error", Paint()):
        assert "\n" not in line
        assert harmless(line) == line


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_layout_agrees_with_width(line: str) -> None:
    """A line laid out takes as many cells as what is shown of it."""
    shown = lay_out(line.replace("\t", ""))
    assert shown.starts[-1] == width(shown.cut(0, shown.starts[-1]))


def test_folding_keeps_every_word() -> None:
    """Folded lines stay within their cells and hold the words in order."""
    words = "one two three four five six seven eight nine ten"
    lines = wrapped(words, "= note: ", "        ", 24)
    assert all(width(line) <= 24 for line in lines)
    assert " ".join(line.strip() for line in lines) == f"= note: {words}"
    assert all(line.startswith("        ") for line in lines[1:])
