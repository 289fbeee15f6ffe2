"""Statements of the scripts here that a walk does not find although they depend on options only: the list may only get shorter."""

_BY_REASON = {
    "text taken apart by patterns, in a loop over it": "qwenvl/data_list.py:27 llava/builders.py:47 llava/builders.py:31",
    "members of enumerations": "enums.py:45 enums.py:43 enums.py:47",
    "an unknown key of a registry that a decorator fills": "hierarchy.py:76",
    "methods with double underscores": "classes_data.py:67 classes_data.py:70 classes_data.py:73 classes_data.py:75 "
    "classes_data.py:77 classes_data.py:52",
    "`match` on lists": "matching.py:25 matching.py:28 matching.py:32 matching.py:34 matching.py:48",
    "loops with many turns, recursion": "arithmetic.py:25 arithmetic.py:46 nested_guards.py:17",
    "leftovers of a parser": "leftovers.py:20 leftovers.py:25",
    "dataclasses copied, tables of them": "replaced.py:36 replaced.py:40",
    "paths": "paths.py:28 paths.py:35",
    "generators, context managers, `while` with `else`": "unusual_flow.py:29 unusual_flow.py:55 unusual_flow.py:20 unusual_flow.py:66",
    "the rest": "aliases_mutation.py:41 comprehensions.py:38 env_guards.py:39 packaged/recipe/checks.py:14 swallowed.py:42",
}
NOT_YET = frozenset(place for places in _BY_REASON.values() for place in places.split())
