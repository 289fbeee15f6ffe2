"""Random programs over option values: what a walk is certain of is what really happens, whatever the unknown options are.

`tools/walk_fuzz.py` tries as many as one likes.
"""

import warnings
from collections import Counter

from walk_fuzz import check_program, smallest  # type: ignore[import-not-found,unused-ignore]

_PROGRAMS = 200
_SIZE = 14


def test_what_is_certain_of_a_random_program_is_so() -> None:
    counts: Counter[str] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(_PROGRAMS):
            found = check_program(seed, _SIZE, counts)
            assert found is None, f"seed {seed}: {smallest(found, seed)}"
    print(dict(counts))
    assert counts["known ends found"] > 0.5 * counts["known runs"]
