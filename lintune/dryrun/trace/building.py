"""The model that is traced: built as for counting, then brought into the state that the framework trains it in."""

from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from lintune.dryrun.build import build_model
from lintune.dryrun.protocol import Request
from lintune.dryrun.quantised import QuantisedLinear
from lintune.dryrun.trace.fused import fuse
from lintune.dryrun.trace.own_code import own_model
from lintune.dryrun.trace.private import let_thinker_run
from lintune.dryrun.trace.releases import Releases, releases_of
from lintune.memory.setting import Setting

_USUAL_DROPOUT = 0.05
_TALKER: dict[str, Any] = {
    "hidden_size": 896, "intermediate_size": 18944, "num_hidden_layers": 24, "num_attention_heads": 12, "num_key_value_heads": 4,
    "head_dim": 128, "vocab_size": 8448, "embedding_size": 3584,
}  # fmt: skip
"""Of Qwen/Qwen2.5-Omni-7B: with it talker and token2wav have the 1.80 B parameters that are published; the class's own default has 7."""


@dataclass(slots=True)
class Subject:
    """What is traced."""

    model: Any
    config: Any
    notes: list[str] = field(default_factory=list)


def subject_for(request: Request, setting: Setting, config: dict[str, Any]) -> Subject:
    """The model of a request on the meta device, in the state of its framework. Raises `DryRunProblem`."""
    own = own_model(request, setting, config)
    if own is not None:
        return Subject(own, own.config, [f"the model code of {request.framework}, as it is written down in lintune"])
    values = dict(request.values)
    if setting.rank and "adapter.dropout" not in values and setting.dropout:
        values["adapter.dropout"] = _USUAL_DROPOUT
    _rename_saved(values, setting.model.type)
    values["model.load_dtype"] = "fp32" if setting.element == 4 else "fp16" if values.get("precision.compute") == "fp16" else "bf16"
    given = request.model_config
    if config.get("model_type") == "qwen2_5_omni":
        let_thinker_run()
        given = given if "thinker_config" in config else _nested(config)
    if config.get("model_type") == "mistral" and "sliding_window" not in config and given is None:
        given = {**config, "sliding_window": None}  # known models leave it out where their own config.json says null
    built = build_model(replace(request, values=values, model_config=given))
    subject = Subject(built.model, built.config, list(built.assumptions))
    settle(subject, setting, releases_of(values, setting.framework), "mem.compile" not in values)
    return subject


def _nested(config: dict[str, Any]) -> dict[str, Any]:
    """Qwen2.5-Omni's config as its class wants it: the parts of the thinker below `thinker_config`, the talker as the hub has it."""
    thinker = {name: config[name] for name in ("text_config", "vision_config", "audio_config") if name in config}
    return {"model_type": config["model_type"], "tie_word_embeddings": False, "thinker_config": thinker, "talker_config": _TALKER}


def settle(subject: Subject, setting: Setting, release: Releases, not_said: bool = True) -> None:
    """Casts and kernels that a framework applies after loading. `not_said`: whether the launch says nothing of `torch.compile`."""
    model, profile = subject.model, setting.profile
    short, sharded = torch.bfloat16, setting.fsdp or setting.stage == 3
    if setting.quant in ("nf4", "nf4-dq", "int8"):
        for module in model.modules():
            if isinstance(module, QuantisedLinear):
                module.compute_dtype = short
        if release.prepares == "ends back":
            pass  # what is cast to fp32 beside norms and ends are biases and routers
        elif profile.upcast:
            upcast(model)
            subject.notes.append("prepare_model_for_kbit_training casts what is not quantised to fp32")
        elif not sharded:
            _prepare(subject, setting, release)
    if setting.stage is not None or profile.adapter_bytes == 2 or (setting.quant and sharded):
        lower_trained(model, setting)
    compiled = setting.compiled or (setting.framework == "torchtune" and not_said)
    if setting.liger or compiled:
        subject.notes.append(f"{fuse(model)} norms and gated layers run as fused kernels")
    if compiled:
        subject.notes.append("torch.compile is traced as those kernels only: what else it fuses is not known before it ran")


def lower_trained(model: nn.Module, setting: Setting) -> None:
    """What is trained in 16 bits, as DeepSpeed casts it, and as PEFT leaves adapters of 4-bit layers that FSDP shards."""
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.dtype is torch.float32 and setting.element == 2:
            parameter.data = parameter.data.to(torch.bfloat16)


def _prepare(subject: Subject, setting: Setting, release: Releases) -> None:
    """What TRL's trainers cast of a quantised model."""
    model, short = subject.model, torch.bfloat16
    match release.prepares:
        case "all" | "norms":
            for name, parameter in model.named_parameters():
                norm = "norm" in name.lower()
                ends = any(word in name for word in ("lm_head", "embed_tokens", "wte", "wpe"))
                kept = setting.quant == "int8"
                if parameter.dtype in (short, torch.float16) and (norm or (release.prepares == "all" and (kept or not ends))):
                    parameter.data = parameter.data.to(torch.float32)
            subject.notes.append("TRL casts the norms of a quantised model to fp32")
        case "adapters":
            lower_trained(model, setting)
            subject.notes.append("TRL trains the adapters of a quantised model in bf16")
        case _:
            return


def upcast(model: nn.Module) -> None:
    """`prepare_model_for_kbit_training` (peft/utils/other.py): parameters of 16 bits become fp32; adapters are so already."""
    for parameter in model.parameters():
        if parameter.dtype in (torch.bfloat16, torch.float16):
            parameter.data = parameter.data.to(torch.float32)


def _rename_saved(values: dict[str, Any], kind: str) -> None:
    """Says `modules_to_save` as Qwen of 2023 calls its embedding, where the run says it in words of its own."""
    saved = values.get("adapter.modules_to_save")
    if kind in ("qwen", "qwen_vl") and isinstance(saved, str):
        values["adapter.modules_to_save"] = saved.replace("embedding", "wte")
