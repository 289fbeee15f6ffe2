"""One finding per fault: a variable that nothing sets, aliases that stand for too much."""

from lintune.engine.subjects import file_run
from lintune.source.text import Problem, Site, Source, Span
from lintune.values.value import site_of

TEXT = "a $X b $X c $Y d $X"
SOURCE = Source("run.sh", TEXT)


def problem(kind: str, start: int, message: str = "not set", **data: str) -> Problem:
    """A problem of two characters."""
    return Problem(kind, message, Site(SOURCE, Span(start, start + 2)), tuple(data.items()))


def test_a_variable_is_reported_once_with_its_other_uses() -> None:
    """The first use is the place; the others are further ones."""
    uses = [problem("unset-variable", at, name="X", feeds="--a") for at in (2, 7, 17)]
    run = file_run(SOURCE, "shell", {"shell.problems": [*uses, problem("unset-variable", 12, name="Y", feeds="--b")]})
    first, second = run.items["shell.problems"]
    assert first.site == uses[0].site and second.site is not None and second.site.span.start == 12
    assert [site_of(first.fields[name]) for name in ("second", "third")] == [uses[1].site, uses[2].site]
    assert "fourth" not in first.fields and "second" not in second.fields


def test_uses_that_feed_no_option_stay_apart() -> None:
    """Other rules look at them by place."""
    uses = [problem("unset-variable", at, name="X", feeds="") for at in (2, 7)]
    assert len(file_run(SOURCE, "shell", {"shell.problems": uses}).items["shell.problems"]) == 2


def test_an_alias_bomb_is_one_fault() -> None:
    """However many aliases stand for too much; other faults of aliases are their own."""
    bombs = [problem("yaml-alias", at, "the aliases stand for more than 200,000 values") for at in (0, 5, 9)]
    others = [problem("yaml-alias", at, "the alias `*x` has no anchor") for at in (12, 14)]
    assert len(file_run(SOURCE, "config", {"file.problems": [*bombs, *others]}).items["file.problems"]) == 3
