"""Which modules a LoRA target names, and how many parameters that adds, as PEFT counts them.

PEFT takes a text as a regular expression that must match a module's whole name; each matched linear layer, convolution
or embedding gets `rank * (in + out)` parameters (peft/tuners/tuners_utils.py check_target_module_exists, lora/layer.py).
"""

import re
import warnings
from collections.abc import Sequence

from lintune.frameworks.inventory import Module, Part
from lintune.source.record import dataclass

_LONGEST = 500
_MOST_REPEATS = 3
"""Unbounded repetitions on one path through an expression: more of them could take too long on a hostile one."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The modules that a target expression matches."""

    modules: tuple[Module, ...]
    unsupported: int = 0
    """Matches of modules that can hold no LoRA (norms): PEFT raises on them."""

    def parts(self) -> frozenset[Part]:
        """The parts of the model that get LoRA."""
        return frozenset(module.part for module in self.modules)

    def params(self, rank: int) -> int:
        """LoRA parameters at a rank."""
        return sum(rank * sum(module.fan) for module in self.modules if module.fan)


class NotDecided(Exception):
    """The expression is wrong, or too costly to match; the text says which."""


def find_targets(pattern: str, modules: Sequence[Module]) -> Targets:
    """The modules whose whole name the expression matches; raises `NotDecided`."""
    if pattern == "all-linear":
        raise NotDecided("`all-linear` depends on the model's output layer")
    wanted = compiled(pattern)
    matched = [module for module in modules if wanted.fullmatch(module.name)]
    return Targets(tuple(module for module in matched if module.fan), sum(1 for module in matched if not module.fan))


def compiled(pattern: str) -> re.Pattern[str]:
    """The expression, if it can be tried without trying too much; raises `NotDecided`."""
    if len(pattern) > _LONGEST:
        raise NotDecided("the target expression is too long to be tried")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            repeats = _repeats(_parsed(pattern))
            found = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise NotDecided(f"the target expression is not valid: {error}") from None
    if repeats > _MOST_REPEATS:
        raise NotDecided("the target expression repeats too much to be tried")
    return found


def _parsed(pattern: str) -> object:
    try:
        from re import _parser as parser  # type: ignore[attr-defined]
    except ImportError:  # Python 3.10
        import sre_parse as parser
    return parser.parse(pattern)


def _repeats(tree: object) -> int:
    """The largest number of long repetitions on a path; a nested one counts as too many."""
    total = 0
    for operation, argument in tree:  # type: ignore[attr-defined]
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, body = argument
            inner = _repeats(body)
            total += inner if int(high) <= 1 else 1 if inner == 0 else _MOST_REPEATS + 1
            del low
        elif name == "BRANCH":
            total += max(map(_repeats, argument[1]), default=0)
        elif name in ("SUBPATTERN", "ATOMIC_GROUP"):
            total += _repeats(argument[-1] if name == "SUBPATTERN" else argument)
        elif name in ("ASSERT", "ASSERT_NOT"):
            total += _repeats(argument[1])
        elif name.startswith("GROUPREF"):
            total += _MOST_REPEATS + 1
    return total
