"""LLaVA and its forks: `llava/train/train.py` (LLaVA-NeXT's `mm_tunable_parts` too), Video-LLaVA, TinyLLaVA's recipes.

Read in haotian-liu/LLaVA@c121f04, LLaVA-VL/LLaVA-NeXT@df17966 and PKU-YuanGroup/Video-LLaVA@984e65b `train()`.
"""

import re

from lintune.frameworks.context import Reading
from lintune.frameworks.gradients import BACKBONE, LANGUAGE, Gradients, add_modes, either, flag_truths, negated
from lintune.frameworks.inventory import Part
from lintune.frameworks.model_counts import add_counts, by_linear
from lintune.frameworks.part_rates import add_rates
from lintune.frameworks.trainer_settings import add_inputs
from lintune.frameworks.vision_language import add_adapter, add_attention, add_bits, add_model, add_named_files, fields_of
from lintune.run.known import text
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived, fact
from lintune.scripts.entry import EntryScript
from lintune.values.value import Absent, Known, Step, Unknown, Value

NAME = "llava"
_OWN_FIELDS = frozenset(("tune_mm_mlp_adapter", "mm_projector_type", "vision_tower"))
_OWN_FLAGS = frozenset(
    [
        "mm_projector_type",
        "tune_mm_mlp_adapter",
        "mm_tunable_parts",
        "pretrain_mm_mlp_adapter",
        "mm_use_im_start_end",
        "mm_use_im_patch_token",
        "mm_vision_select_layer",
        "freeze_mm_mlp_adapter",
        "mm_vision_select_feature",
    ]
)
_NEXT_FLAGS = frozenset(
    [
        "mm_tunable_parts",
        "unfreeze_mm_vision_tower",
        "mm_vision_tower_lr",
        "image_grid_pinpoints",
        "mm_newline_position",
        "frames_upbound",
        "mm_spatial_pool_stride",
        "mm_spatial_pool_mode",
        "mm_resampler_type",
    ]
)
_RECIPES = frozenset(("tune_type_llm", "tune_type_connector", "tune_type_vision_tower"))
_INPUTS = (
    ("model.template", "version"),
    ("seq.max_len", "model_max_length"),
    ("data.train", "data_path"),
    ("data.media_root", "image_folder"),
    ("batch.group_by_modality", "group_by_modality_length"),
)
_RESTORED = r"[\"']lora_[\"'] in \w+:\s*\w+\.requires_grad(?:_\(True\)| = True)"
"""Switching the adapter's parameters on again after everything was frozen."""
_TUNABLE: dict[str, tuple[Part, ...]] = {
    "mm_mlp_adapter": ("projector",),
    "mm_vision_tower": ("vision",),
    "mm_language_model": LANGUAGE,
}


def detect(reading: Reading) -> bool:
    """Whether the script has LLaVA's fields; without it, whether the path or the flags are LLaVA's."""
    fields = fields_of(reading.script)
    if fields is not None and _has_other_towers(reading):
        return False
    if fields is not None:
        return fields >= _OWN_FIELDS or fields >= _RECIPES
    entry = reading.entry or ""
    if entry.endswith(".py") and "llava/train/train" in entry:
        return True
    return len(reading.words & _OWN_FLAGS) >= 2 or "mm_tunable_parts" in reading.words or len(reading.words & _RECIPES) >= 2


def _has_other_towers(reading: Reading) -> bool:
    """Whether a fork is given its towers otherwise (`vision_tower_aux_list`): its own code tells what it trains then."""
    if reading.words & {"vision_tower", "image_tower", "video_tower"}:
        return False
    return any(name.startswith(("vision_tower_", "image_tower_")) and not name.endswith(("_lr", "_pretrained")) for name in reading.words)


def known(reading: Reading) -> EntryScript | None:
    """The options of the script that a launch without one at hand most likely starts."""
    from lintune.frameworks.official_script import known_script

    entry = reading.entry or "train.py"
    if reading.words & _RECIPES:
        return None
    if reading.words & _NEXT_FLAGS:
        return known_script(NAME, "llava-next", entry)
    return known_script(NAME, "video-llava" if "videollava/" in entry else NAME, entry)


def fill(run: Run, reading: Reading) -> None:
    """Add the model, the trained set, rates and files."""
    add_inputs(run, _INPUTS)
    name = run.get("flag.model_name_or_path")
    name = run.get("flag.model_path") if isinstance(name, Absent) else name  # VideoLLaMA2's spelling
    add_model(run, name, "llava", "LLaVA's train.py trains vision language models")
    add_adapter(run, run.get("flag.lora_enable"))
    add_bits(run)
    if (reading.entry or "").endswith("train_mem.py") and not isinstance(run.get("flag.attn_implementation"), Known):
        add_attention(run, True, "train_mem.py asks for FlashAttention-2")
    _add_media(run)
    _add_templates(run, reading)
    run.values["model.vision_tower"] = run.get("flag.vision_tower")
    run.values["model.pretrained_projector"] = run.get("flag.pretrain_mm_mlp_adapter")
    if "tune_type_llm" in _given(run, reading):
        _fill_recipe(run)
    else:
        _fill_parts(run, reading)
    add_counts(run, _counted_as(run), by_linear(lambda linear: True))
    _add_widths(run)
    add_rates(run, {"projector": "mm_projector_lr", "vision": "mm_vision_tower_lr"})
    add_named_files(run, reading, ("data_path",), ("model_name_or_path",))


_VICUNA = re.compile(r"(?:^|/)vicuna-(7|13)b(?:-v1\.[135])?/?$", re.I)


def _counted_as(run: Run) -> str | None:
    """The known model whose modules are those of this run: Vicuna with CLIP-336 and a two-layer projector is LLaVA-1.5."""
    name, tower = text(run.get("model.id")), text(run.get("flag.vision_tower"))
    base = _VICUNA.search(name or "")
    usual = (tower or "").endswith("clip-vit-large-patch14-336") and text(run.get("flag.mm_projector_type")) == "mlp2x_gelu"
    if base is not None:
        whole = f"liuhaotian/llava-v1.5-{base[1]}b"
        return whole if usual and _same_language(run, str(name), whole) else None
    return name if name is not None and "llava" in name.lower() else None


def _same_language(run: Run, base: str, whole: str) -> bool:
    """Whether the base's config.json, if it is at hand, says what that of the published model does."""
    from lintune.models.at_hand import config_at_hand, known_model

    found, listed = config_at_hand(run, base), known_model(run, whole)
    return found is None or (found.known is not None and listed is not None and found.known.model.llm == listed.model.llm)


_PROJECTOR_OF = re.compile(r"(?:llava|vicuna)(?:-v?1\.\d)?[-_](7|13)b", re.I)
_WIDTHS = {"7": 4096, "13": 5120}


def _add_widths(run: Run) -> None:
    """The width of the language model, and the one that a published projector was trained for, by its path."""
    name, path = text(run.get("model.id")), run.get("flag.pretrain_mm_mlp_adapter")
    base = _VICUNA.search(name or "")
    if base is not None:
        run.values["model.hidden"] = fact(_WIDTHS[base[1]], f"vicuna-{base[1]}b")
    elif name is not None:
        from lintune.models.at_hand import known_model

        found = known_model(run, name)
        run.values["model.hidden"] = fact(found.model.llm.hidden, found.id) if found else Unknown(f"`{name}` is not a known model")
    trained = _PROJECTOR_OF.search(text(path) or "")
    if trained is not None:
        run.values["model.projector_width"] = derived(_WIDTHS[trained[1]], "the projectors of LLaVA's own models, by the path", path)


def _add_templates(run: Run, reading: Reading) -> None:
    """The versions that the project has a template for; another becomes `vicuna_v1` without a message."""
    found = reading.script.keys_of("conv_templates") if reading.script is not None else {}
    if found:
        run.values["model.known_templates"] = Known(("v0.5", *found), tuple(Step("script", site) for site in found.values())[:1])
    else:
        run.values["model.known_templates"] = Unknown("the templates of the project were not found", settle="the entry script")


_TOKENS = (("patch14-336", 576), ("so400m-patch14-384", 729), ("patch14-224", 256), ("vit-large-patch14", 256))
"""Patches of a square image, by the end of the vision tower's name (without the class token)."""


def _add_media(run: Run) -> None:
    """Tokens of one image at its basic resolution; forks with image grids take several times as many."""
    tower = run.get("flag.vision_tower")
    tokens = next((count for name, count in _TOKENS if (text(tower) or "").lower().rstrip("/").endswith(name)), None)
    if tokens is None:
        run.values["derived.images_tokens"] = blocked((tower,), "the vision tower's patches are not known")
    else:
        run.values["derived.images_tokens"] = derived(tokens, "patches of the vision tower", tower)


def _given(run: Run, reading: Reading) -> frozenset[str]:
    return reading.words | {name.removeprefix("flag.") for name in run.values if name.startswith("flag.tune_type_")}


def _multimodal(run: Run) -> tuple[tuple[Value, ...], bool | None]:
    """Whether the block that makes the model multimodal runs: some tower is named."""
    towers = tuple(run.get(f"flag.{name}") for name in ("vision_tower", "image_tower", "video_tower"))
    given = tuple(None if isinstance(tower, Unknown) else isinstance(tower, Known) and tower.value is not None for tower in towers)
    present = tuple(tower for tower in towers if not isinstance(tower, Absent))
    return present or towers[:1], either(*given)


def _fill_parts(run: Run, reading: Reading) -> None:
    """`train()`: the backbone, then LoRA over every linear layer of the LLM, then the multimodal block, which has the last word."""
    names = ("freeze_backbone", "lora_enable", "tune_mm_mlp_adapter", "freeze_mm_mlp_adapter", "unfreeze_mm_vision_tower")
    values, (backbone, lora, only_projector, no_projector, vision) = flag_truths(run, *names)
    towers, multimodal = _multimodal(run)
    parts = run.get("flag.mm_tunable_parts")
    run.values["tune.switch"] = parts if isinstance(parts, Known) and parts.value is not None else values[2]
    state = Gradients()
    state.switch(("vision", "projector"), False, *towers, when=negated(multimodal))
    state.switch(BACKBONE, False, values[0], when=backbone)
    state.adapt(("llm",), lora, values[1], within=LANGUAGE)
    state.switch(("vision",), False, *towers)
    if isinstance(parts, Absent) or (isinstance(parts, Known) and parts.value is None):
        legacy = _both(only_projector, multimodal)
        state.freeze_everything(legacy, values[2], *towers)
        _restore(run, reading, state, lora, legacy)
        state.switch(("projector",), True, values[2], when=legacy)
        state.switch(("projector",), False, values[3], when=_both(no_projector, multimodal))
        state.switch(("vision",), True, values[4], when=_both(vision, multimodal))
    else:
        _tunable_parts(run, reading, state, parts, lora, multimodal)
    add_modes(run, state, "LLaVA's train()")


def _tunable_parts(run: Run, reading: Reading, state: Gradients, parts: Value, lora: bool | None, multimodal: bool | None) -> None:
    """LLaVA-NeXT: `mm_tunable_parts` freezes everything first, adapters included, and then switches on what it names."""
    named = text(parts)
    state.freeze_everything(multimodal, parts)
    repaired = _restore(run, reading, state, lora, multimodal)
    chosen = named.split(",") if named is not None else []
    for name, switched in _TUNABLE.items():
        on = None if named is None else name in chosen
        if on is False:
            continue
        if name == "mm_language_model" and lora is not False:
            if repaired:
                continue
            state.restore_adapters(("llm",), lora)
            on = on if lora else None
        state.switch(switched, on, parts, when=multimodal)


def _restore(run: Run, reading: Reading, state: Gradients, lora: bool | None, when: bool | None) -> bool:
    """Whether the script switches LoRA on again after the freeze: newer LLaVA-NeXT does, nothing else.

    Without the script the launch is read as of the revisions that freeze the adapter for good.
    """
    if lora is False or when is False:
        return False
    repaired = reading.script is not None and reading.script.matches(_RESTORED)
    if repaired:
        state.restore_adapters(("llm",), lora if when else None)
    return repaired


def _both(first: bool | None, second: bool | None) -> bool | None:
    return False if first is False or second is False else None if None in (first, second) else True


_RECIPE_MODES = {"full": "full", "lora": "lora", "qlora": "lora", "frozen": "frozen", "partially-tune": "partial"}


def _fill_recipe(run: Run) -> None:
    """TinyLLaVA: one option per part says its mode."""
    flags: dict[Part, str] = {"llm": "tune_type_llm", "embed": "tune_type_llm", "lm_head": "tune_type_llm"}
    flags |= {"vision": "tune_type_vision_tower", "projector": "tune_type_connector"}
    trained: list[str] = []
    for part, flag in flags.items():
        value = run.get(f"flag.{flag}")
        mode = _RECIPE_MODES.get(text(value) or "")
        if mode is None:
            run.values[f"tune.{part}.mode"] = blocked((value,), f"`{flag}` is not known")
            continue
        if mode == "lora" and part in ("embed", "lm_head"):
            mode = "frozen"
        run.values[f"tune.{part}.mode"] = along(mode, value.origin)
        trained += [part] if mode != "frozen" else []
    values = [run.get(f"tune.{part}.mode") for part in flags]
    settled = all(isinstance(value, Known) for value in values)
    run.values["derived.trainable_parts"] = (
        derived(tuple(trained), "tune_type_*", *values) if settled else blocked(values, "a mode is not known")
    )
    llm = run.get("flag.tune_type_llm")
    if (name := text(llm)) is not None:
        run.values["adapter.kind"] = along("lora" if "lora" in name else "none", llm.origin)
