"""The learning rate that each trained part really gets: its own group's, or the common one."""

from collections.abc import Mapping

from lintune.frameworks.inventory import PARTS, Part
from lintune.run.known import number, text, truth
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.values.value import Absent, Value


def add_rates(run: Run, rates: Mapping[Part, str], groups: Value | None = None) -> None:
    """Set `optim.lr_of.PART` from the flags that ask for rates of their own, and `derived.effective_lr_of.PART`.

    `groups` says whether the trainer builds groups at all (default: it does). With an `optimizer` block in the DeepSpeed
    file nobody asks the trainer (transformers integrations/deepspeed.py `deepspeed_optim_sched`), and all parts get one rate.
    """
    run.values["optim.own_groups"] = _groups(run, groups)
    for part, flag in rates.items():
        run.values[f"optim.lr_of.{part}"] = run.get(f"flag.{flag}")
    for part in PARTS:
        run.values[f"derived.effective_lr_of.{part}"] = _rate(run, part, rates.get(part))


def _groups(run: Run, groups: Value | None) -> Value:
    block = run.get("par.ds.has_optimizer")
    match truth(block):
        case True:
            return derived(False, "the optimizer block of the DeepSpeed file decides", block)
        case False:
            return groups if groups is not None else derived(True, "the trainer makes groups", block)
    return blocked((block,), "the DeepSpeed file was not read")


def _rate(run: Run, part: Part, flag: str | None) -> Value:
    mode, common = run.get(f"tune.{part}.mode"), run.get("derived.effective_lr")
    if text(mode) == "frozen" or isinstance(mode, Absent):
        return Absent()
    if text(mode) is None:
        return blocked((mode,), "whether the part is trained is not known")
    own = run.get(f"flag.{flag}") if flag else Absent()
    if isinstance(own, Absent):
        return common
    grouped = run.get("optim.own_groups")
    match truth(grouped):
        case True:
            return along(rate, own.origin) if (rate := number(own)) is not None else own
        case False:
            return common
    return blocked((grouped,), "whether the trainer makes groups is not known")
