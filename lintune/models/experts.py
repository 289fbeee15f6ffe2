"""The MLP of a mixture of experts."""

from collections.abc import Mapping

from lintune.models.reading import number, text
from lintune.models.shapes import Linear, Stack
from lintune.source.record import replace


def _is_sparse(config: Mapping[str, object], index: int) -> bool:
    if not number(config, "num_experts", 0):
        return False
    kinds = config.get("mlp_layer_types")
    if isinstance(kinds, (list, tuple)) and index < len(kinds):
        return str(kinds[index]) == "sparse"
    dense_only = config.get("mlp_only_layers")
    if isinstance(dense_only, (list, tuple)) and index in dense_only:
        return False
    first = number(config, "first_k_dense_replace", number(config, "num_dense_layers", 0))
    every = number(config, "decoder_sparse_step", number(config, "moe_layer_freq", 1)) or 1
    if "decoder_sparse_step" in config:
        return (index + 1) % every == 0
    return index >= first and index % every == 0


def fused(stack: Stack) -> Stack:
    """The stack as transformers 5 builds it: the experts of a layer are parameters with a dimension for them, no linear layers."""
    layers = (
        replace(layer, linears=tuple(replace(each, stacked=True) if each.copies > 1 else each for each in layer.linears))
        for layer in stack.layers
    )
    return replace(stack, layers=tuple(layers))


def sparse_mlp(config: Mapping[str, object], hidden: int, index: int) -> tuple[tuple[Linear, ...], int, int] | None:
    """Its linear layers, the width that a token passes, and experts per token; None in a dense layer."""
    if not _is_sparse(config, index):
        return None
    kind = text(config, "model_type")
    experts, chosen = number(config, "num_experts"), number(config, "num_experts_per_tok", 2)
    inner = number(config, "moe_intermediate_size", number(config, "intermediate_size"))
    oss, lfm = kind == "gpt_oss", kind == "lfm2_moe"
    block = "block_sparse_moe" if kind == "mixtral" else "feed_forward" if lfm else "mlp"
    router = f"{block}.router" if oss else f"{block}.gate"
    linears = [Linear(router, hidden, experts, "router", oss)]
    if oss:
        linears.append(Linear(f"{block}.experts.gate_up_proj", hidden, 2 * inner, "gate_up", True, experts, stacked=True))
        linears.append(Linear(f"{block}.experts.down_proj", inner, hidden, "down", True, experts, stacked=True))
        return tuple(linears), chosen * inner, chosen
    gate, up, down = ("w1", "w3", "w2") if kind == "mixtral" or lfm else ("gate_proj", "up_proj", "down_proj")
    linears += [
        Linear(f"{block}.experts.{{}}.{gate}", hidden, inner, "gate", copies=experts),
        Linear(f"{block}.experts.{{}}.{up}", hidden, inner, "up", copies=experts),
        Linear(f"{block}.experts.{{}}.{down}", inner, hidden, "down", copies=experts),
    ]
    shared = number(config, "shared_expert_intermediate_size", inner * number(config, "n_shared_experts", 0))
    if shared:
        name = f"{block}.shared_expert" if kind in ("qwen2_moe", "qwen3_next") else f"{block}.shared_experts"
        linears += [
            Linear(f"{name}.gate_proj", hidden, shared, "gate"),
            Linear(f"{name}.up_proj", hidden, shared, "up"),
            Linear(f"{name}.down_proj", shared, hidden, "down"),
        ]
        if kind in ("qwen2_moe", "qwen3_next"):
            linears.append(Linear(f"{block}.shared_expert_gate", hidden, 1, "router"))
    return tuple(linears), chosen * inner + shared, chosen
