"""What a torchtune config trains: `model._component_` is a builder whose name tells family, size and method.

Builders are functions of `torchtune/models/*/_model_builders.py`: `lora_llama3_1_8b`, `qlora_llama2_7b`, `llama3_8b`.
"""

import re

from lintune.frameworks.inventory import PARTS
from lintune.frameworks.parallel import add_degrees
from lintune.frameworks.trainer_settings import add_derived
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.run.known import text, truth
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived
from lintune.values.value import Absent, Known, Unknown, Value

_BUILDER = re.compile(r"torchtune\.models\.(\w+)\.(qlora_|lora_|dora_)?(\w+)$")
_OPTIMIZERS = {
    "torch.optim.AdamW": "adamw_torch",
    "torch.optim.Adam": "adam",
    "torch.optim.SGD": "sgd",
    "bitsandbytes.optim.PagedAdamW": "paged_adamw_32bit",
    "bitsandbytes.optim.PagedAdamW8bit": "paged_adamw_8bit",
    "bitsandbytes.optim.AdamW8bit": "adamw_bnb_8bit",
    "torchao.optim.AdamW8bit": "ao_adamw_8bit",
    "torchao.optim.AdamW4bit": "ao_adamw_4bit",
}
_MLP = ("gate_proj", "up_proj", "down_proj")
_TRAINABLE = (("llm", "decoder"), ("vision", "encoder"), ("projector", "fusion"))
"""Parts of models of text and images, and what their builders call them."""
_FUSED = ("phi3", "phi4")
"""Families whose attention torchtune splits into matrices that their checkpoints keep as one."""


def add_tuning(run: Run) -> None:
    """Set the model, the adapter, the trained set, the optimizer and the degrees of parallelism."""
    builder = run.get(f"flag.{_model_key(run)}._component_")
    found = _BUILDER.match(text(builder) or "")
    run.values["model.id"] = _model_id(run, found)
    _add_adapter(run, builder, found)
    name = run.get("flag.optimizer._component_")
    run.values["optim.name"] = along(_OPTIMIZERS.get(text(name) or "", text(name)), name.origin) if text(name) else name
    schedule = run.get("flag.lr_scheduler._component_")
    if "cosine" in (text(schedule) or ""):
        schedule = along("cosine", schedule.origin)
    run.values["sched.type"] = derived("constant", "no `lr_scheduler`") if isinstance(schedule, Absent) else schedule
    run.values["task.stage"] = _stage(run)
    shards = {"tp": "tensor_parallel_dim", "cp": "context_parallel_dim"}
    add_degrees(run, {degree: run.get(f"flag.{flag}") for degree, flag in shards.items()})
    add_derived(run)
    _add_modes(run, found)


def _model_key(run: Run) -> str:
    """`model`, or `policy_model` in the recipes of PPO."""
    return "policy_model" if "flag.policy_model._component_" in run.values else "model"


def _model_id(run: Run, found: "re.Match[str] | None") -> Value:
    """The folder of the checkpoint, which the download names like the model; else the builder's name."""
    folder = run.get("flag.checkpointer.checkpoint_dir")
    if text(folder) is not None and "$" not in str(text(folder)):
        return folder
    if found is not None:
        return along(found[3], run.get("flag.model._component_").origin)
    return blocked((folder, run.get("flag.model._component_")), "the model is not named")


def _add_adapter(run: Run, builder: Value, found: "re.Match[str] | None") -> None:
    if found is None:
        run.values["adapter.kind"] = blocked((builder,), "the model's builder is not one of torchtune's")
        return
    run.values["adapter.kind"] = derived("lora" if found[2] else "none", "the builder's name", builder)
    if found[2] == "qlora_" or truth(run.get("flag.model.quantize_base")) is True:
        run.values["model.quant.method"] = derived("bnb", "NF4 of torchao", builder)
        run.values["model.quant.bits"] = derived(4, "the builder's name", builder)
    if found[2]:
        run.values["adapter.targets"] = _targets(run, found[1])


def _targets(run: Run, family: str) -> Value:
    """The adapted layers by the names that checkpoints have."""
    attention = run.get("flag.model.lora_attn_modules")
    mlp, output = run.get("flag.model.apply_lora_to_mlp"), run.get("flag.model.apply_lora_to_output")
    names = attention.value if isinstance(attention, Known) else None
    if not isinstance(names, tuple) or truth(mlp) is None or truth(output) is None:
        return blocked((attention, mlp, output), "the adapted layers are not known")
    if family in _FUSED:
        return Unknown("torchtune splits matrices that the checkpoint keeps as one", attention.origin)
    found = ["o_proj" if name == "output_proj" else str(name) for name in names]
    found += _MLP if truth(mlp) else ()
    found += ["lm_head"] if truth(output) else []
    return derived(tuple(found), "lora_attn_modules, apply_lora_to_mlp and apply_lora_to_output", attention, mlp, output)


def _stage(run: Run) -> Value:
    """By what only one kind of recipe has."""
    for stage, names in (("kd", ("teacher_model",)), ("ppo", ("ppo_epochs", "value_model")), ("grpo", ("grpo_samples", "grpo_size"))):
        for name in names:
            if not isinstance(value := run.get(f"flag.{name}"), Absent):
                return along(stage, value.origin)
    loss = run.get("flag.loss._component_")
    return along("dpo" if "rlhf" in (text(loss) or "") else "sft", loss.origin)


def _add_modes(run: Run, found: "re.Match[str] | None") -> None:
    several = found is not None and ("vision" in found[1] or found[1] == "llama4")
    method = Method(run.get("adapter.kind"), run.get("adapter.targets"), text_only=found is not None and not several)
    add_whole_model(run, method, "torchtune's model builder")
    if several:
        _add_switches(run)


def _add_switches(run: Run) -> None:
    """Models of text and images have a switch per part: frozen, lora or full."""
    builder, adapter = run.get("flag.model._component_"), run.get("adapter.kind")
    run.values["model.kind"] = derived("vlm", "the builder's name", builder)
    told = [run.get(f"flag.model.{name}_trainable") for _, name in _TRAINABLE]
    for (part, name), value in zip(_TRAINABLE, told, strict=True):
        run.values[f"tune.{part}.mode"] = _mode(value, f"`{name}_trainable` is not given")
    if text(adapter) == "none":
        run.values["tune.embed.mode"] = run.values["tune.lm_head.mode"] = run.values["tune.llm.mode"]
    modes = {part: text(run.get(f"tune.{part}.mode")) for part in PARTS}
    trained = tuple(part for part, mode in modes.items() if mode != "frozen")
    every = derived(trained, "the switches of the builder", *told)
    run.values["derived.trainable_parts"] = every if None not in modes.values() else blocked(told, "which parts are trained is not known")


def _mode(value: Value, fallback: str) -> Value:
    """`frozen`, `lora` or `full`, or a switch between full and frozen."""
    switch = truth(value) if not isinstance(value, Absent) else None
    if switch is not None:
        return along("full" if switch else "frozen", value.origin)
    return value if text(value) in ("frozen", "lora", "full") else blocked((value,), fallback)
