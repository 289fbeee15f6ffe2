"""FastChat: `fastchat/train/train.py`, `train_mem.py` and their like train all of a model, `train_lora.py` an adapter on it.

Read in lm-sys/FastChat@0e6d3e4 `train()`.
"""

import re

from lintune.frameworks.context import Reading
from lintune.frameworks.hf_trainer import fill as fill_common
from lintune.frameworks.trainer_settings import add_inputs
from lintune.frameworks.vision_language import add_attention
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.run.known import truth
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived, fact
from lintune.values.value import Absent

NAME = "fastchat"
_ENTRY = re.compile(r"fastchat[./]train[./](train(?:_\w+)?)(?:\.py)?$")
_FULL = frozenset(("train", "train_mem", "train_xformers", "train_baichuan", "train_yuan2", "train_with_template", "train_flant5"))
_ADAPTER = (
    ("adapter.rank", "lora_r"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.bias", "lora_bias"),
    ("adapter.targets", "lora_target_modules"),
)


def detect(reading: Reading) -> bool:
    """Whether the entry is one of FastChat's training scripts."""
    return _ENTRY.search(reading.entry or "") is not None


def fill(run: Run, reading: Reading) -> None:
    """The common vocabulary and the trained set."""
    fill_common(run, reading)
    found = _ENTRY.search(reading.entry or "")
    script = found[1] if found else "train"
    if script == "train_mem":
        add_attention(run, True, "train_mem.py replaces the attention by FlashAttention")
    if script in _FULL:
        run.values["adapter.kind"] = fact("none", f"{script}.py puts no adapter on the model")
        run.values["model.quant.method"] = fact("none", f"{script}.py does not quantise")
    else:
        run.values["adapter.kind"] = fact("lora", f"{script}.py always trains LoRA")
        add_inputs(run, _ADAPTER)
        _add_quantisation(run)
    add_whole_model(run, Method(run.get("adapter.kind"), run.get("adapter.targets")), f"FastChat {script}.py")


def _add_quantisation(run: Run) -> None:
    """`q_lora` loads in NF4 with double quantisation."""
    asked = run.get("flag.q_lora")
    on = truth(asked)
    if on is None or isinstance(asked, Absent):
        run.values["model.quant.method"] = blocked((asked,), "whether the model is quantised is not known")
        return
    run.values["model.quant.method"] = derived("bnb" if on else "none", "`q_lora`", asked)
    if on:
        run.values["model.quant.bits"] = along(4, asked.origin)
        run.values["model.quant.type"] = along("nf4", asked.origin)
        run.values["model.quant.double"] = along(True, asked.origin)
