"""Whether a plan would bring a fault of its own: the rules, over the launch as it would be."""

from collections.abc import Mapping
from functools import lru_cache

from lintune.engine.evaluate_rules import evaluate_rules
from lintune.engine.finding import Finding
from lintune.engine.rule import Rule
from lintune.memory.setting import Setting
from lintune.plan.change import Change
from lintune.plan.spelling import spelled
from lintune.run.run import Run
from lintune.source.record import dataclass, field
from lintune.values.value import Data, Known, Step

_OWN_QUESTION = "memory"
"""The family of rules that say what a plan is about: whether it fits."""


@dataclass(slots=True)
class Vetting:
    """The rules over one launch, before and after changes."""

    run: Run
    _before: frozenset[str] | None = None
    refused: dict[str, str] = field(default_factory=dict)
    """Plans that were refused, by their changes: the errors that they would bring."""

    def allows(self, changes: tuple[Change, ...], setting: Setting) -> bool:
        """Whether no rule finds an error in the launch with these changes that it does not find in the launch as it stands."""
        error = self.error(changes, setting)
        if error:
            self.refused[" + ".join(change.title for change in changes)] = error
        return not error

    def error(self, changes: tuple[Change, ...], setting: Setting) -> str:
        """The errors that these changes would bring; empty where there are none."""
        then = self._then(changes, setting)
        if then is None:
            return ""
        if self._before is None:
            self._before = frozenset(_errors(self.run))
        return "; ".join(f"{message} ({name})" for name, message in _errors(then).items() if name not in self._before)

    def _then(self, changes: tuple[Change, ...], setting: Setting) -> Run | None:
        """The launch with the changes; None for one whose options are not known."""
        if self.run.what_if is None:
            return None
        wanted = {name: value for change in changes for name, value in spelled(self.run, change).settings}
        then = self.run.what_if({name: value for name, value in wanted.items() if name.startswith("flag.")})
        in_file = {name: value for name, value in wanted.items() if name.startswith("ds.")}
        if in_file:
            then.values.update(_sharded(then, setting, in_file))
        return then


def _sharded(run: Run, setting: Setting, in_file: Mapping[str, Data]) -> Mapping[str, Known[Data]]:
    """The keys of the DeepSpeed file as they would be, and the names of the vocabulary that say how a launch is sharded."""
    origin = run.get("par.ds.stage").origin or (Step("assumed", note="the plan"),)
    found: dict[str, Data] = {**in_file, "par.ds.stage": setting.stage}
    found["par.ds.offload_opt"] = "cpu" if setting.offload_optimizer else "none"
    found["par.ds.offload_param"] = "cpu" if setting.offload_params else "none"
    inner = {f"{name}.{key}": value for name, block in in_file.items() if isinstance(block, Mapping) for key, value in block.items()}
    return {name: Known(value, origin) for name, value in {**found, **inner}.items()}


def _errors(run: Run) -> dict[str, str]:
    """The errors that the rules find, and the warnings of a crash, by name."""
    return {finding.name: finding.message for finding in evaluate_rules(_rules(), run).findings if _stops(finding)}


def _stops(finding: Finding) -> bool:
    return finding.severity == "error" or (finding.severity == "warning" and finding.stage != "whole-run")


@lru_cache(maxsize=1)
def _rules() -> tuple[Rule, ...]:
    from lintune.engine.catalogue import load_catalogue

    return tuple(rule for rule in load_catalogue().rules if rule.severity != "info" and rule.family != _OWN_QUESTION)
