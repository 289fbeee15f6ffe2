"""What `lintune memory` says of one launch."""

from lintune.memory.estimate import Estimate
from lintune.memory.modes import Mode
from lintune.memory.setting import Setting
from lintune.run.gpu import usable_bytes
from lintune.run.known import data, text, whole
from lintune.run.run import Run
from lintune.source.record import dataclass
from lintune.values.value import Unknown


@dataclass(frozen=True, slots=True)
class Traced:
    """What the dry run traced, per GPU; or why it traced nothing."""

    sizes: tuple[tuple[str, int], ...] = ()
    """allocated, reserved, device, low, high, as far as the trace gives them; in bytes."""
    peak: str = ""
    """The phase and operator of the peak."""
    assumptions: tuple[str, ...] = ()
    problem: str = ""


_SIZES = ("allocated", "reserved", "device", "low", "high")


def traced_of(run: Run) -> Traced:
    """The traced figures of a run that was run dry."""
    sizes = tuple((name, size) for name in _SIZES if (size := whole(run.get(f"dry_run.{name}_bytes"))) is not None)
    if not sizes:
        found = run.get("dry_run.allocated_bytes")
        return Traced(problem=found.reason if isinstance(found, Unknown) else "the dry run traced nothing")
    peak = " ".join(word for word in (text(run.get("dry_run.peak_phase")), text(run.get("dry_run.peak_operator"))) if word)
    said = data(run.get("dry_run.assumptions"))
    return Traced(sizes, peak, tuple(map(str, said)) if isinstance(said, tuple) else ())


@dataclass(frozen=True, slots=True)
class MemoryOfRun:
    """One launch: its estimate with the alternatives, or why there is none."""

    path: str
    setting: Setting | None = None
    modes: tuple[Mode, ...] = ()
    problem: str = ""
    traced: Traced | None = None
    """Where a trace was asked for (`--exact`)."""

    @property
    def disagreement(self) -> float | None:
        """How far the closed form's allocated peak is off the traced one, in percent of the latter; None without both."""
        exact = dict(self.traced.sizes).get("allocated") if self.traced else None
        return 100 * (self.estimate.allocated - exact) / exact if exact and self.estimate else None

    @property
    def estimate(self) -> Estimate | None:
        """The estimate as configured."""
        return self.modes[0].estimate if self.modes else None

    @property
    def capacity(self) -> int | None:
        """Bytes of the card that the run may use, less what the driver keeps and what is taken already; None where it is not known."""
        if self.setting is None or not self.setting.gpu_bytes:
            return None
        return usable_bytes(self.setting.gpu_name, self.setting.gpu_bytes) - self.setting.in_use
