"""InternVL chat: `internvl_chat_finetune.py`, `internvl_chat_pretrain.py` and `internvl_chat_mpo.py`.

Read in OpenGVLab/InternVL@2410d1d `internvl_chat/internvl/train/`, `main()`.
"""

from lintune.frameworks.context import Reading
from lintune.frameworks.gradients import LANGUAGE, Gradients, add_modes, either, flag_truths
from lintune.frameworks.model_counts import add_counts, by_linear
from lintune.frameworks.part_rates import add_rates
from lintune.frameworks.trainer_settings import add_inputs
from lintune.frameworks.vision_language import add_model, add_named_files, fields_of
from lintune.run.known import data, text, whole
from lintune.run.run import Run
from lintune.run.settings import blocked, derived, fact
from lintune.scripts.entry import EntryScript
from lintune.values.value import Absent, Known, Value

NAME = "internvl"
_OWN_FIELDS = frozenset(("freeze_backbone", "freeze_mlp", "use_llm_lora", "use_backbone_lora"))
_OWN_FLAGS = frozenset(
    [
        "use_llm_lora",
        "use_backbone_lora",
        "freeze_mlp",
        "conv_style",
        "down_sample_ratio",
        "max_dynamic_patch",
        "force_image_size",
        "dynamic_image_size",
        "use_thumbnail",
        "ps_version",
        "unfreeze_vit_layers",
        "grad_checkpoint",
        "vision_select_layer",
        "meta_path",
    ]
)
_INPUTS = (
    ("model.template", "conv_style"),
    ("seq.max_len", "max_seq_length"),
    ("media.tiles", "max_dynamic_patch"),
    ("data.train", "meta_path"),
    ("batch.packing", "use_packed_ds"),
    ("mem.ckpt_llm", "grad_checkpoint"),
)
_ARGUMENTS = "internvl_chat main()"


def detect(reading: Reading) -> bool:
    """Whether the script has InternVL's fields; without it, whether the path and the flags are InternVL's."""
    fields = fields_of(reading.script)
    if fields is not None:
        return fields >= _OWN_FIELDS
    entry = (reading.entry or "").rpartition("/")[2]
    return entry.startswith("internvl_chat_") or len(reading.words & _OWN_FLAGS) >= 3


def known(reading: Reading) -> EntryScript:
    """The options of the script of that name at the commit that was read."""
    from lintune.frameworks.official_script import known_script

    entry = reading.entry or "internvl_chat_finetune.py"
    name = entry.rpartition("/")[2]
    table = next((kind for kind in ("pretrain", "mpo") if kind in name), "finetune")
    return known_script(NAME, f"chat-{table}", entry)


def fill(run: Run, reading: Reading) -> None:
    """Add the model, the trained set, media and files."""
    add_inputs(run, _INPUTS)
    whole_model, llm = run.get("flag.model_name_or_path"), run.get("flag.llm_path")
    add_model(run, llm if isinstance(whole_model, Absent) else whole_model, None, "InternVL's scripts train vision language models")
    run.values["model.vision_tower"] = run.get("flag.vision_path")
    run.values["model.load_dtype"] = fact("bf16", "the weights are loaded in bfloat16, whatever the flags say")
    run.values["precision.weights"] = run.values["model.load_dtype"]
    run.values["model.quant.method"] = fact("none", "the script passes no quantisation config")
    _add_adapter(run)
    _add_tuning(run)
    _add_media(run)
    if not isinstance(whole_model, Absent) and not (_on(run.get("flag.use_llm_lora")) and _on(run.get("flag.use_backbone_lora"))):
        add_counts(run, text(whole_model), by_linear(lambda linear: linear.role not in ("router", "head", "embed")))
    add_rates(run, {})
    add_named_files(run, reading, ("meta_path",), ("model_name_or_path", "vision_path", "llm_path", "mlp_path"))


def _on(value: Value) -> bool | None:
    """Whether a rank switches LoRA on."""
    rank = whole(value)
    return rank != 0 if rank is not None else False if isinstance(value, Absent) else None


def _add_adapter(run: Run) -> None:
    llm, vision = run.get("flag.use_llm_lora"), run.get("flag.use_backbone_lora")
    on = either(_on(llm), _on(vision))
    if on is None:
        run.values["adapter.kind"] = blocked((llm, vision), "the ranks are not known")
        return
    rank = llm if _on(llm) else vision
    run.values["adapter.kind"] = derived("lora" if on else "none", "a rank other than 0 makes an adapter", llm, vision)
    if on:
        run.values["adapter.rank"] = rank
        count = whole(rank)
        run.values["adapter.alpha"] = derived(2 * count, "twice the rank", rank) if count is not None else blocked((rank,), "the rank")
        run.values["adapter.dropout"] = fact(0.05, "InternVL's wrap_llm_lora and wrap_backbone_lora")


def _add_tuning(run: Run) -> None:
    values, (backbone, llm, mlp) = flag_truths(run, "freeze_backbone", "freeze_llm", "freeze_mlp")
    ranks = run.get("flag.use_llm_lora"), run.get("flag.use_backbone_lora")
    layers = run.get("flag.unfreeze_vit_layers")
    state = Gradients()
    state.switch(("vision",), False, values[0], when=backbone)
    state.switch(LANGUAGE, False, values[1], when=llm)
    state.adapt(("vision",), _on(ranks[1]), ranks[1], within=("vision",))
    state.adapt(("llm",), _on(ranks[0]), ranks[0], within=LANGUAGE)
    state.switch(("projector",), False, values[2], when=mlp)
    first = whole(layers)
    if first:
        state.some_layers("vision", f"topk:{-first}" if first < 0 else f"from:{first}", layers)
    elif first is None and not isinstance(layers, Absent):
        state.switch(("vision",), None, layers)
    add_modes(run, state, _ARGUMENTS)


def _add_media(run: Run) -> None:
    size, ratio, tiles = run.get("flag.force_image_size"), run.get("flag.down_sample_ratio"), run.get("flag.max_dynamic_patch")
    pixels, scale = whole(size), data(ratio)
    if pixels is None or not isinstance(scale, int | float) or not isinstance(tiles, Known):
        run.values["media.tile_tokens"] = run.values["derived.images_tokens"] = blocked((size, ratio, tiles), "the tile size is not known")
        return
    tokens = int((pixels // 14) ** 2 * scale**2)
    run.values["media.tile_tokens"] = derived(tokens, "(force_image_size / 14)^2 x down_sample_ratio^2", size, ratio)
    dynamic, thumbnail = run.get("flag.dynamic_image_size"), run.get("flag.use_thumbnail")
    flags = data(dynamic), data(thumbnail), whole(tiles)
    match flags:
        case False, _, _:
            count = 1
        case True, bool(extra), int(most):
            count = most + (1 if extra and most > 1 else 0)
        case _:
            run.values["derived.images_tokens"] = blocked((dynamic, thumbnail, tiles), "the number of tiles is not known")
            return
    run.values["derived.images_tokens"] = derived(count * tokens, "tiles x tokens of a tile", tiles, dynamic, thumbnail, size)
