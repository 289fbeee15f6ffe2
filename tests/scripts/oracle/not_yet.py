"""Statements of the scripts here that a walk does not find although they depend on options only: the list may only get shorter."""

_BY_REASON = {
    "leftovers of a parser, a second parser with the first as its parent": "leftovers.py:20 leftovers.py:25 forks/multi_stage.py:38 "
    "forks/multi_stage.py:41 forks/multi_stage.py:43 forks/multi_stage.py:46 forks/multi_stage.py:48 forks/multi_stage.py:50 "
    "forks/multi_stage.py:63",
    "`vars()` of a library's options": "forks/gemma_pack/train.py:35",
    "the name of a caught exception after its handler": "swallowed.py:42",
}
NOT_YET = frozenset(place for places in _BY_REASON.values() for place in places.split())
