"""Shell cells of notebooks: what is run, where it stands in the file, what Python puts in."""

import json

from lintune.launch.notebook_shell import MAX_CELLS, NotebookShell, evaluate_notebook
from lintune.source.text import Source
from lintune.syntax.notebook import parse_notebook


def read(*cells: str) -> tuple[Source, NotebookShell]:
    """A notebook of these code cells, read."""
    made = [{"cell_type": "code", "source": cell.splitlines(True), "outputs": []} for cell in cells]
    source = Source("x.ipynb", json.dumps({"cells": made, "nbformat": 4}, indent=1))
    return source, evaluate_notebook(parse_notebook(source))


def argv(shell: NotebookShell) -> list[list[str]]:
    return [[word.text for word in command.argv] for command in shell.evaluation.commands]


def test_a_command_with_continuations_stands_in_the_file() -> None:
    source, shell = read("import os\n!torchrun train.py \\\n    --report_to \"none\" --x '1 2'\n")
    assert argv(shell) == [["torchrun", "train.py", "--report_to", "none", "--x", "1 2"]]
    words = shell.evaluation.commands[0].argv
    assert all(word.site.source is source for word in words)
    assert [word.site.text for word in words] == ["torchrun", "train.py", "--report_to", '\\"none\\"', "--x", "'1 2'"]
    assert words[2].site.line == source.text[: source.text.index("--report_to")].count("\n") + 1


def test_what_python_puts_in_is_unknown() -> None:
    _, shell = read("!python train.py --lr {lr:.1e} --out {out['dir']}/x --name $name --f '{{a}}'")
    words = shell.evaluation.commands[0].argv
    assert [word.known for word in words] == [True, True, True, False, True, False, True, False, True, True]
    assert words[5].text == "\ufffd/x"
    assert shell.evaluation.problems == ()


def test_a_bash_cell_is_no_python() -> None:
    _, shell = read("%%bash\nfor i in {1,2}; do torchrun train.py --out {out}$i; done\n")
    assert argv(shell) == [["torchrun", "train.py", "--out", "{out}1"], ["torchrun", "train.py", "--out", "{out}2"]]


def test_cd_and_env_last_and_other_settings_do_not() -> None:
    _, shell = read("%cd repo\n%env A=1 2", "!cd sub && export B=1", "!python train.py $B")
    command = shell.evaluation.commands[-1]
    assert command.cwd == "repo"
    assert command.env["A"].text == "1 2"
    assert [word.known for word in command.argv] == [True, True, False]


def test_folders_and_settings_of_python_are_unknown() -> None:
    _, shell = read("%cd {root}\n%env A=$x", "!python train.py")
    command = shell.evaluation.commands[0]
    assert command.cwd is None
    assert not command.env["A"].known


def test_problems_stand_in_the_file_once() -> None:
    source, shell = read("%cd repo", "!ls", "%%bash\ntorchrun train.py \\ \n    --x 1\n")
    kinds = {problem.kind for problem in shell.evaluation.problems}
    assert "trailing-backslash-blank" in kinds
    assert all(problem.site.source is source for problem in shell.evaluation.problems)
    assert len(kinds) == len(shell.evaluation.problems)


def test_comments_silence_lines_of_the_file() -> None:
    source, shell = read("%%bash\n# lintune: ignore[unknown-flag] ours\ntorchrun train.py --x 1\n")
    line = source.text[: source.text.index("torchrun")].count("\n") + 1
    assert [comment.lines for comment in shell.suppressions] == [(line, line)]


def test_a_written_script_has_its_own_arguments() -> None:
    _, shell = read('%%writefile run.sh\nset -u\ntorchrun train.py --x "$1"\n')
    assert [word.known for word in shell.evaluation.commands[-1].argv] == [True, True, True, False]


def test_many_cells_are_cut_and_said() -> None:
    _, shell = read(*["!ls"] * (MAX_CELLS + 1))
    assert len(shell.evaluation.commands) == MAX_CELLS
    assert str(MAX_CELLS) in shell.evaluation.cut


def test_work_is_bounded_over_all_cells() -> None:
    _, shell = read(*["%%bash\nwhile true; do run x; done"] * 50, "!run last")
    assert len(shell.evaluation.commands) <= 2_100
    assert "cell 1" in shell.evaluation.cut


def test_the_environment_may_come_from_python() -> None:
    _, shell = read("import os\nos.environ['N'] = '2'", "%%bash\ntorchrun --nproc_per_node $N train.py")
    assert shell.evaluation.problems == ()
    assert not shell.evaluation.commands[-1].argv[2].known
