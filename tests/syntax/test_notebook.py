"""Notebooks: what each cell holds, and that every character of it is found again in the file."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.source.text import Source, Span
from lintune.syntax.notebook import Cell, Notebook, parse_notebook


def notebook(*cells: Any, language: str = "python", **how: Any) -> Notebook:
    written = [{"cell_type": "code", "source": cell} if isinstance(cell, (str, list)) else cell for cell in cells]
    content = {"cells": written, "metadata": {"kernelspec": {"language": language}}, "nbformat": 4}
    return parse_notebook(Source("n.ipynb", json.dumps(content, **how)))


def parts(*cells: Any, **how: Any) -> list[tuple[str, str]]:
    return [(cell.kind, cell.source.text) for cell in notebook(*cells, **how).cells]


def check_places(cell: Cell) -> None:
    """Each character's place holds that character as JSON writes it; a longer stretch holds all between."""
    text = cell.source.text
    for at, character in enumerate(text):
        assert json.loads(f'"{cell.site_of(Span(at, at + 1)).text}"') == character
    for line in text.splitlines(keepends=True):
        start = text.index(line)
        assert json.loads(f'"{cell.site_of(Span(start, start + len(line))).text}"') == line


TEXTS = st.text(st.sampled_from(list("ab \t\"\\/é€😀\x01\u2028'=")), max_size=12)
LINES = st.lists(TEXTS, max_size=4).map(lambda made: [f"{line}\n" for line in made])


@given(st.lists(TEXTS | LINES, min_size=1, max_size=3), st.booleans(), st.sampled_from([None, 1]))
def test_every_character_is_found_again(cells: list[Any], ascii_only: bool, indent: int | None) -> None:
    written = [{"cell_type": "markdown", "source": cell} for cell in cells]
    found = notebook(*written, ensure_ascii=ascii_only, indent=indent)
    assert [cell.source.text for cell in found.cells] == ["".join(cell) for cell in cells]
    assert [cell.number for cell in found.cells] == list(range(1, len(cells) + 1))
    for cell in found.cells:
        check_places(cell)
        assert cell.site_of(Span(0, 0)).line > 0


def test_python_with_magics_keeps_its_offsets() -> None:
    text = "%load_ext x\nif a:\n    !torchrun --nproc 8 \\\n      train.py --lr {lr}\nfiles = !ls\nb = a != 2 % c\n?print\nprint?\n"
    found = parts(text)
    assert found[0] == (
        "python",
        "0          \nif a:\n    0                    \n                        \nfiles = 0  \nb = a != 2 % c\n0     \n0     \n",
    )
    assert found[1:] == [("shell", "torchrun --nproc 8 \\\n      train.py --lr {lr}"), ("shell", "ls")]


def test_a_cell_that_is_python_has_no_magics() -> None:
    text = 'x = """\n!ls\n%cd a\n"""\ny = (1\n  %z)\nawait f()\n'
    assert parts(text) == [("python", text)]


def test_a_cell_that_is_no_language_is_still_read() -> None:
    assert parts("!ls\nx = = 1\n") == [("python", "0  \nx = = 1\n"), ("shell", "ls")]
    assert parts("(" * 5000 + "!")[0][0] == "python"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("%%bash\ntorchrun x.py\n", [("shell", "torchrun x.py\n")]),
        ("\n%%sh -e\nls", [("shell", "ls")]),
        ("%%script /bin/bash --no-raise-error\nls", [("shell", "ls")]),
        ("%%script perl\nprint 1", [("other", "print 1")]),
        ("%%!\nls", [("shell", "ls")]),
        (
            "%%capture out\n!pip install peft==0.14\nx = 1",
            [("python", "0                      \nx = 1"), ("shell", "pip install peft==0.14")],
        ),
        ("%%time\nx = 1", [("python", "x = 1")]),
        ("%%html\n<b>", [("other", "<b>")]),
        ("%%writefile 'run.sh'\ntorchrun x.py", [("shell", "torchrun x.py")]),
        ("%%writefile -a train.py\nx = 1", [("python", "x = 1")]),
        ("%%writefile ds.json\n{}", [("other", "{}")]),
        ("%pip install peft", [("python", "0" + " " * 16), ("shell", "pip install peft")]),
        ("%cd finetune", [("python", "0" + " " * 11), ("shell", "cd finetune")]),
        ("%env A=b", [("python", "0" + " " * 7), ("shell", "A=b")]),
        ("%matplotlib inline", [("python", "0" + " " * 17)]),
        ("", [("python", "")]),
        ("%%bash", [("shell", "")]),
    ],
)
def test_magics(text: str, wanted: list[tuple[str, str]]) -> None:
    assert parts(text) == wanted
    for cell in notebook(text).cells:
        if cell.kind == "shell":
            check_places(cell)


def test_what_is_known_of_a_shell_cell() -> None:
    cells = notebook("!echo $x", "%cd a", "%%bash\nls", "%%writefile run.sh\nls").cells
    shells = [(cell.interpolated, cell.lasting, cell.target) for cell in cells if cell.kind == "shell"]
    assert shells == [(True, False, ""), (True, True, ""), (False, False, ""), (False, False, "run.sh")]
    assert cells[-1].source.path == "n.ipynb#cell4"


def test_other_languages_and_kinds() -> None:
    assert parts("ls\n", language="bash") == [("shell", "ls\n")]
    assert parts("x <- 1", language="R") == [("other", "x <- 1")]
    assert parts({"cell_type": "raw", "source": ["a"]}, {"cell_type": "markdown", "source": "# A"}) == [("other", "a"), ("markdown", "# A")]
    assert parts({"cell_type": "code"}, {"source": "a"}, 3, {"cell_type": "code", "source": [1]}) == []


def test_the_older_format() -> None:
    content = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "!ls"]}]}], "nbformat": 3}
    found = parse_notebook(Source("n.ipynb", json.dumps(content)))
    assert [cell.source.text for cell in found.cells] == ["x = 1\n0  ", "ls"]


def test_problems() -> None:
    assert [problem.kind for problem in parse_notebook(Source("n", "[1]")).problems] == ["notebook-format"]
    assert [problem.kind for problem in parse_notebook(Source("n", "")).problems] == ["json-syntax"]
    broken = parse_notebook(Source("n", '{"cells": [{"cell_type": "code", "source": ["x = 1\\n", "y"'))
    assert [cell.source.text for cell in broken.cells] == ["x = 1\ny"]
    assert [problem.kind for problem in broken.problems] == ["json-syntax"]
