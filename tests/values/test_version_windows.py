"""Windows with a gap, which specifiers write with `||`."""

import pytest

from lintune.values.version import Specifiers, Version


@pytest.mark.parametrize(("version", "inside"), [("4.40.2", True), ("4.41.0", False), ("4.50.3", False), ("4.51.0", True)])
def test_either_side_of_a_gap_is_inside(version: str, inside: bool) -> None:
    assert Specifiers.parse("<4.41 || >=4.51").contains(Version.parse(version)) is inside


def test_alternatives_are_never_exact() -> None:
    assert Specifiers.parse("==4.41 || ==4.42").exact is None
    assert Specifiers.parse("==4.41").exact == Version.parse("4.41.0")


def test_a_bad_clause_in_an_alternative_is_refused() -> None:
    with pytest.raises(ValueError, match="not a version clause"):
        Specifiers.parse("<4.41 || new")
