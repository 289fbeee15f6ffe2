"""A walk through a script says nothing certain that a real run of it, under stubs of the libraries, does not do."""

import pytest

from tests.scripts.oracle.agreement import Agreement, compare, walked
from tests.scripts.oracle.not_yet import NOT_YET
from tests.scripts.oracle.real import Case, Outcome


@pytest.fixture(scope="module")
def agreement(outcomes: list[tuple[Case, Outcome]]) -> Agreement:
    found = Agreement()
    for case, outcome in outcomes:
        try:
            trace = walked(case, outcome)
        except Exception as error:
            found.wrong.append(f"{case}: the walk crashes: {error!r}")
            continue
        compare(case, outcome, trace, found)
    print(dict(found.counts))
    return found


def test_nothing_that_is_certain_is_wrong(agreement: Agreement) -> None:
    assert agreement.wrong == []


def test_every_end_that_depends_on_options_only_is_certain(agreement: Agreement) -> None:
    assert {place: run for place, run in agreement.missed.items() if place not in NOT_YET} == {}
    assert agreement.counts["raises asked and found"] >= 0.75 * agreement.counts["raises asked"]


def test_most_is_decided(agreement: Agreement) -> None:
    counts = agreement.counts
    assert counts["weights decided"] >= 0.8 * counts["weights"]
    assert counts["branches decided"] >= 0.8 * counts["branches"]
    assert counts["training decided"] >= 0.9 * counts["runs"]
    assert counts["messages told"] >= 0.8 * counts["raises found"]


def test_the_scripts_do_end_and_do_train(agreement: Agreement) -> None:
    assert agreement.counts["raises"] > 150
    assert agreement.counts["trains"] > 150
