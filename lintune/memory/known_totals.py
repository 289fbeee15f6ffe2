"""Total and trainable parameters of launches whose framework does not count them, from the shapes of known language models."""

from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import derived, fact
from lintune.values.value import Absent, Known, Unknown

_NO = ("", "none", "no")
_PARTIAL = (
    "use_galore",
    "use_apollo",
    "use_badam",
    "use_adam_mini",
    "lisa_activated_layers",
    "freeze_parameters",
    "freeze_parameters_ratio",
    "freeze_parameters_regex",
    "trainable_parameters",
    "unfrozen_parameters",
)
"""Options of LLaMA-Factory, ms-swift and axolotl that train parts of a model, or keep smaller states for it."""


def split_over_cards(run: Run) -> bool:
    """Whether weights may be divided in ways that are not counted: tensor, pipeline, expert parallelism, one process on many cards."""
    if any((whole(run.get(f"par.{name}")) or 1) > 1 for name in ("tp", "pp", "ep", "cp")) or text(run.get("launch.launcher")) == "megatron":
        return True
    world, cards = whole(run.get("derived.world_size")), whole(run.get("gpu.count"))
    return world is not None and cards is not None and world < cards


def parts_in_doubt(run: Run) -> bool:
    """Whether something may train less, or hold less on a card, than the counts say."""
    partial = any(isinstance(value := run.get(f"flag.{name}"), Known) and value.value not in (None, False, "", 0, ()) for name in _PARTIAL)
    return partial or truth(run.get("mem.unsloth")) is True or split_over_cards(run)


def in_doubt(run: Run) -> bool:
    """Whether a card may hold less than the counts say: quantised weights, parts of a model, weights divided over cards."""
    quant = run.get("model.quant.method"), run.get("model.quant.bits")
    if any(isinstance(value, Unknown) or (isinstance(value, Known) and str(value.value or "").lower() not in _NO) for value in quant):
        return True
    return parts_in_doubt(run)


def add_totals(run: Run) -> None:
    """Fill `derived.total_params`, `.trainable_params` and `.trainable_matrices`, and the weights' type under a gradient scaler.

    Only where nothing is in doubt: a language model alone, known by its name and counted, not quantised, tuned in full.
    """
    mode, name = text(run.get("tune.llm.mode")), text(run.get("model.id"))
    if mode != "full" or not name or in_doubt(run):
        return
    if isinstance(run.get("derived.total_params"), Absent):
        _add_full(run, name)
    if isinstance(run.get("derived.trainable_params"), Known):
        _add_weights(run)


def _add_full(run: Run, name: str) -> None:
    if any(text(run.get(f"tune.{part}.mode")) not in (None, "full") for part in ("embed", "lm_head")):
        return
    from lintune.models.at_hand import known_model

    known = known_model(run, name)
    if known is None or not known.exact_name or known.counted == "no" or known.model.vision is not None:
        return
    model, source = known.model, run.get("model.id")
    matrices = model.llm.matrix_params + model.embed + (0 if model.tied else model.head)
    run.values["derived.total_params"] = derived(model.params, f"modules of {known.id}", source)
    run.values["derived.trainable_params"] = derived(model.params, f"all modules of {known.id}", source, run.get("tune.llm.mode"))
    run.values["derived.trainable_matrices"] = derived(matrices, f"matrices of {known.id}", source)
    run.values.setdefault("model.params.total", fact(model.params, known.id))


def _add_weights(run: Run) -> None:
    if isinstance(run.get("precision.weights"), Absent) and text(run.get("precision.compute")) is not None:
        # a gradient scaler refuses to unscale fp16 gradients (torch/amp/grad_scaler.py), so that trained weights are fp32 there
        compute, scaler = text(run.get("precision.compute")), truth(run.get("precision.fp16")) is True
        scaled = (compute == "fp32" or scaler) and whole(run.get("par.ds.stage")) is None
        found = "fp32" if scaled else "bf16"
        note = "a gradient scaler needs fp32 weights" if scaled else "at least 16 bits"
        run.values["precision.weights"] = derived(found, note, run.get("precision.compute"))
