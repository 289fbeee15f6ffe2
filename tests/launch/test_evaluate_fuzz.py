"""Whatever a script holds, it is read and evaluated without an error, and every place slices back to its text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lintune.launch.evaluate import Evaluation, evaluate
from lintune.source.text import Source
from lintune.syntax.shell import parse_shell

TOKENS = st.sampled_from(
    [
        *"\\'\"$`{}()[]<>|&;#*?!~=+-/%:,@^\n \t\r\0",
        *("$(", "${", "$((", "))", "((", "[[", "]]", "<<", "<<<", "<<-", "EOF\n", "${A[@]}", "${A:-", "${#", "$[", "$'", '$"', "\\\n"),
        *("if ", "then ", "else ", "fi\n", "for i in ", "do ", "done\n", "case ", " in ", "esac\n", "while ", ";;", "&&", "||", " | "),
        *("a=", "A=(", "A+=", "$A", "$1", "$@", "x", "1", "--f ", "export ", "local ", "eval ", "read ", "echo ", "printf ", "set -- "),
        *("shift\n", "f() ", "f\n", "exit\n", "source f\n", "declare -A ", "declare -i A=1\n", "unset A\n", "cd ", "getopts ab: o\n"),
        *("mapfile -t A\n", "sed s/a/b/", "tr a b", "cut -d, -f1", "basename ", "$((1/0))", "${A//", "${!A}", "${A:1:2}", "/", "//"),
        *("\u4e2d", "\uff0c", "\U0001f600", "<your_path>", "{1..9}", "{a,"),
    ]
)
SCRIPTS = st.lists(TOKENS, max_size=40).map("".join)


def _checked(text: str, arguments: tuple[str, ...] | None = None) -> Evaluation:
    source = Source("s.sh", text)
    script = parse_shell(source)
    evaluation = evaluate(script, arguments=arguments)
    for span in script.comments:
        assert text[span.start] == "#"
    for problem in evaluation.problems:
        span = problem.site.span
        assert 0 <= span.start <= span.end <= len(problem.site.source.text)
    for command in evaluation.commands:
        for word in command.argv:
            assert 0 <= word.site.span.start <= word.site.span.end <= len(word.site.source.text)
            for piece in word.pieces:
                span = piece.site.span
                assert 0 <= span.start <= span.end <= len(piece.site.source.text)
    return evaluation


@settings(max_examples=600, deadline=None)
@given(SCRIPTS)
def test_any_tokens(text: str) -> None:
    _checked(text)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.sampled_from([None, (), ("a", "b c")]))
def test_any_text(text: str, arguments: tuple[str, ...] | None) -> None:
    _checked(text, arguments)


PLAIN = st.text(st.characters(codec="ascii", min_codepoint=33, exclude_characters="\\'\"$`{}()[]<>|&;#*?!~="), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.lists(PLAIN, min_size=1, max_size=6), st.sampled_from([" ", "  ", " \\\n  "]))
def test_words_in_a_variable_slice_back(words: list[str], gap: str) -> None:
    """Every word split from `$ARGS` points at its own characters in the assignment."""
    text = f'ARGS="{gap.join(words)}"\nrun $ARGS\n'
    evaluation = _checked(text)
    argv = evaluation.commands[0].argv[1:]
    assert [word.text for word in argv] == words
    for word in argv:
        assert "".join(piece.site.text for piece in word.pieces) == word.text
        assert word.pieces[0].via[0].text == "$ARGS"


def test_work_is_bounded() -> None:
    for text in (
        "while true; do :; done\n",
        "f() { f; f; }; f\n",
        "A=aaaaaaaaaa\n" + "A=$A$A$A$A\n" * 30 + "run $A\n",
        "run " + "{1..1000}" * 6 + "\n",
        "for ((;;)); do run x; done\n",
        "A=x; while [ $U ]; do A=$A$A; while [ $V ]; do A=$A$A; while [ $W ]; do A=$A$A; done; done; done\n",
        'eval \'eval "$0"\'\nA=\'eval "$A"\'; eval "$A"\n',
        "run " + "$(" * 500 + "\n",
        "(" * 3000 + "\n",
        "run ${A:-" * 400 + "\n",
        "echo $((" + "(" * 400 + "1" + ")" * 400 + "))\n",
        'A="' + "a" * 3000 + '"; run ${A##*a*a*a*a*a*b}\n',
        '"\n' * 3000,
    ):
        _checked(text)


def test_what_was_cut_is_said() -> None:
    assert "stopped after" in _checked("run a\nwhile true; do :; done\nrun b\n").cut
    assert "`A`" in _checked("A=aaaaaaaaaa\n" + "A=$A$A$A$A\n" * 30).cut
    assert _checked("run a\n").cut == ""
