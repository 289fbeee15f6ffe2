"""What the surveys of failures found, entry by entry: `rules/coverage.csv` is complete, and every page has its place in it."""

import csv
import re
from collections import Counter
from itertools import groupby

import pytest

from lintune.engine.catalogue import load_catalogue
from lintune.engine.page import BUILTIN
from lintune.source.data import data_folder

COUNTS = {
    "HF": 273,
    "FK": 76,
    "MC": 12,
    "LL": 21,
    "IV": 23,
    "QW": 12,
    "QS": 18,
    "LF": 118,
    "LX": 35,
    "AX": 119,
    "SW": 38,
    "LG": 11,
    "TT": 15,
    "FC": 2,
    "AH": 3,
    "OR": 11,
    "VE": 11,
    "UN": 9,
}
"""Entries of each survey on 2026-11-25: the Hugging Face stack, failure kinds of issue threads, and frameworks one by one."""
STATUSES = ("covered", "partly", "not decidable before the launch", "not yet")
MOST_NOT_YET = 14
"""Entries that a launch decides and no page speaks of, on 2026-11-25; the number only falls."""
APART = frozenset(("memory", "dryrun", "script", "lintune"))
"""Families that measure, run or walk: what they report is not listed by anybody else."""

with (data_folder("rules") / "coverage.csv").open(encoding="utf-8", newline="") as stream:
    ROWS = list(csv.DictReader(stream))
RULES = {rule.name: rule for rule in load_catalogue().rules}


def prefix(entry: str) -> str:
    """The letters of an entry's id."""
    return entry[:2]


def test_every_entry_of_every_survey_is_there() -> None:
    """Ids are contiguous, in order, and as many as the survey has."""
    for letters, group in groupby(ROWS, key=lambda row: prefix(row["entry"])):
        numbers = [int(row["entry"][2:]) for row in group]
        assert numbers == list(range(1, len(numbers) + 1)), letters
        assert letters == "OW" or len(numbers) == COUNTS[letters], letters
    assert {prefix(row["entry"]) for row in ROWS} == {*COUNTS, "OW"}


@pytest.mark.parametrize("row", ROWS, ids=[row["entry"] for row in ROWS])
def test_a_row_says_what_it_means(row: dict[str, str]) -> None:
    """A claim; pages that exist where it is covered; a reason where it is not."""
    assert row["claim"] and row["status"] in STATUSES
    pages = row["pages"].split()
    assert set(pages) <= set(RULES)
    assert len(pages) == len(set(pages))
    match row["status"]:
        case "covered":
            assert pages
        case "partly":
            assert pages and row["reason"]
        case _:
            assert row["reason"]
    if row["status"] == "not decidable before the launch":
        assert not pages


def test_few_entries_are_left() -> None:
    """What could be decided and is not."""
    assert sum(row["status"] == "not yet" for row in ROWS) <= MOST_NOT_YET


def test_every_page_has_its_place() -> None:
    """A page speaks of an entry, is lintune's own, or belongs to a family apart."""
    placed = Counter(page for row in ROWS for page in row["pages"].split())
    assert sorted(name for name, rule in RULES.items() if name not in placed and rule.family not in APART and rule.check != BUILTIN) == []


def test_own_pages_are_in_no_survey() -> None:
    """One row per page, and no page both ways."""
    own = [row["pages"] for row in ROWS if row["source"] == "lintune"]
    others = {page for row in ROWS if row["source"] != "lintune" for page in row["pages"].split()}
    assert len(own) == len(set(own))
    assert others.isdisjoint(own)


def test_claims_are_words_of_our_own() -> None:
    """No markup, no line breaks, nothing longer than a line."""
    assert [row["entry"] for row in ROWS if re.search(r"[`\n]|\*\*", row["claim"] + row["reason"]) or len(row["claim"]) > 160] == []
