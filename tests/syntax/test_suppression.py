"""Comments that silence findings, in every language that has comments."""

from datetime import date

import pytest

from lintune.source.text import Source, Span
from lintune.syntax.suppression import Kind, Suppression, find_suppressions


def found(text: str, kind: Kind = "shell", today: date | None = None) -> list[Suppression]:
    return list(find_suppressions(Source("x", text), None, kind, today))


def test_names_and_reason() -> None:
    (one,) = found("torchrun a.py # lintune: ignore[unknown-flag, TUN001] checked by hand\n")
    assert (one.names, one.reason, one.lines, one.whole_file) == (("unknown-flag", "TUN001"), "checked by hand", (1, 1), False)
    assert one.site.text == "# lintune: ignore[unknown-flag, TUN001] checked by hand"


def test_reason_is_optional_and_names_are_not() -> None:
    (one,) = found("# lintune: ignore[a]\nx\n")
    assert one.reason == ""
    assert found("# lintune: ignore[]\nx\n") == []
    assert found("# lintune: ignore\nx\n") == []


@pytest.mark.parametrize(
    ("text", "kind", "lines"),
    [
        ("# lintune: ignore[a]\n\n# why\ntorchrun \\\n  a.py \\\n  --x\nnext\n", "shell", (4, 6)),
        ("# lintune: ignore[a]\necho a\\\\\nnext\n", "shell", (2, 2)),
        ("a\n# lintune: ignore[a]\n", "shell", (2, 2)),
        ("  # lintune: ignore[a]\na:\n  b: 1\n", "yaml", (2, 2)),
        ("a: 1  # lintune: ignore[a]\n", "yaml", (1, 1)),
        ("x = 1\n# lintune: ignore[a]\ny = 2\n", "python", (3, 3)),
    ],
)
def test_lines(text: str, kind: Kind, lines: tuple[int, int]) -> None:
    assert [one.lines for one in found(text, kind)] == [lines]


def test_whole_file() -> None:
    (one,) = found("#!/bin/bash\n# lintune: ignore-file[a]\nx\n")
    assert one.whole_file and one.lines == (1, 3)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("echo '# lintune: ignore[a]'\n", "shell"),
        ('echo "x # lintune: ignore[a]"\n', "shell"),
        ("echo a# lintune: ignore[a]\n", "shell"),
        ("a: '# lintune: ignore[a]'\n", "yaml"),
        ("a: |\n  text\n  # lintune: ignore[a]\nb: 1\n", "yaml"),
        ("a = '# lintune: ignore[a]'\n", "python"),
        ('a = """\n# lintune: ignore[a]\n"""\n', "python"),
    ],
)
def test_texts_are_no_comments(text: str, kind: Kind) -> None:
    assert found(text, kind) == []


@pytest.mark.parametrize("kind", ["yaml", "python"])
def test_broken_files_still_have_comments(kind: Kind) -> None:
    assert len(found("a: [1, # lintune: ignore[a]\n", kind)) == 1


@pytest.mark.parametrize("text", ["x # lintune: ignore[a] until=2026-06-30 wait", "x # lintune: ignore[a, until=2026-06-30] wait"])
def test_until(text: str) -> None:
    assert found(text, today=date(2026, 7, 1)) == []
    (one,) = found(text, today=date(2026, 6, 30))
    assert (one.names, one.reason, one.until) == (("a",), "wait", date(2026, 6, 30))


def test_impossible_day_never_counts() -> None:
    assert found("x # lintune: ignore[a] until=2026-02-31") == []


def test_known_comments_are_used() -> None:
    text = "echo '# lintune: ignore[a]' # lintune: ignore[b]\n"
    assert [one.names for one in find_suppressions(Source("x", text), [Span(28, len(text))], "shell")] == [("b",)]
