"""What the user says about a run beyond its files: versions, cards, the environment, arguments of the script."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lintune.source.record import dataclass, field
from lintune.values.value import Origin
from lintune.values.version import Pin

if TYPE_CHECKING:
    from lintune.run.gpu import Gpu


@dataclass(frozen=True, slots=True)
class Assumptions:
    """From `--assume`, `--gpu`, `--env` and the config, in the order in which they win."""

    pins: Mapping[str, Pin] = field(default_factory=dict)
    """By normalised package name: versions from `--assume` or `[assume]`; they win over requirement files."""
    installed: Mapping[str, Pin] = field(default_factory=dict)
    """Packages of the interpreter named by `--env`; they fill what neither assumptions nor files say."""
    gpu: "Gpu | None" = None
    gpu_origin: Origin = ()
    environment: Mapping[str, str] | None = None
    """Environment variables that are known to be set when the script starts; None where nothing was said."""
    arguments: tuple[str, ...] | None = None
    """The script's own arguments; None where nothing was said."""
