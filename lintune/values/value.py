"""A setting's value: known, unknown or absent, never collapsed to `None`, with the chain of where it came from."""

from collections.abc import Mapping
from typing import Generic, Literal, TypeAlias, TypeVar

from lintune.source.record import dataclass
from lintune.source.text import Site

Data: TypeAlias = str | int | float | bool | tuple["Data", ...] | Mapping[str, "Data"] | None
"""What a known value may hold."""

StepKind = Literal[
    "flag", "variable", "environment", "config", "deepspeed", "accelerate", "default", "derived", "assumed", "script", "pin", "model"
]


@dataclass(frozen=True, slots=True)
class Step:
    """One link of an origin chain: how the value came here and where that is written.

    `flag` the command line's option; `variable` a shell assignment; `environment` an environment variable;
    `config` a YAML / JSON / TOML key; `deepspeed`, `accelerate` a key of those files; `default` an option's default
    (site: the field in the script, if it was read; note: "default of transformers 4.51.3" or the like);
    `derived` computed by lintune (note: how); `assumed` from `--assume`, `--gpu` or the config; `script` a call in a
    Python script; `pin` a requirement; `model` a fact of the model.
    """

    kind: StepKind
    site: Site | None = None
    note: str = ""


Origin: TypeAlias = tuple[Step, ...]
"""From the place of use (first) to the place where the value was first written (last)."""

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """A value that is certain."""

    value: T_co
    origin: Origin = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that exists or may exist, but cannot be told from the files at hand."""

    reason: str
    """Why, in a few words: "`$MODEL` is not set in this script"."""
    origin: Origin = ()
    settle: str = ""
    """The one thing that would settle it: `--assume transformers==...`, `--gpu ...`, a file, a variable."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A value that is certainly not given and has no default."""

    origin: Origin = ()


Value: TypeAlias = Known[Data] | Unknown | Absent


def is_default(value: Value) -> bool:
    """Whether the value was not written by the user but is some release's or script's default."""
    return bool(value.origin) and value.origin[0].kind == "default"


def site_of(value: Value) -> Site | None:
    """The nearest written place of a value: the first step that has one and is not a default."""
    for step in value.origin:
        if step.kind != "default" and step.site is not None:
            return step.site
    return None
