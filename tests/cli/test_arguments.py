"""The parser of a command's words."""

import pytest

from lintune.cli.arguments import HelpWanted, Parser
from lintune.cli.usage import UsageError


@pytest.fixture
def parser() -> Parser:
    """A switch with a short name, values of each kind, and at most two words."""
    made = Parser("try", "[WORD]", "Try it.", "The end.")
    made.words("paths", limit=2)
    made.switch("--verbose", "say more", "-v")
    made.value("--gpu", "SPEC", "cards")
    made.value("--assume-this", "REQ", "versions", many=True)
    made.value("--format", "FORMAT", "form", choices=("text", "json"), default="text")
    made.value("--launch", "N", "which", default=0)
    return made


def test_options_and_words_in_any_order(parser: Parser) -> None:
    """Values after a blank or `=`, repeated ones collected, `-` a word."""
    given = parser.parse(["a.sh", "--gpu", "8xA100", "-v", "--assume-this=x==1", "--launch", "3", "-", "--assume-this", "y"])
    assert given.paths == ["a.sh", "-"]
    assert (given.gpu, given.verbose, given.assume_this, given.launch, given.format) == ("8xA100", True, ["x==1", "y"], 3, "text")


def test_defaults_are_fresh(parser: Parser) -> None:
    """One command line does not leak into the next."""
    parser.parse(["--assume-this", "x"])
    assert parser.parse([]).assume_this == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--gpus", "1"], "`lintune try` has no option `--gpus` (did you mean `--gpu`?); `lintune try --help` lists them"),
        (["--gpu"], "`--gpu` takes a value: `--gpu SPEC`"),
        (["--gpu", "--verbose"], "`--gpu` takes a value: `--gpu SPEC`"),
        (["--verbose=1"], "`--verbose` takes no value"),
        (["--format", "jsn"], "`--format` does not take `jsn` (did you mean `json`?): it is one of text, json"),
        (["--launch", "two"], "`--launch` takes a number, not `two`"),
        (["a", "b", "c"], "`lintune try` does not take `c`"),
    ],
)
def test_errors(parser: Parser, words: list[str], message: str) -> None:
    """One sentence each."""
    with pytest.raises(UsageError) as caught:
        parser.parse(words)
    assert str(caught.value) == message


def test_help(parser: Parser) -> None:
    """Every option with its value and what it is for."""
    with pytest.raises(HelpWanted) as caught:
        parser.parse(["--help"])
    assert str(caught.value) == (
        "usage: lintune try [WORD]\n\nTry it.\n\noptions:\n"
        "  -v, --verbose           say more\n"
        "  --gpu SPEC              cards\n"
        "  --assume-this REQ       versions\n"
        "  --format FORMAT         form\n"
        "  --launch N              which\n"
        "  -h, --help              show this\n"
        "\nThe end.\n"
    )
