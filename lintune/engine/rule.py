"""A compiled rule: what the engine runs, made from a page."""

from collections.abc import Callable
from typing import TypeAlias

from lintune.engine.finding import Applicability, Confidence, Severity, Stage
from lintune.engine.kleene import Truth
from lintune.engine.scope import Scope
from lintune.engine.template import Template
from lintune.source.record import dataclass
from lintune.values.value import Data

Condition: TypeAlias = Callable[[Scope], Truth]
Target: TypeAlias = tuple[str, tuple[str, ...]]
"""What `at` points at: ("value", (name,)), ("item", ()), ("launch", ()), ("guard", names),
("given", names): those of them that the user wrote, ("pin", (template source,))."""


@dataclass(slots=True)
class RuleWay:
    """A way out: its settings by dotted name, and what it costs as a template over the run with them."""

    title: Template
    settings: tuple[tuple[str, Data], ...]
    cost: Template
    applicability: Applicability
    rename: Template = ()
    """What the flag at hand (`item`) is replaced by: `--eval_strategy`, or `--optim adafactor` for a switch that is on."""


@dataclass(slots=True)
class Rule:
    """One rule, ready to run. The order of the fields is the order of a compiled row."""

    code: str
    name: str
    family: str
    """The folder of its page."""
    path: str
    """The page, relative to the rules folder."""
    severity: Severity
    confidence: Confidence
    frameworks: tuple[str, ...]
    """Empty: any framework."""
    subject: str
    stage: Stage
    items: str
    """The list that it looks at item by item; empty: the run as a whole."""
    condition: Condition | None
    """None: always in force."""
    names: tuple[str, ...]
    """The dotted names that it reads, its templates' included."""
    versions: tuple[tuple[Template, Template], ...]
    at: tuple[tuple[Target, Template], ...]
    message: Template
    effect: Template
    help: Template
    ways: tuple[tuple[Template, tuple[tuple[str, Data], ...], Template, Applicability, Template], ...]
    check: str
    """`module:function` that yields items instead of a condition, or "engine"."""
    aliases: tuple[str, ...]
    guards: bool
    """Whether it asks for guards of the entry script."""

    @property
    def ways_out(self) -> tuple[RuleWay, ...]:
        """Its ways, made only when a finding needs them."""
        return tuple(RuleWay(*way) for way in self.ways)

    @property
    def tiers(self) -> tuple[str, ...]:
        """What has to be at hand for it to decide: any of script, config, model, pins, dry run; empty: the launch alone."""
        found: list[str] = []
        roots = {name.partition(".")[0] for name in self.names}
        if self.guards or self.frameworks:
            found.append("script")
        if "ds" in roots or any(name.startswith("par.ds.") for name in self.names):
            found.append("config")
        if roots & {"model", "memory", "tune"} or any(name.startswith("derived.t") and "param" in name for name in self.names):
            found.append("model")
        if self.versions:
            found.append("pins")
        if "dry" in roots:
            found.append("dry run")
        return tuple(found)
