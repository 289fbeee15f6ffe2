"""What stays unknown, where it is written, and what is said about it."""

from lintune.launch.evaluate import Evaluation, evaluate
from lintune.launch.word import UNKNOWN_TEXT, Word
from lintune.source.text import Problem, Source
from lintune.syntax.shell import parse_shell


class Files:
    """A reader over a dictionary."""

    def __init__(self, **texts: str) -> None:
        self.texts = {name.replace("__", "/") + ".sh": text for name, text in texts.items()}

    def exists(self, path: str) -> bool:
        return path in self.texts or self.is_dir(path)

    def is_dir(self, path: str) -> bool:
        return any(name.startswith(path + "/") for name in self.texts)

    def read(self, path: str) -> Source | None:
        return Source(path, self.texts[path]) if path in self.texts else None


def run(
    text: str, arguments: tuple[str, ...] | None = None, path: str = "scripts/run.sh", files: Files | None = None, **environment: str
) -> Evaluation:
    provided = frozenset(("WORLD_SIZE", "HOME"))
    return evaluate(
        parse_shell(Source(path, text)), arguments=arguments, environment=environment, files=files or Files(), provided=provided
    )


def texts(evaluation: Evaluation, index: int = -1) -> list[str]:
    return [word.text for word in evaluation.commands[index].argv]


def last(evaluation: Evaluation) -> Word:
    return evaluation.commands[-1].argv[-1]


def kinds(text: str, arguments: tuple[str, ...] | None = None) -> list[str]:
    return [problem.kind for problem in run(text, arguments).problems]


def only(text: str, kind: str) -> Problem:
    (problem,) = (problem for problem in run(text).problems if problem.kind == kind)
    return problem


class TestSites:
    def test_literal_word(self) -> None:
        word = last(run("run 'a b'\n"))
        assert (word.site.text, word.pieces[0].site.text) == ("'a b'", "a b")

    def test_through_two_variables(self) -> None:
        word = last(run('A=q/w\nB="--m $A"\nrun $B\n'))
        assert word.site.text == "$B"
        assert word.pieces[0].site.text == "q/w"
        assert [site.text for site in word.pieces[0].via] == ["$B", "$A"]

    def test_flag_inside_of_a_variable(self) -> None:
        evaluation = run('ARGS="\n  --tune_llm true \\\n  --use_lora true\n"\nrun $ARGS\n')
        flag, value = evaluation.commands[0].argv[1:3]
        assert (flag.pieces[0].site.text, flag.pieces[0].site.line) == ("--tune_llm", 2)
        assert (value.pieces[0].site.text, value.pieces[0].site.line) == ("true", 2)

    def test_pieces_of_one_word(self) -> None:
        word = last(run('S=2\nrun --out="o/$S-x"\n'))
        assert [piece.site.text for piece in word.pieces] == ["--out=", "o/", "2", "-x"]

    def test_array_heredoc_and_substitution(self) -> None:
        word = last(run("A=(--lr 1e-5)\nrun ${A[@]}\n"))
        assert (word.pieces[0].site.text, word.pieces[0].site.line) == ("1e-5", 1)
        word = last(run("read -r -d '' A <<EOF\n--x \\\n--y 3\nEOF\nrun $A\n"))
        assert (word.text, word.pieces[0].site.text, word.pieces[0].site.line) == ("3", "3", 3)
        word = last(run("A=$(basename a/b-c.sh .sh)\nrun $A\n"))
        assert (word.text, word.pieces[0].site.text) == ("b-c", "b-c")

    def test_parts_of_a_path(self) -> None:
        word = last(run("M=org/name.ext\nrun ${M##*/}\n"))
        assert (word.text, word.pieces[0].site.text) == ("name.ext", "name.ext")

    def test_eval_points_at_the_assignment(self) -> None:
        word = last(run("C='run --lr 1e-5'\neval $C\n"))
        assert (word.text, word.pieces[0].site.text, word.pieces[0].site.line) == ("1e-5", "1e-5", 1)

    def test_command_without_redirections(self) -> None:
        evaluation = run("run a \\\n  b 2>&1 | tee log\n")
        assert evaluation.commands[0].site.text == "run a \\\n  b"

    def test_sourced_file(self) -> None:
        evaluation = run("source lib.sh\nrun $X\n", files=Files(scripts__lib="X=1\n"))
        assert last(evaluation).pieces[0].site.source.path == "scripts/lib.sh"

    def test_crlf_is_read_as_line_ends(self) -> None:
        evaluation = run("run a \\\r\n  b\r\nrun c\r\n")
        assert [texts(evaluation, 0), texts(evaluation, 1)] == [["run", "a", "b"], ["run", "c"]]
        assert [problem.kind for problem in evaluation.problems] == ["crlf"]


class TestUnknown:
    def test_unset_variable_is_unknown_and_said(self) -> None:
        evaluation = run("run --version $PROMPT_VERSION --b 1\n")
        word = evaluation.commands[0].argv[2]
        assert (word.text, word.many, "PROMPT_VERSION" in word.reason) == (UNKNOWN_TEXT, False, True)
        assert dict(evaluation.problems[0].data) == {"name": "PROMPT_VERSION", "feeds": "--version", "near": "", "own": "no"}

    def test_unset_variable_of_the_scripts_own(self) -> None:
        """Assigned in a comment or later, nearly another's name, small letters, `set -u`: an environment is not meant."""
        for text in ("# DATA=a\nrun --d $DATA\n", "run --d $DATA\nDATA=a\n", "DATAS=a\nrun --d $DATA\n", "set -u\nrun --d $DATA\n"):
            assert ("own", "yes") in run(text).problems[-1].data or ("own", "yes") in run(text).problems[0].data
        assert ("own", "yes") in run("run --d $data\n").problems[0].data
        assert ("own", "no") in run("run --d $DATA --e MY_DATA=a\n").problems[0].data

    def test_unset_list_of_arguments(self) -> None:
        assert run("run a 1 $EXTRA\n").commands[0].argv[-1].many

    def test_provided_variable_is_no_problem(self) -> None:
        evaluation = run("run --n $WORLD_SIZE --m ${WORLD_SIZE:-1}\n")
        assert not evaluation.problems
        assert texts(evaluation)[2::2] == [UNKNOWN_TEXT] * 2

    def test_default_is_what_runs(self) -> None:
        evaluation = run("run ${N:-8}\n")
        assert last(evaluation).known and last(evaluation).text == "8" and not evaluation.problems

    def test_assumed_environment(self) -> None:
        evaluation = run("run ${N:-8} $N\n", N="4")
        assert texts(evaluation) == ["run", "4", "4"] and not evaluation.problems

    def test_arguments_unknown_or_given(self) -> None:
        assert run("run $@\n").commands[0].argv[-1].many
        assert texts(run('run $1 "$@"\n', ("a", "b"))) == ["run", "a", "a", "b"]

    def test_both_branches_are_kept(self) -> None:
        evaluation = run('if [ "$1" = a ]; then M=x; run a; else M=y; run b; fi\nrun $M\n')
        assert [command.certain for command in evaluation.commands] == [False, False, True]
        assert "`x`" in last(evaluation).reason and "`y`" in last(evaluation).reason

    def test_optional_arguments_behind_a_condition(self) -> None:
        evaluation = run('A="--a 1"\nif [ -n "$1" ]; then A="$A --b 2"; fi\nrun $A\n')
        argv = evaluation.commands[0].argv
        assert [word.text for word in argv] == ["run", "--a", "1", UNKNOWN_TEXT] and argv[-1].many

    def test_optional_array_elements(self) -> None:
        argv = run('A=(--a 1)\n[ -n "$1" ] && A+=(--b)\nrun "${A[@]}" x\n').commands[0].argv
        assert [word.many for word in argv] == [False, False, False, True, False]

    def test_unset_test_gives_the_default(self) -> None:
        evaluation = run('if [ -z "$PORT" ]; then PORT=29500; fi\nrun $PORT\n')
        assert last(evaluation).text == "29500" and not evaluation.problems

    def test_usage_guard(self) -> None:
        evaluation = run("if [ $# -lt 1 ]; then echo usage; exit 1; fi\nrun a\n")
        assert evaluation.commands[0].certain

    def test_loop_of_unknown_length(self) -> None:
        evaluation = run("i=0\nwhile [ $i -lt $N ]; do run $i; i=$((i+1)); done\nrun b $i\n")
        assert [command.certain for command in evaluation.commands] == [False, True]
        assert not evaluation.commands[0].argv[1].known and not last(evaluation).known

    def test_endless_loop_with_unknown_end(self) -> None:
        evaluation = run("P=1\nwhile true; do P=$((P+1)); if check $P; then break; fi; done\nrun $P\n")
        assert evaluation.cut == "" and texts(evaluation)[0] == "run" and not last(evaluation).known

    def test_unknown_case(self) -> None:
        evaluation = run("case $1 in a) M=1;; *) M=2;; esac\nrun $M\n")
        assert not last(evaluation).known

    def test_output_of_programs(self) -> None:
        evaluation = run('run --port $(shuf -n 1) "$(date)"\n')
        assert texts(evaluation) == ["run", "--port", UNKNOWN_TEXT, UNKNOWN_TEXT]
        assert not any(word.many for word in evaluation.commands[-1].argv)

    def test_background(self) -> None:
        evaluation = run("run a &\nrun b\n")
        assert [command.background for command in evaluation.commands] == [True, False]

    def test_exec_ends_the_script(self) -> None:
        assert [texts(run("exec run a\nrun b\n"), 0)] == [["run", "a"]]

    def test_source_that_is_not_there(self) -> None:
        evaluation = run("source env.sh\nrun $X\n")
        assert not evaluation.problems and "env.sh" in last(evaluation).reason


class TestFolders:
    def test_cd(self) -> None:
        evaluation = run("cd a\nrun\ncd ..\nrun\ncd /x\nrun\n(cd b; run)\nrun\ncd $D\nrun\n")
        assert [command.cwd for command in evaluation.commands] == ["a", ".", "/x", "/x/b", "/x", None]

    def test_folder_of_the_script(self) -> None:
        evaluation = run('cd "$(dirname "$0")/.."\nrun "$(basename $0)" $(pwd)/x\n')
        assert evaluation.commands[-1].cwd == "."
        assert texts(evaluation)[1:] == ["run.sh", UNKNOWN_TEXT + "/x"]

    def test_script_folder_in_a_variable(self) -> None:
        evaluation = run('D=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)\ncd $D\nrun $D/train.py\n')
        assert evaluation.commands[-1].cwd == "scripts"


class TestProblems:
    def test_quiet_script(self) -> None:
        assert kinds('A=1\nrun --a $A "x $A" ${B:-2} \\\n  --c # note\n') == []

    def test_comment_cuts(self) -> None:
        problem = only("run --a 1 \\\n  # --b 2 \\\n  --c 3 \\\n  --d\n", "cut-command")
        assert problem.site.text == "# --b 2 \\" and dict(problem.data)["lost"] == "--c --d"

    def test_blank_line_cuts(self) -> None:
        problem = only("run --a 1 \\\n\n  --c 3\n", "cut-command")
        assert (dict(problem.data)["cause"], problem.site.line) == ("a blank line", 2)

    def test_missing_backslash_cuts(self) -> None:
        problem = only("run --a 1\n  --c 3\n", "cut-command")
        assert (problem.site.text, problem.site.line) == ("1", 1)

    def test_trailing_blank_cuts(self) -> None:
        text = "run --a 1 \\ \n  --c 3\n"
        assert kinds(text) == ["trailing-backslash-blank", "cut-command"]
        assert only(text, "trailing-backslash-blank").site.text == "\\ "

    def test_comment_behind_the_backslash(self) -> None:
        assert kinds("run --a 1 \\ # why\n  x.y=3\n") == ["trailing-backslash-blank", "cut-command"]

    def test_comment_at_the_end_is_harmless(self) -> None:
        assert kinds("run --a 1 \\\n  # --b 2\nrun c\n") == []

    def test_bad_substitution(self) -> None:
        text = 'b=1\nargs="--n ${b*2}"\nrun $args\n'
        assert kinds(text) == ["bad-substitution"] and texts(run(text)) == ["run"]

    def test_unclosed_quotes(self) -> None:
        problem = only('run a\nrun "b\nrun c\n', "shell-syntax")
        assert (problem.site.text, problem.site.line) == ('"', 2)

    def test_the_rest_is_still_read(self) -> None:
        evaluation = run("run a\nif true; then )\nfi\nrun c $(\nrun d\n")
        assert "shell-syntax" in [problem.kind for problem in evaluation.problems]
        assert texts(evaluation) == ["run", "d"]

    def test_placeholder(self) -> None:
        problem = only("run --m <your_path> --b\n", "placeholder")
        assert problem.site.text == "<your_path>"
        assert texts(run("run --m <your_path> --b\n")) == ["run", "--m", UNKNOWN_TEXT, "--b"]
        assert kinds("sort <in >out\ncat < file\nrun <(ls) >o\n") == []

    def test_full_width(self) -> None:
        found = run("run --a 1\uff0c --b \u201cx\u201d '\uff0c'\necho \uff0c\n").problems
        assert [p.site.text for p in found] == ["\uff0c", "\u201c"]

    def test_division(self) -> None:
        assert kinds("run $((8/0))\n") == ["division-by-zero"]
        assert dict(only("run $((10/4))\n", "inexact-division").data)["quotient"] == "2"
        assert kinds("run $((8/4))\n") == []

    def test_never_exported(self) -> None:
        assert only("CUDA_VISIBLE_DEVICES=0,1\nrun\n", "assignment-never-exported").site.text == "CUDA_VISIBLE_DEVICES=0,1"
        for text in (
            "export CUDA_VISIBLE_DEVICES=0\nrun\n",
            "CUDA_VISIBLE_DEVICES=0 run\n",
            "CUDA_VISIBLE_DEVICES=0\nexport CUDA_VISIBLE_DEVICES\n",
        ):
            assert kinds(text) == []
        assert kinds("CUDA_VISIBLE_DEVICES=0\nrun $CUDA_VISIBLE_DEVICES\n") == []

    def test_what_an_argument_may_replace_is_not_missed(self) -> None:
        """`$1` may be given, so that the variable in its place may never be read."""
        assert kinds('IMAGE="${1:-${OWNER}/image}"\nrun --image $IMAGE\n') == []
        assert "unset-variable" in kinds('IMAGE="${OWNER}/image"\nrun --image $IMAGE\n')

    def test_near_name(self) -> None:
        evaluation = run("LEARNING_RATE=1e-5\nrun --lr $LEARNING_RTAE\n")
        found = {problem.kind: dict(problem.data) for problem in evaluation.problems}
        assert found["unset-variable"]["near"] == "LEARNING_RATE"
        assert found["dead-variable-near-name"] == {"name": "LEARNING_RATE", "near": "LEARNING_RTAE"}

    def test_unset_in_a_test_is_no_problem(self) -> None:
        assert kinds('[ -n "$DEBUG" ] && echo x\nif [[ $MODE == a ]]; then run; fi\nrun ${EXTRA:+x} ${Y-}\n') == []
