"""Activations that layers keep, counted with saved-tensor hooks, beside the closed form: `memory_layers.py [TYPES] [MODES] [FLAGS]`.

Small models of real types run on the CPU (the dry-run extra): bytes per token and layer are the difference between four and two layers.
Weights, their casts and buffers are left out. What differs on a GPU is not seen here: dropout's masks (1 B instead of an element) and
layer norms under autocast, which the CPU leaves in 16 bits. FLAGS: `d` adds LoRA's dropout, `a` autocast, `f` is fp32, `e` eager.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lintune.memory.activations import layer_bytes  # noqa: E402
from lintune.memory.constants import profile_of  # noqa: E402
from lintune.memory.setting import Setting  # noqa: E402
from lintune.models.multimodal import model_of  # noqa: E402
from lintune.models.targets import find_targets  # noqa: E402
from lintune.source.record import replace  # noqa: E402

TOKENS = 144
"""No size of a weight, so that casts of weights are told from activations."""
TYPES = ("llama", "qwen2", "qwen3", "mistral", "gemma3_text", "phi", "phi3", "olmo2", "stablelm", "gpt_neox", "starcoder2", "cohere",
         "glm4", "granite", "exaone4", "mixtral", "qwen3_moe", "lfm2")  # fmt: skip
_COMMON = {"hidden_size": 512, "intermediate_size": 1408, "num_attention_heads": 8, "vocab_size": 512, "max_position_embeddings": 1024}
_EXPERTS: dict[str, dict[str, Any]] = {
    "mixtral": {"num_local_experts": 8, "num_experts_per_tok": 2},
    "qwen3_moe": {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 352, "mlp_only_layers": []},
}
_OWN_HEADS = ("gpt_neox", "phi", "cohere")


def config_of(kind: str, layers: int, attention: str) -> Any:
    """A small config of a type."""
    config = AutoConfig.for_model(kind)
    sizes = {
        **_COMMON,
        **_EXPERTS.get(kind, {}),
        "num_hidden_layers": layers,
        "attention_dropout": 0.0,
        "hidden_dropout": 0.0,
        "head_dim": 64,
    }
    sizes |= {"residual_dropout": 0.0, "embedding_dropout": 0.0, "resid_pdrop": 0.0, "embd_pdrop": 0.0}
    sizes["num_key_value_heads"] = 8 if kind in _OWN_HEADS else 2
    for name, value in sizes.items():
        if hasattr(config, name):
            setattr(config, name, value)
    if getattr(config, "layer_types", None) is not None:
        config.layer_types = (config.layer_types * 10)[:layers]
    for name in ("pad_token_id", "bos_token_id", "eos_token_id"):
        setattr(config, name, None)
    config._attn_implementation, config.use_cache = attention, False
    return config


def kept_bytes(config: Any, mode: str, flags: str) -> int:
    """Bytes that a forward pass keeps, each storage once."""
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32 if "f" in flags else torch.bfloat16)
    inner = model
    if mode != "full":
        from peft import LoraConfig, get_peft_model

        targets = mode if mode == "all-linear" else mode.split(",")
        inner = get_peft_model(model, LoraConfig(r=8, target_modules=targets, lora_dropout=0.05 if "d" in flags else 0.0))
        inner.enable_input_require_grads()
        inner = inner.base_model.model
    body = getattr(inner, inner.base_model_prefix)
    own = {each.untyped_storage().data_ptr() for each in (*model.parameters(), *model.buffers())}
    shapes = {shape for each in model.parameters() for shape in (tuple(each.shape), tuple(each.shape)[::-1])}
    sizes: dict[int, int] = {}
    alive: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and storage.data_ptr() not in sizes and tuple(tensor.shape) not in shapes:
            sizes[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), torch.autocast("cpu", torch.bfloat16, enabled="a" in flags):
        kept = body(torch.randint(5, 500, (1, TOKENS)))
    del kept
    return sum(sizes.values())


def closed_bytes(config: Any, mode: str, attention: str, flags: str) -> float:
    """Bytes per token and layer by the closed form."""
    model = model_of({**config.to_dict(), "model_type": config.model_type})
    profile = replace(profile_of("peft-script"), autocast="a" in flags)
    element = 4 if "f" in flags else 2
    targets = () if mode == "full" else find_targets(model, mode)
    setting = Setting(
        model, "", profile, {"llm": "full" if mode == "full" else "lora"}, targets=targets, rank=8, dropout="d" in flags,
        element=element, activation=2 if "a" in flags else element, attention=attention, length=TOKENS, packed=True,
    )  # fmt: skip
    return sum(layer.count * layer_bytes(setting, model.llm, layer, "llm") for layer in model.llm.layers) / model.llm.depth


def main(types: tuple[str, ...], modes: tuple[str, ...], flags: str) -> int:
    """Prints a line per type and mode; returns how many differ by more than 10 %."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    attention, off = "eager" if "e" in flags else "sdpa", 0
    for kind in types:
        for mode in modes:
            if kind in _EXPERTS and mode == "all-linear":
                continue  # PEFT 0.21 adapts stacked experts by adding up whole matrices, which is no matter of tokens
            two, four = (config_of(kind, layers, attention) for layers in (2, 4))
            counted = (kept_bytes(four, mode, flags) - kept_bytes(two, mode, flags)) / 2 / TOKENS
            closed = closed_bytes(four, mode, attention, flags)
            off += abs(closed / counted - 1) > 0.10
            print(
                f"{kind:<14}{mode:<16}{attention:<6} counted {counted:8.0f} B  closed {closed:8.0f} B  {closed / counted - 1:+6.1%}",
                flush=True,
            )
    return off


if __name__ == "__main__":
    chosen = tuple(sys.argv[1].split(",")) if len(sys.argv) > 1 and sys.argv[1] else TYPES
    tuned = tuple(sys.argv[2].split(";")) if len(sys.argv) > 2 else ("full", "all-linear")
    sys.exit(min(1, main(chosen, tuned, sys.argv[3] if len(sys.argv) > 3 else "")))
