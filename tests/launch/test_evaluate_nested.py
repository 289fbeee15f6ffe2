"""Texts of `bash -c` and of files: places, wrappers, what the inner shell does not see, bounds."""

from lintune.launch.evaluate import Evaluation, evaluate
from lintune.launch.shell_contents import MAX_FILE
from lintune.launch.shell_files import NoFiles
from lintune.launch.unwrapping import take_wrappers_off
from lintune.source.text import Source
from lintune.syntax.shell.parser import parse_shell


class Files(NoFiles):
    """One file, `a.txt`."""

    def __init__(self, text: str) -> None:
        """`text`: what it holds."""
        self.source = Source("a.txt", text)

    def read(self, path: str) -> Source | None:
        return self.source if path == "a.txt" else None


def run(text: str, content: str = "") -> Evaluation:
    return evaluate(parse_shell(Source("x.sh", text)), arguments=(), environment={}, files=Files(content))


def test_words_of_a_nested_text_stand_where_they_are_written() -> None:
    text = "X=7\nbash -c 'torchrun --lr 1e-5' x\nbash -c \"torchrun --n $X\"\n"
    found = [command for command in run(text).commands if command.argv[0].text == "torchrun"]
    first, second = (command.argv for command in found)
    assert [word.site.text for word in first] == ["torchrun", "--lr", "1e-5"]
    assert [word.text for word in second] == ["torchrun", "--n", "7"]
    assert second[2].pieces[0].site.text == "7" and second[2].pieces[0].site.line == 1


def test_wrappers_of_the_shell_are_those_of_its_commands() -> None:
    found = run("srun -N 2 nohup bash -c 'cd a; env A=1 torchrun t.py'\n").commands[-1]
    unwrapped = take_wrappers_off(found)
    assert unwrapped.wrappers == ("srun", "nohup", "env") and unwrapped.words[0].text == "torchrun"
    assert unwrapped.wrapper_options["srun"]["nodes"].text == "2"
    assert found.cwd == "a" and unwrapped.env["A"].text == "1"
    assert run("bash -c 'run a'; run b\n").commands[-1].behind == ()


def test_what_the_inner_shell_does_not_see_is_said() -> None:
    problems = run("A=1; export B=2\nbash -c 'run $A $B ${C:-x}; D=1; run $D'\n").problems
    hidden = [problem for problem in problems if problem.kind == "assignment-never-exported"]
    assert [(problem.site.text, problem.site.line) for problem in hidden] == [("A", 2)]


def test_a_text_that_is_not_known_is_not_run() -> None:
    assert [command.argv[0].text for command in run('bash -c "$(other)"\nbash $U -c x\n').commands] == ["other", "bash", "bash"]


def test_a_shell_that_is_given_a_file_is_a_program() -> None:
    assert len(run("bash run.sh -c 'run a'\n").commands) == 1


def test_nested_without_end_is_cut() -> None:
    assert run('export T=\'bash -c "$T"\'; bash -c "$T"\n').cut


def test_files_are_read_where_they_are_small_and_not_written() -> None:
    content = "--a 1\n--b\n"
    assert [word.text for word in run("run $(cat a.txt)\n", content).commands[-1].argv] == ["run", "--a", "1", "--b"]
    known = run("run $(<a.txt) x\n", content).commands[-1].argv
    assert [word.site.text for word in known] == ["run", "$(<a.txt)", "$(<a.txt)", "$(<a.txt)", "x"]
    assert known[2].pieces[0].site.source.path == "a.txt" and known[2].pieces[0].site.text == "1"
    for text in ("run $(cat b.txt)", "make a.txt; run $(cat a.txt)", "echo x > a.txt; run $(<a.txt)", "echo > $F; run $(cat a.txt)"):
        assert not run(text + "\n", content).commands[-1].argv[-1].known, text
    assert not run("run $(cat a.txt)\n", "x" * (MAX_FILE + 1)).commands[-1].argv[-1].known


def test_an_exit_trap_runs_last_and_once() -> None:
    found = run("trap 'run bye' EXIT INT\ntrap 'run int' INT\nif [ $U ]; then exit 1; fi\nrun a\n").commands
    assert [command.argv[1].text for command in found] == ["a", "bye"]
    assert len(run("trap 'run bye' EXIT; exec run a\n").commands) == 1
