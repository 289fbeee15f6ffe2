"""The shell tree: every span slices back, comments are comments, and broken text is still read."""

from lintune.source.text import Source
from lintune.syntax.shell import Script, parse_shell
from lintune.syntax.shell.nodes import Case, For, Function, Group, If, Literal, Parameter, Simple, Substitution, While
from lintune.syntax.shell.nodes import Test as Brackets


def parse(text: str) -> Script:
    return parse_shell(Source("run.sh", text))


def simple(text: str) -> Simple:
    node = parse(text).body[0].first.commands[0]
    assert isinstance(node, Simple)
    return node


def test_words_slice_back() -> None:
    text = "FOO=1 run --a 'b c' \"$X y\" d\\ e \\\n  ${Y:-z} $(echo q) >out # note\n"
    node = simple(text)
    assert [text[word.span.start : word.span.end] for word in node.words] == [
        *("run", "--a", "'b c'", '"$X y"', "d\\ e", "${Y:-z}", "$(echo q)"),
    ]
    assert text[node.span.start : node.span.end].startswith("FOO=1 run") and text[node.span.start : node.span.end].endswith("$(echo q)")
    assert [redirect.operator for redirect in node.redirects] == [">"]


def test_literals_slice_back() -> None:
    text = "run a'b'\"c\"$D\n"
    parts = simple(text).words[1].parts
    assert [(part.text, text[part.span.start : part.span.end]) for part in parts if isinstance(part, Literal)] == [
        ("a", "a"),
        ("b", "b"),
        ("c", "c"),
    ]
    assert [part.name for part in parts if isinstance(part, Parameter)] == ["D"]


def test_comments() -> None:
    text = "# one\nrun a#b '# no' \"# no\" $# # two\ncat <<E\n# no\nE\n  # three\n"
    assert [text[span.start : span.end] for span in parse(text).comments] == ["# one", "# two", "# three"]


def test_compound_commands() -> None:
    text = "if a; then b; fi\nfor i in 1; do c; done\nwhile a; do b; done\ncase x in y) z;; esac\nf() { a; }\n[[ -n x && y ]]\n(a)\n"
    kinds = [type(statement.first.commands[0]) for statement in parse(text).body]
    assert kinds == [If, For, While, Case, Function, Brackets, Group]
    assert parse(text).problems == ()


def test_nested_substitution_spans() -> None:
    text = 'run "$(basename "$(dirname "$X")")"\n'
    part = simple(text).words[1].parts[0]
    assert isinstance(part, Substitution) and text[part.span.start : part.span.end] == '$(basename "$(dirname "$X")")'


def test_backtick_in_backticks() -> None:
    text = "run `echo \\`echo a\\``\n"
    part = simple(text).words[1].parts[0]
    assert isinstance(part, Substitution)
    inner = part.body[0].first.commands[0]
    assert isinstance(inner, Simple) and isinstance(inner.words[1].parts[0], Substitution)


def test_reserved_words_are_words_elsewhere() -> None:
    assert parse("echo if then fi do done { } !\nrun --x=if\n").problems == ()


def test_heredoc_after_other_words() -> None:
    text = "cat <<A; run b\nbody $X\nA\nrun c\n"
    names = [
        statement.first.commands[0].words[0].literal() for statement in parse(text).body if isinstance(statement.first.commands[0], Simple)
    ]
    assert names == ["cat", "run", "run"]


def test_broken_text_is_located_and_the_rest_is_read() -> None:
    for text, place in (
        ("run )\nrun b\n", ")"),
        ("fi\nrun b\n", "fi"),
        ("run 'a\nrun b\n", "'"),
        ("run $(a\nrun b\n", "$("),
        ("run ${a\nrun b\n", "${"),
    ):
        script = parse(text)
        assert [problem.kind for problem in script.problems] == ["shell-syntax"], text
        assert script.problems[0].site.text == place
        last = script.body[-1].first.commands[0]
        assert isinstance(last, Simple) and [word.literal() for word in last.words] == ["run", "b"], text


def test_missing_ends() -> None:
    for text in (
        "if a; then b\n",
        "for i in 1; do b\n",
        "case x in\n",
        "{ a\n",
        "(a\n",
        "f() {\n",
        "[[ a\n",
        "a=(1\n",
        "cat <<E\n",
        "a <\n",
    ):
        assert "shell-syntax" in [problem.kind for problem in parse(text).problems], text


def test_nothing_and_little() -> None:
    for text in ("", "\n", "#", "\\", " ", "\0", ";", "&", "\ufeff"):
        parse(text)
