"""The modes of tuning as the launch's own script would carry them out: with its rank, its targets and the copies that it saves."""

from lintune.memory.modes import tunings
from lintune.memory.reading import NotEstimated, setting_of
from lintune.memory.setting import Setting
from lintune.models.shapes import Model
from lintune.plan.change import OTHER, Change
from lintune.plan.spelling import UNKNOWN, spelled
from lintune.run.run import Run
from lintune.source.record import replace

_NAMES = {"LoRA": "lora", "QLoRA": "qlora"}


def own_tunings(run: Run, setting: Setting, model: Model | None = None) -> dict[str, Setting | None]:
    """By the names of the modes; None where the launch's framework has no setting for one. Empty for a launch without options."""
    if run.what_if is None or setting.targets:
        return {}
    found: dict[str, Setting | None] = {}
    for name, changed in tunings(setting):
        if name not in _NAMES:
            continue
        made = spelled(run, Change("tuning", name, (("tuning", _NAMES[name]),), OTHER, lambda each: each))
        flags = {flag: value for flag, value in made.settings if flag.startswith("flag.")}
        if made.missing and UNKNOWN not in made.missing:
            found[name] = None
        if made.missing or not flags:
            continue
        try:
            own = setting_of(run.what_if(flags), model)
        except NotEstimated:
            continue
        if own.targets and bool(own.quant) == bool(changed.quant):
            found[name] = replace(own, gpu_name=setting.gpu_name, gpu_bytes=setting.gpu_bytes, in_use=setting.in_use, world=setting.world)
    return found
