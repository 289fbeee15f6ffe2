"""What stands in the place of attention: DeepSeek's latent attention, short convolutions, gated delta networks."""

from collections.abc import Mapping

from lintune.models.reading import flag, number, text
from lintune.models.shapes import Linear


def latent_attention(config: Mapping[str, object], hidden: int, heads: int) -> tuple[tuple[Linear, ...], int, int, int]:
    """Multi-head latent attention: its linear layers, the elements of its norms, widths of queries and keys."""
    rope, plain, value = (number(config, name) for name in ("qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"))
    rank, query_rank = number(config, "kv_lora_rank"), number(config, "q_lora_rank", 0)
    bias = flag(config, "attention_bias")
    queries = heads * (rope + plain)
    if query_rank:
        first = (
            Linear("self_attn.q_a_proj", hidden, query_rank, "q", bias),
            Linear("self_attn.q_b_proj", query_rank, queries, "q"),
        )
    else:
        first = (Linear("self_attn.q_proj", hidden, queries, "q"),)  # type: ignore[assignment]
    rest = (
        Linear("self_attn.kv_a_proj_with_mqa", hidden, rank + rope, "k", bias),
        Linear("self_attn.kv_b_proj", rank, heads * (plain + value), "v"),
        Linear("self_attn.o_proj", heads * value, hidden, "o", bias),
    )
    return (*first, *rest), rank + query_rank, queries, queries


def mixer_of(config: Mapping[str, object], hidden: int, index: int) -> tuple[tuple[Linear, ...], int, int, int] | None:
    """Linear layers, vectors, other matrices and the width kept per token; None where the layer has attention."""
    kind = text(config, "model_type")
    kinds = config.get("layer_types")
    if kind in ("lfm2", "lfm2_moe"):
        attention = config.get("full_attn_idxs")
        is_conv = (
            kinds[index] == "conv" if isinstance(kinds, (list, tuple)) else isinstance(attention, (list, tuple)) and index not in attention
        )
        return _short_convolution(config, hidden) if is_conv else None
    if kind in ("qwen3_5_text", "qwen3_next"):
        every = number(config, "full_attention_interval", 4)
        linear = kinds[index] == "linear_attention" if isinstance(kinds, (list, tuple)) else (index + 1) % every != 0
        return _delta_network(config, hidden, split=kind == "qwen3_5_text") if linear else None
    return None


def _short_convolution(config: Mapping[str, object], hidden: int) -> tuple[tuple[Linear, ...], int, int, int]:
    linears = (Linear("conv.in_proj", hidden, 3 * hidden), Linear("conv.out_proj", hidden, hidden, "o"))
    return linears, 0, hidden * number(config, "conv_L_cache", 3), 6 * hidden


def _delta_network(config: Mapping[str, object], hidden: int, split: bool) -> tuple[tuple[Linear, ...], int, int, int]:
    value_heads, key_heads = number(config, "linear_num_value_heads"), number(config, "linear_num_key_heads")
    key_dim, value_dim = number(config, "linear_key_head_dim"), number(config, "linear_value_head_dim")
    keys, values = key_heads * key_dim, value_heads * value_dim
    mixed = 2 * keys + values
    name = "linear_attn"
    if split:
        inputs = (
            Linear(f"{name}.in_proj_qkv", hidden, mixed, "qkv"),
            Linear(f"{name}.in_proj_z", hidden, values),
            Linear(f"{name}.in_proj_b", hidden, value_heads),
            Linear(f"{name}.in_proj_a", hidden, value_heads),
        )
    else:
        inputs = (Linear(f"{name}.in_proj_qkvz", hidden, mixed + values, "qkv"), Linear(f"{name}.in_proj_ba", hidden, 2 * value_heads))  # type: ignore[assignment]
    linears = (*inputs, Linear(f"{name}.out_proj", values, hidden, "o"))
    vectors = 2 * value_heads + value_dim
    return linears, vectors, mixed * number(config, "linear_conv_kernel_dim", 4), 3 * mixed + 3 * values
