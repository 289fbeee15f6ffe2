"""What `lintune memory` says of one launch."""

from lintune.memory.estimate import Estimate
from lintune.memory.modes import Mode
from lintune.memory.setting import Setting
from lintune.source.record import dataclass


@dataclass(frozen=True, slots=True)
class MemoryOfRun:
    """One launch: its estimate with the alternatives, or why there is none."""

    path: str
    setting: Setting | None = None
    modes: tuple[Mode, ...] = ()
    problem: str = ""

    @property
    def estimate(self) -> Estimate | None:
        """The estimate as configured."""
        return self.modes[0].estimate if self.modes else None

    @property
    def capacity(self) -> int | None:
        """Bytes of the card that the run may use; None where it is not known."""
        if self.setting is None or not self.setting.gpu_bytes:
            return None
        return self.setting.gpu_bytes - self.setting.in_use
