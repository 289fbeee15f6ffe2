"""Qwen-VL: `qwen-vl-finetune/qwenvl/train/train_qwen.py` of the official repositories and scripts made from it.

Read in QwenLM/Qwen3-VL@9658872 `set_model()` and `train()`.
"""

import re

from lintune.frameworks.context import Reading
from lintune.frameworks.gradients import BACKBONE, Gradients, add_modes, either, flag_truths, negated
from lintune.frameworks.image_tokens import add_image_tokens
from lintune.frameworks.inventory import PARTS
from lintune.frameworks.model_counts import add_counts, by_linear
from lintune.frameworks.part_rates import add_rates
from lintune.frameworks.trainer_settings import add_inputs
from lintune.frameworks.vision_language import add_adapter, add_attention, add_model, add_named_files, fields_of
from lintune.run.known import data, number, text
from lintune.run.run import Run
from lintune.run.settings import blocked, derived, fact
from lintune.scripts.entry import EntryScript
from lintune.values.value import Absent, Known, Unknown, Value

NAME = "qwenvl"
_OWN_FIELDS = frozenset(("tune_mm_llm", "tune_mm_mlp", "tune_mm_vision"))
_OWN_FLAGS = frozenset(("tune_mm_llm", "tune_mm_mlp", "tune_mm_vision", "dataset_use", "vision_tower_lr", "data_flatten"))
_INPUTS = (
    ("seq.max_len", "model_max_length"),
    ("media.max_pixels", "max_pixels"),
    ("media.min_pixels", "min_pixels"),
    ("media.frames", "video_max_frames"),
    ("media.video_max_pixels", "video_max_pixels"),
    ("data.train", "dataset_use"),
    ("batch.packing", "data_packing"),
)
_ADAPTER = (("adapter.rank", "lora_r"), ("adapter.alpha", "lora_alpha"), ("adapter.dropout", "lora_dropout"))
_TIED_SIZES = frozenset((("2", 2), ("2.5", 3), ("3", 2), ("3", 4)))


def detect(reading: Reading) -> bool:
    """Whether the script has the three `tune_mm_*` fields; without it, whether the path or the flags are Qwen-VL's."""
    fields = fields_of(reading.script)
    if fields is not None:
        return fields >= _OWN_FIELDS
    return (reading.entry or "").endswith("qwenvl/train/train_qwen.py") or len(reading.words & _OWN_FLAGS) >= 2


def known(reading: Reading) -> EntryScript:
    """The options of the script at the commit that was read."""
    from lintune.frameworks.official_script import known_script

    return known_script(NAME, "finetune", reading.entry or "train_qwen.py")


def fill(run: Run, reading: Reading) -> None:
    """Add the model, the trained set, rates and files."""
    add_inputs(run, _INPUTS)
    add_model(run, run.get("flag.model_name_or_path"), "qwen-vl", "train_qwen.py trains vision language models")
    add_adapter(run, run.get("flag.lora_enable"), _ADAPTER)
    _add_fallbacks(run)
    run.values["model.quant.method"] = fact("none", "train_qwen.py passes no quantisation config")
    run.values["model.tied"] = tied_head(run)
    run.values["model.loaded_as"] = _loaded_as(run.get("model.id"))
    add_attention(run, True, "train_qwen.py asks for FlashAttention-2")
    _add_tuning(run)
    add_counts(run, text(run.get("model.id")), by_linear(lambda linear: linear.role in ("q", "k", "v", "o")))
    _add_rates(run)
    add_image_tokens(run, text(run.get("model.id")))
    add_named_files(run, reading, (), ("model_name_or_path",))


def tied_head(run: Run) -> Value:
    """Whether a Qwen-VL model shares the weights of its head with the input embedding (config.json `tie_word_embeddings`)."""
    model = run.get("model.id")
    name = text(model)
    if name is not None:
        from lintune.models.at_hand import known_model, why_unknown

        listed, why = known_model(run, name), why_unknown(run, name)
        if listed is not None:
            return derived(listed.model.tied, f"config.json of {listed.id}", model)
        if why:
            return Unknown(why, model.origin)
    found = re.search(r"qwen([\d.]+)-vl-(\d+)b", name or "", re.I)
    if found is None:
        return blocked((model,), "whether this model's head is tied to its embedding is not known")
    return derived((found[1], int(found[2])) in _TIED_SIZES, "config.json tie_word_embeddings of the released models", model)


def _loaded_as(model: Value) -> Value:
    """The class that is chosen by the name: see `train()`."""
    name = text(model)
    if name is None:
        return blocked((model,), "the model is not named")
    lower = name.lower()
    if "qwen3" in lower:
        kind = "qwen3-vl-moe" if "a" in lower.rstrip("/").rpartition("/")[2] else "qwen3-vl"
    else:
        kind = "qwen2.5-vl" if "qwen2.5" in lower else "qwen2-vl"
    return derived(kind, "train_qwen.py chooses the class by the name", model)


def _add_fallbacks(run: Run) -> None:
    """`lora_r or 64` and the like: a zero becomes the fallback."""
    for name, fallback in (("adapter.rank", 64), ("adapter.alpha", 128), ("adapter.dropout", 0.05)):
        if name in run.values and number(run.values[name]) == 0:
            run.values[name] = derived(fallback, "train_qwen.py replaces 0", run.values[name])


def _add_tuning(run: Run) -> None:
    values, (vision, mlp, llm, lora) = flag_truths(run, "tune_mm_vision", "tune_mm_mlp", "tune_mm_llm", "lora_enable")
    tied = run.values["model.tied"]
    state = Gradients()
    state.switch(("vision",), vision, values[0], when=negated(lora))
    state.switch(("projector",), mlp, values[1], when=negated(lora))
    state.switch(BACKBONE, llm, values[2], when=negated(lora))
    # `lm_head.requires_grad = False` is set on the module, not on its weight: an untied head stays trained
    head = data(tied)
    state.switch(("lm_head",), state.full["embed"] if head else True if head is False else either(llm, None), tied, when=negated(lora))
    state.adapt(("llm",), lora, values[3], within=PARTS)
    add_modes(run, state, "train_qwen.py set_model()")


def _add_rates(run: Run) -> None:
    """`create_optimizer`: groups only where `mm_projector_lr` is given and not 0; the vision rate is read inside that branch."""
    own = run.get("flag.mm_projector_lr")
    groups: Value = derived(True, "mm_projector_lr is given", own)
    if isinstance(own, Unknown):
        groups = own
    elif isinstance(own, Absent) or (isinstance(own, Known) and not own.value):
        groups = derived(False, "groups are made only with mm_projector_lr", own)
    add_rates(run, {"projector": "mm_projector_lr", "vision": "vision_tower_lr"}, groups)
