"""MiniCPM-V and OmniLMM: `finetune/finetune.py` of the official repositories and scripts made from it."""

import re

from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.inventory import PARTS, Part, inventory, params_of
from lintune.frameworks.known_models import KnownModel, Recognised
from lintune.frameworks.lora_targets import NotDecided, Targets, find_targets
from lintune.frameworks.recognised import HOW, recognise_in, told_by
from lintune.frameworks.trained_set import Tuning, count, full_parts, modes
from lintune.frameworks.trainer_settings import add_inputs
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived, fact
from lintune.values.value import Absent, Unknown, Value

NAME = "minicpmv"
_INPUTS: tuple[tuple[str, str], ...] = (
    ("model.id", "model_name_or_path"),
    ("model.template", "llm_type"),
    ("seq.max_len", "model_max_length"),
    ("media.tiles", "max_slice_nums"),
    ("data.train", "data_path"),
    ("data.eval", "eval_data_path"),
)
_ADAPTER: tuple[tuple[str, str], ...] = (
    ("adapter.rank", "lora_r"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.bias", "lora_bias"),
    ("adapter.targets", "lora_target_modules"),
    ("adapter.layers", "lora_layers_to_transform"),
)
_OWN_FIELDS = frozenset(("tune_llm", "tune_vision", "llm_type"))
_OWN_FLAGS = frozenset(("tune_vision", "tune_llm", "max_slice_nums"))
_MODEL = re.compile(r"minicpm[-_]?(llama3[-_]?)?[vo]\b|omnilmm", re.I)


def detect(reading: Reading) -> bool:
    """Whether the entry script is MiniCPM-V's: by the fields of its dataclasses, else by the flags it is given."""
    if reading.script is not None and reading.script.kind != "none":
        fields = {name for found in reading.script.dataclasses for name in found.options}
        return fields >= _OWN_FIELDS
    named = any(_MODEL.search(word.text) for word in reading.launch.args)
    if "llm_type" in reading.words and (named or reading.words & _OWN_FLAGS):
        return True
    return named and bool(reading.words & (_OWN_FLAGS | {"use_lora"})) and (reading.entry or "").endswith("finetune.py")


def fill(run: Run, reading: Reading) -> None:
    """Add the model, the trained set with its parameters, media and files, from `flag.*`."""
    add_inputs(run, _INPUTS)
    recognised = _add_model(run)
    model = recognised.model if recognised else None
    compute = run.get("precision.compute")
    kbit = _kbit(run)
    run.values["model.load_dtype"] = compute
    run.values["precision.weights"] = (
        compute if kbit is False else derived("fp32", "q_lora casts every weight to fp32", run.get("flag.q_lora"))
    )
    if kbit is None:
        run.values["precision.weights"] = blocked((run.get("flag.q_lora"), run.get("flag.use_lora")), "`q_lora` is not known")
    run.values["model.quant.method"] = derived("none", "finetune.py passes no quantisation config")
    _add_tuning(run, reading, model)
    _add_media(run, model)
    named = (
        NamedFile("data", run.get("data.train")),
        NamedFile("data", run.get("data.eval")),
        NamedFile("model", run.get("model.id")),
    )
    add_files(run, reading, named)


def _kbit(run: Run) -> bool | None:
    """Whether `prepare_model_for_kbit_training` runs: `q_lora` is read only inside the LoRA branch."""
    q_lora, use_lora = truth(run.get("flag.q_lora")), truth(run.get("flag.use_lora"))
    if q_lora is False or use_lora is False:
        return False
    return True if q_lora and use_lora else None


def _add_model(run: Run) -> Recognised | None:
    path = run.get("model.id")
    name = text(path)
    if name is None:
        why = blocked((path,), "the model is not named")
        for field in ("family", "name", "expected_llm_type", "recognised_by"):
            run.values[f"model.{field}"] = why
        return None
    run.values["model.kind"] = fact("vlm", "finetune.py trains vision language models")
    found = recognise_in(run, name)
    if found is None:
        why = Unknown(f"`{name}` is not a model that lintune knows", path.origin)
        for field in ("name", "expected_llm_type", "recognised_by"):
            run.values[f"model.{field}"] = why
        run.values["model.family"] = along("minicpm-v", path.origin) if _MODEL.search(name) else why
        return None
    model = found.model
    run.values["model.family"] = fact(model.family, model.name)
    run.values["model.name"] = derived(model.name, HOW[found.by], path)
    run.values["model.recognised_by"] = derived(found.by, "how the model was recognised", path)
    expected = model.expected_llm_type
    run.values["model.expected_llm_type"] = fact(expected, f"{model.name} is built on {model.llm_name}") if expected else Absent()
    run.values["model.llm"] = fact(model.llm_name, model.name)
    run.values["model.hidden_size_level"] = fact("top", "hidden_size stands at the top of config.json")
    run.values["model.notes"] = fact(model.notes, model.name)
    run.values["model.dtype"] = fact(model.dtype, model.name)
    if model.decoder is not None and model.vision is not None:
        run.values["model.hidden"] = fact(model.decoder.hidden, model.name)
        run.values["model.layers"] = fact(model.decoder.layers, model.name)
        run.values["model.heads"] = fact(model.decoder.heads, model.name)
        run.values["model.kv_heads"] = fact(model.decoder.kv_heads, model.name)
        run.values["model.intermediate"] = fact(model.decoder.intermediate, model.name)
        run.values["model.vocab"] = fact(model.decoder.vocab, model.name)
        run.values["model.vision_layers"] = fact(model.vision.layers, model.name)
    return found


def _copies(reading: Reading) -> bool:
    """Whether the script at hand passes `modules_to_save`; the official one of today does."""
    return reading.source is None or re.search(r"\bmodules_to_save\s*=\s*\w", reading.source.text) is not None


def _add_tuning(run: Run, reading: Reading, model: KnownModel | None) -> None:
    flags = tuple(run.get(f"flag.{name}") for name in ("use_lora", "tune_llm", "tune_vision"))
    use_lora, tune_llm, tune_vision = map(truth, flags)
    run.values["adapter.kind"] = (
        blocked(flags[:1], "`use_lora` is not known") if use_lora is None else along("lora" if use_lora else "none", flags[0].origin)
    )
    if use_lora:
        add_inputs(run, _ADAPTER)
    else:
        for name, _flag in _ADAPTER:
            run.values[name] = Absent() if use_lora is False else run.values["adapter.kind"]
    _add_conflict(run, flags, use_lora, tune_llm)
    if use_lora is None or tune_llm is None or tune_vision is None:
        _undecided(run, flags, use_lora, tune_llm, tune_vision)
        return
    tuning = Tuning(use_lora, tune_llm, tune_vision, _copies(reading))
    targets = _targets(run, model, tuning)
    _add_modes(run, tuning, targets, flags)
    _add_counts(run, model, tuning, targets, flags)


def _add_conflict(run: Run, flags: tuple[Value, ...], use_lora: bool | None, tune_llm: bool | None) -> None:
    if use_lora and tune_llm:
        run.values["tune.conflict"] = derived(True, "use_lora and tune_llm are both on", flags[0], flags[1])
    elif use_lora is False or tune_llm is False:
        run.values["tune.conflict"] = derived(False, "use_lora or tune_llm is off", flags[0], flags[1])
    else:
        run.values["tune.conflict"] = blocked(flags[:2], "`use_lora` or `tune_llm` is not known")


def _undecided(run: Run, flags: tuple[Value, ...], use_lora: bool | None, tune_llm: bool | None, tune_vision: bool | None) -> None:
    """What is certain although a flag is not: the resampler is trained, and a part that no setting trains is frozen."""
    why = blocked(flags, "the tuning flags are not known")
    for part in PARTS:
        run.values[f"tune.{part}.mode"] = why
    if use_lora is False:
        run.values["tune.projector.mode"] = derived("full", "finetune.py always trains the resampler", flags[0])
        for part, known in (("vision", tune_vision), ("llm", tune_llm), ("embed", tune_llm), ("lm_head", tune_llm)):
            if known is not None:
                run.values[f"tune.{part}.mode"] = derived("full" if known else "frozen", "the tuning flags", *flags)
    for name in ("trainable_parts", "trainable_params", "total_params", "trainable_percent"):
        run.values[f"derived.{name}"] = why


def _targets(run: Run, model: KnownModel | None, tuning: Tuning) -> Targets | Unknown:
    if not tuning.use_lora:
        return Targets(())
    if model is None or not inventory(model):
        return Unknown("the modules of this model are not known", run.get("model.id").origin)
    pattern = run.get("flag.lora_target_modules")
    expression = text(pattern)
    if expression is None:
        return blocked((pattern,), "`lora_target_modules` is not known")
    try:
        return find_targets(expression, inventory(model))
    except NotDecided as why:
        return Unknown(str(why), pattern.origin)


def _add_modes(run: Run, tuning: Tuning, targets: Targets | Unknown, flags: tuple[Value, ...]) -> None:
    lora_parts: frozenset[Part] = frozenset(("llm",)) if isinstance(targets, Unknown) else targets.parts()
    if isinstance(targets, Targets) and tuning.use_lora:
        run.values["adapter.matched"] = derived(
            len(targets.modules), "modules whose name the target matches", run.get("flag.lora_target_modules")
        )
        run.values["adapter.unsupported"] = derived(
            targets.unsupported, "matched modules that can hold no LoRA", run.get("flag.lora_target_modules")
        )
    elif tuning.use_lora:
        run.values["adapter.matched"] = targets if isinstance(targets, Unknown) else Absent()
    found = modes(tuning, lora_parts)
    for part, mode in found.items():
        guessed = isinstance(targets, Unknown) and tuning.use_lora and part not in full_parts(tuning)
        if guessed and not (part == "llm" and _aims_at_llm(run)) and isinstance(targets, Unknown):
            run.values[f"tune.{part}.mode"] = targets
        else:
            run.values[f"tune.{part}.mode"] = derived(mode, "finetune.py train()", *flags)
    if tuning.conflict:
        run.values["derived.trainable_parts"] = Unknown("finetune.py refuses use_lora together with tune_llm", flags[0].origin)
        return
    saved: tuple[str, ...] = ()
    if tuning.use_lora and tuning.copies:
        saved = ("embed_tokens", "resampler", "vpm") if tuning.tune_vision else ("embed_tokens", "resampler")
    run.values["adapter.modules_to_save"] = derived(saved, "finetune.py train(): LoraConfig(modules_to_save=...)", *flags)
    names = tuple(part for part, mode in found.items() if mode != "frozen")
    run.values["derived.trainable_parts"] = derived(names, "parts that are not frozen", *flags)


def _aims_at_llm(run: Run) -> bool:
    """Whether the target is certain to lie in the LLM although the modules are not known."""
    pattern = text(run.get("flag.lora_target_modules")) or ""
    return pattern.startswith(("llm\\.", "llm."))


def _add_counts(run: Run, model: KnownModel | None, tuning: Tuning, targets: Targets | Unknown, flags: tuple[Value, ...]) -> None:
    names = ("trainable_params", "total_params", "trainable_percent", "trainable_matrices")
    modules = inventory(model) if model else ()
    if model is not None and modules:
        source = told_by(run, model)
        run.values["model.params.exact"] = fact(model.exact, source)
        run.values["model.params.total"] = fact(params_of(modules), source)
        for part in PARTS:
            run.values[f"model.params.{part}"] = fact(params_of(modules, part), source)
    rank = whole(run.get("flag.lora_r"))
    why: Unknown | None = None
    if tuning.conflict:
        why = Unknown("finetune.py refuses use_lora together with tune_llm", flags[0].origin)
    elif not modules:
        why = Unknown("the parameters of this model are not known", run.get("model.id").origin)
    elif isinstance(targets, Unknown):
        why = targets
    elif tuning.use_lora and rank is None:
        why = blocked((run.get("flag.lora_r"),), "`lora_r` is not a number")
    if why is not None or isinstance(targets, Unknown):
        for name in names:
            run.values[f"derived.{name}"] = why or Unknown("the trained set is not known")
        return
    counts = count(modules, tuning, targets, rank or 0, text(run.get("flag.lora_bias")) or "none")
    how = "modules of the model, LoRA and saved copies as PEFT counts them" if tuning.use_lora else "modules of the model"
    sources = (*flags, run.get("flag.lora_r"), run.get("flag.lora_target_modules")) if tuning.use_lora else flags
    run.values["derived.total_params"] = derived(counts.total, how, *sources)
    run.values["derived.trainable_params"] = derived(counts.trainable, how, *sources)
    run.values["derived.trainable_matrices"] = derived(counts.matrices, how, *sources)
    run.values["derived.trainable_percent"] = derived(round(100 * counts.trainable / counts.total, 4), "trainable / total", *sources)
    for part, params in counts.by_part.items():
        run.values[f"derived.trainable.{part}"] = derived(params, how, *sources)
    if tuning.use_lora:
        run.values["adapter.params"] = derived(counts.lora, "rank x (in + out) of each matched module", *sources)
        run.values["adapter.copied_params"] = derived(counts.copies, "parameters of the saved copies", *sources)


def _add_media(run: Run, model: KnownModel | None) -> None:
    tiles = run.get("flag.max_slice_nums")
    slices = whole(tiles)
    if model is None or slices is None:
        why = blocked((tiles, run.get("model.id")), "the model is not known")
        run.values["media.tile_tokens"] = fact(model.image_tokens, model.name) if model else why
        run.values["derived.images_tokens"] = why
        return
    run.values["media.tile_tokens"] = fact(model.image_tokens, model.name)
    # one slice is not cut further: the overview image is then the only one
    pictures = slices + 1 if slices > 1 else 1
    run.values["derived.images_tokens"] = derived(pictures * model.image_tokens, "(max_slice_nums + 1) x tokens of a slice, at most", tiles)
