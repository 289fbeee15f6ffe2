"""InternVL-G: `internvl_g/internvl/train/internvl_stage2_finetune.py`, a vision tower and QLLaMA, which reads its tokens.

Read in OpenGVLab/InternVL@2410d1d, `main()`. QLLaMA is the language model here; its cross attention counts as the projector.
"""

from lintune.frameworks.context import Reading
from lintune.frameworks.gradients import LANGUAGE, Gradients, add_modes, either, flag_truths
from lintune.frameworks.part_rates import add_rates
from lintune.frameworks.trainer_settings import add_inputs
from lintune.frameworks.vision_language import add_model, add_named_files, fields_of
from lintune.run.known import whole
from lintune.run.run import Run
from lintune.run.settings import blocked, derived, fact
from lintune.values.value import Absent, Value

NAME = "internvl-g"
_OWN_FIELDS = frozenset(("freeze_qllama", "use_qllama_lora", "use_backbone_lora"))
_OWN_FLAGS = frozenset(("freeze_qllama", "unfreeze_qllama_head", "use_qllama_lora", "unfreeze_crossattn", "freeze_vision_model"))
_INPUTS = (("seq.max_len", "max_seq_length"), ("data.train", "dataset_name"))
_SWITCHES = ("freeze_model", "freeze_vision_model", "freeze_qllama", "unfreeze_crossattn", "unfreeze_qllama_head")


def detect(reading: Reading) -> bool:
    """Whether the script has the fields of InternVL-G; without it, whether the path or the flags are its."""
    fields = fields_of(reading.script)
    if fields is not None:
        return fields >= _OWN_FIELDS
    return (reading.entry or "").endswith("internvl_stage2_finetune.py") or len(reading.words & _OWN_FLAGS) >= 2


def fill(run: Run, reading: Reading) -> None:
    """Add the model, the trained set and files."""
    add_inputs(run, _INPUTS)
    add_model(run, run.get("flag.model_name_or_path"), "internvl-g", "InternVL-G is a vision language model")
    run.values["model.quant.method"] = fact("none", "the script passes no quantisation config")
    _add_adapter(run)
    _add_tuning(run)
    add_rates(run, {})
    add_named_files(run, reading, (), ("model_name_or_path",))


def _on(value: Value) -> bool | None:
    rank = whole(value)
    return rank != 0 if rank is not None else False if isinstance(value, Absent) else None


def _add_adapter(run: Run) -> None:
    """Both adapters take their alpha from `use_backbone_lora`: alone, that of QLLaMA has an alpha of 0."""
    tower, language = run.get("flag.use_backbone_lora"), run.get("flag.use_qllama_lora")
    on = either(_on(tower), _on(language))
    if on is None:
        run.values["adapter.kind"] = blocked((tower, language), "the ranks are not known")
        return
    run.values["adapter.kind"] = derived("lora" if on else "none", "a rank other than 0 makes an adapter", tower, language)
    if on:
        run.values["adapter.rank"] = tower if _on(tower) else language
        rank = whole(tower)
        run.values["adapter.alpha"] = (
            derived(2 * rank, "twice `use_backbone_lora`", tower) if rank is not None else blocked((tower,), "rank")
        )
        run.values["adapter.dropout"] = fact(0.05, "wrap_backbone_lora and wrap_qllama_lora")


def _add_tuning(run: Run) -> None:
    values, (everything, tower, language, cross, head) = flag_truths(run, *_SWITCHES)
    ranks = run.get("flag.use_backbone_lora"), run.get("flag.use_qllama_lora")
    inner = ("projector", *LANGUAGE)
    state = Gradients()
    state.freeze_everything(everything, values[0])
    state.switch(("vision",), False, values[1], when=tower)
    state.switch(inner, False, values[2], when=language)
    state.adapt(("vision",), _on(ranks[0]), ranks[0], within=("vision",))
    state.adapt(("llm",), _on(ranks[1]), ranks[1], within=inner)
    state.switch(("projector",), True, values[3], when=cross)
    state.switch(("lm_head",), True, values[4], when=head)
    add_modes(run, state, "internvl_stage2_finetune.py main()")
