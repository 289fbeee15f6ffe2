"""Splitting options as argparse does, for a parser with the same options."""

import argparse
from typing import NoReturn

from hypothesis import given, settings
from hypothesis import strategies as st

from lintune.launch.launcher_options import TORCHRUN
from lintune.launch.option_syntax import split_options
from lintune.launch.word import Piece, Word, word_tail
from lintune.source.text import Site, Source, Span


class Refused(Exception):
    """argparse ends here."""


class Parser(argparse.ArgumentParser):
    """Raises instead of leaving the interpreter."""

    def error(self, message: str) -> NoReturn:
        raise Refused(message)


def reference() -> Parser:
    """A parser with torchrun's options, values kept as text."""
    parser = Parser(add_help=False)
    short = {full: f"-{alias}" for alias, full in TORCHRUN.aliases.items() if len(alias) == 1}
    for name, arity in TORCHRUN.arity.items():
        spellings = [f"--{name}", *([short[name]] if name in short else [])]
        parser.add_argument(*spellings, dest=name, default=None, **({} if arity else {"action": "store_const", "const": "on"}))  # type: ignore[arg-type]
    parser.add_argument("script")
    parser.add_argument("args", nargs=argparse.REMAINDER)
    return parser


REFERENCE = reference()
SPELLINGS = (
    "--nnodes --nnodes=2 --nproc_per_node --nproc_per_node=8 --nproc -m --module -r -r3 --standalone --stand 2 -1 3:1 train.py pkg.mod "
    "--tee=1 -t --rdzv_endpoint=h:1 --rdzv_e h:1 --master_port= --log_dir"
)
WORDS = st.sampled_from(SPELLINGS.split())


def words_of(texts: list[str]) -> list[Word]:
    source = Source("x", " ".join(texts))
    words, at = [], 0
    for text in texts:
        site = Site(source, Span(at, at + len(text)))
        words.append(Word(site, (Piece(text, site),)))
        at += len(text) + 1
    return words


@settings(max_examples=500)
@given(st.lists(WORDS, max_size=7))
def test_splits_as_argparse_does(texts: list[str]) -> None:
    try:
        wanted = REFERENCE.parse_args(texts)
    except Refused:
        return
    words = words_of(texts)
    split = split_options(words, 0, TORCHRUN)
    assert split.exact
    assert [word.text for word in words[split.rest :]] == [wanted.script, *wanted.args]
    given = {name: value for name, value in vars(wanted).items() if value is not None and name not in ("script", "args")}
    assert set(split.given) == set(given)
    for name, value in given.items():
        if TORCHRUN.arity[name]:
            assert split.given[name].text == value


def test_tail_of_a_word_keeps_places_and_unknown_pieces() -> None:
    source = Source("x", '--a="$B"c')
    whole = Site(source, Span(0, len(source.text)))
    known, unknown = Site(source, Span(0, 4)), Site(source, Span(5, 7))
    word = Word(whole, (Piece("--a=", known), Piece("\ufffd", unknown, (), "not set"), Piece("c", whole)))
    tail = word_tail(word, 4)
    assert (tail.text, tail.known, tail.reason) == ("\ufffdc", False, "not set")
    assert word_tail(word, 2).pieces[0].site.text == "a="
