"""2U1/Qwen-VL-Series-Finetune and its siblings for SmolVLM, Gemma 3, Llama 3.2 Vision and Phi-3 Vision.

Read in 2U1/Qwen-VL-Series-Finetune@93fef86, SmolVLM-Finetune@b3c2cfa, Gemma3-Finetune@5a65b27,
Llama3.2-Vision-Finetune@d50aedf and Phi3-Vision-Finetune@9e1a5e6, `train()`.
"""

import re
from itertools import pairwise

from lintune.frameworks.context import Reading
from lintune.frameworks.gradients import LANGUAGE, Gradients, add_modes, flag_truths, negated
from lintune.frameworks.image_tokens import add_image_tokens
from lintune.frameworks.inventory import Part
from lintune.frameworks.model_counts import add_counts, by_linear
from lintune.frameworks.part_rates import add_rates
from lintune.frameworks.trainer_settings import add_inputs
from lintune.frameworks.vision_language import add_adapter, add_attention, add_bits, add_model, add_named_files, fields_of
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import derived, fact
from lintune.scripts.entry import EntryScript
from lintune.source.record import dataclass
from lintune.values.value import Absent, Known, Unknown, Value

NAME = "qwen2u1"


@dataclass(frozen=True, slots=True)
class Sibling:
    """What differs between the repositories of one author."""

    name: str
    projector: str
    """How the projector is called in the options: `freeze_<projector>`, `tune_<projector>`, `<projector>_lr`."""
    model: re.Pattern[str]
    nested: bool = False
    """Whether the projector's parameters carry the vision tower's name, so that what unfreezes that one unfreezes both."""
    adapted: bool = False
    """Whether the projector gets LoRA although the vision tower gets none."""
    linear: bool = True
    """Whether the projector has a linear layer, which LoRA on the vision side would adapt."""
    table: str = ""
    """The stem of its option table, where it was read."""


_SIBLINGS = (
    Sibling("qwen-vl", "merger", re.compile(r"qwen", re.I), nested=True, table="qwen"),
    Sibling("smolvlm", "connector", re.compile(r"smolvlm|idefics", re.I), adapted=True, table="smolvlm"),
    Sibling("gemma3", "projector", re.compile(r"gemma", re.I), linear=False, table="gemma3"),
    Sibling("llama3.2-vision", "img_projector", re.compile(r"llama", re.I), table="llama32-vision"),
    Sibling("phi3-vision", "img_projector", re.compile(r"phi-?[34]", re.I)),
)
_LAYOUT = re.compile(r"(?:^|/)src/(?:train|training)/train(?:_sft|_dpo|_grpo|_cls)?\.py$")
_NEW_LAYOUT = re.compile(r"(?:^|/)src/train/train_(sft|dpo|grpo|cls)\.py$")
_OWN_FIELDS = frozenset(("freeze_vision_tower", "lora_namespan_exclude", "vision_lora"))
_OWN_FLAGS = frozenset(
    [
        "vision_lora",
        "lora_namespan_exclude",
        "num_lora_modules",
        "freeze_vision_tower",
        "lora_enable",
        "freeze_llm",
        *(f"{verb}_{sibling.projector}" for sibling in _SIBLINGS for verb in ("freeze", "tune")),
        "unfreeze_topk_llm",
        "unfreeze_topk_vision",
        "merger_lr",
        "vision_lr",
        "disable_flash_attn2",
    ]
)
_INPUTS = (
    ("seq.max_len", "max_seq_length"),
    ("media.min_pixels", "image_min_pixels"),
    ("media.max_pixels", "image_max_pixels"),
    ("media.video_max_pixels", "video_max_pixels"),
    ("media.fps", "fps"),
    ("media.frames", "nframes"),
    ("data.train", "data_path"),
    ("data.eval", "eval_path"),
    ("data.media_root", "image_folder"),
    ("mem.liger", "use_liger"),
)
_ADAPTER = (
    ("adapter.rank", "lora_rank"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.bias", "lora_bias"),
)
_REOPENS = r"get_peft_model\([\s\S]*?if not \w+\.freeze_vision_tower:\s+for \w+, \w+ in"
"""After PEFT froze everything, the vision tower is switched on again."""


def detect(reading: Reading) -> bool:
    """Whether the script has the fields that the siblings share; without it, whether the path or the flags are theirs."""
    fields = fields_of(reading.script)
    if fields is not None:
        return fields >= _OWN_FIELDS
    count = len(reading.words & _OWN_FLAGS)
    needed = 0 if _NEW_LAYOUT.search(reading.entry or "") else 1 if _LAYOUT.search(reading.entry or "") else 3
    return count >= needed and (needed == 3 or "model_id" in reading.words)


def known(reading: Reading) -> EntryScript | None:
    """The options of the sibling's script at the commit that was read; None for a layout of before (`src/training/train.py`)."""
    from lintune.frameworks.official_script import known_script

    entry = reading.entry or ""
    stage = _NEW_LAYOUT.search(entry)
    sibling = _sibling(frozenset(), reading.words, _named_model(reading))
    if stage is None or not sibling.table or (sibling.name != "qwen-vl" and stage[1] != "sft"):
        return None
    return known_script(NAME, f"{sibling.table}-{stage[1]}", entry)


def _named_model(reading: Reading) -> str:
    words = reading.launch.args
    found = [after.text for word, after in pairwise(words) if word.text == "--model_id" and after.known]
    return found[-1] if found else ""


def _sibling(fields: frozenset[str], words: frozenset[str], model: str) -> Sibling:
    """By the projector's flag in the script or on the command line, then by the model."""
    for names in (fields, words):
        for sibling in _SIBLINGS:
            if names & {f"freeze_{sibling.projector}", f"tune_{sibling.projector}"} and (
                sibling.projector != "img_projector" or sibling.model.search(model)
            ):
                return sibling
    return next((sibling for sibling in _SIBLINGS if sibling.model.search(model)), _SIBLINGS[0])


def fill(run: Run, reading: Reading) -> None:
    """Add the model, the trained set, rates and files."""
    name = run.get("flag.model_id")
    add_inputs(run, _INPUTS)
    sibling = _sibling(fields_of(reading.script) or frozenset(), reading.words, text(name) or "")
    add_model(run, name, sibling.name, "the script trains vision language models")
    run.values["launch.sibling"] = derived(sibling.name, "by the projector's flag and the model", name)
    run.values["launch.layout"] = fact("new" if _NEW_LAYOUT.search(reading.entry or "") else "old", reading.entry or "")
    run.values["task.stage"] = _stage(reading)
    add_adapter(run, run.get("flag.lora_enable"), _ADAPTER)
    add_bits(run)
    slow = run.get("flag.disable_flash_attn2")
    add_attention(run, negated(truth(slow)), "FlashAttention-2 unless disable_flash_attn2", slow)
    _add_tuning(run, reading, sibling)
    if text(run.get("task.stage")) != "cls" and (whole(run.get("flag.num_lora_modules")) or -1) < 0:
        add_counts(run, text(name), by_linear(lambda linear: True))
    spellings = (f"{sibling.projector}_lr", "projector_lr", "merger_lr")
    own = next((name for name in spellings if not isinstance(run.get(f"flag.{name}"), Absent)), spellings[0])
    add_rates(run, {"vision": "vision_lr", "projector": own}, _groups(run, reading))
    add_image_tokens(run, text(name))
    add_named_files(run, reading, ("data_path", "eval_path"), ("model_id",))


def _stage(reading: Reading) -> Value:
    found = re.search(r"train_(sft|dpo|grpo|cls)\.py$", reading.entry or "")
    return fact(found[1] if found else "sft", "by the entry script's name")


def _groups(run: Run, reading: Reading) -> Value:
    """Whether the trainer of the stage builds groups: the DPO trainer of the repository does not."""
    if reading.script is not None:
        from lintune.frameworks.walked_calls import walked_groups

        return walked_groups(run)
    return fact(text(run.get("task.stage")) != "dpo", "the repository's DPO trainer has no create_optimizer")


def _projector(run: Run, sibling: Sibling) -> tuple[Value, bool | None]:
    """The flag that rules the projector, and whether it lets it train."""
    freeze, tune = run.get(f"flag.freeze_{sibling.projector}"), run.get(f"flag.tune_{sibling.projector}")
    if isinstance(tune, Known) or isinstance(freeze, Absent):
        return tune, truth(tune)
    return freeze, negated(truth(freeze))


def _add_tuning(run: Run, reading: Reading, sibling: Sibling) -> None:
    values, (lora, no_llm, no_vision, vision_lora) = flag_truths(run, "lora_enable", "freeze_llm", "freeze_vision_tower", "vision_lora")
    flag, projector = _projector(run, sibling)
    state = Gradients()
    state.switch(("vision",), negated(no_vision), values[2])
    state.switch(("projector",), projector, flag)
    state.switch(LANGUAGE, negated(no_llm), values[1])
    for part, name in (("llm", "unfreeze_topk_llm"), ("vision", "unfreeze_topk_vision")):
        layers = whole(run.get(f"flag.{name}"))
        if layers and lora is False:
            state.some_layers(part, f"topk:{layers}", run.get(f"flag.{name}"))  # type: ignore[arg-type]  # a literal
    _add_lora(run, state, sibling, lora, vision_lora, values)
    reopens = _reopens(run, reading, sibling)
    opened = None if lora is None or reopens is None else lora and reopens
    both: tuple[Part, ...] = ("vision", "projector") if sibling.nested else ("vision",)
    if no_vision is not True:
        state.switch(both, True, values[2], when=None if no_vision is None and opened else opened)
    if projector is not False:
        state.switch(("projector",), True, flag, when=None if projector is None and opened else opened)
    add_modes(run, state, "the script's train()")


def _add_lora(run: Run, state: Gradients, sibling: Sibling, lora: bool | None, vision: bool | None, values: tuple[Value, ...]) -> None:
    """LoRA on every linear and embedding module whose name holds none of the excluded words."""
    excluded = run.get("flag.lora_namespan_exclude")
    words = text(excluded) if isinstance(excluded, Known) and excluded.value is not None else ""
    state.adapt(("llm",), lora, values[0])
    if words is None or isinstance(excluded, Unknown):
        for part in ("embed", "lm_head"):
            state.lora[part] = False if lora is False else None
    else:
        inner: dict[Part, str] = {"embed": "embed_tokens", "lm_head": "lm_head"}
        for part, name in inner.items():
            state.lora[part] = False if name in words else lora
    if (whole(run.get("flag.num_lora_modules")) or -1) > 0 and lora is not False:
        state.lora["embed"] = None
    seen = lora if vision else vision if lora else False if vision is False or lora is False else None
    state.lora["vision"] = seen
    if not sibling.linear:
        return
    state.lora["projector"] = lora if sibling.adapted and words is not None and "connector" not in words else seen


def _reopens(run: Run, reading: Reading, sibling: Sibling) -> bool | None:
    """Whether the script switches the vision tower and the projector on again after PEFT froze them."""
    if reading.script is not None:
        return reading.script.matches(_REOPENS)
    if text(run.get("task.stage")) == "grpo":
        return False
    return None if sibling.name == "phi3-vision" else True
