"""What the reader of a script makes of the options is what the parser makes of the words."""

from lintune.frameworks.command_line import parse_command_line
from lintune.frameworks.option_table import option_table
from lintune.launch.word import Piece, Word
from lintune.source.text import Site, Source, Span
from lintune.values.value import Known, Value
from lintune.values.version import Pin, Specifiers
from tests.scripts.oracle.agreement import as_value, read_script
from tests.scripts.oracle.real import Case, Outcome

_PINS = {"transformers": Pin("transformers", Specifiers.parse("==4.51.3")), "trl": Pin("trl", Specifiers.parse("==0.16.0"))}
_TWO_PARSERS = ("leftovers.py",)


def words_of(case: Case) -> list[Word]:
    """The words of a case, as a shell hands them over."""
    site = Site(Source("run.sh", "python"), Span(0, 6))
    return [Word(site, (Piece(text, site),)) for text in case.argv]


def test_values_are_those_of_the_parser(outcomes: list[tuple[Case, Outcome]]) -> None:
    wrong: list[str] = []
    compared = 0
    for case, outcome in outcomes:
        if case.script in _TWO_PARSERS:
            continue
        entry = read_script(case)
        parsed = parse_command_line(words_of(case), option_table(entry, _PINS))
        own = {name for found in entry.dataclasses for name in found.options} | {each.name for each in entry.arguments}
        for name in own & outcome.options.keys():
            told, real = parsed.values.get(name), as_value(outcome.options[name])
            compared += isinstance(told, Known)
            if isinstance(told, Known) and repr(plain(told)) != repr(plain(real)):
                wrong.append(f"{case}: {name} is {plain(real)!r}, not {plain(told)!r}")
    assert not wrong, "\n".join(wrong)
    assert compared > 2500


def plain(value: Value) -> object:
    """The value itself; None for an absent one."""
    return value.value if isinstance(value, Known) else None
