"""Activations kept for the backward pass, in bytes per token and layer.

Read in the model code of transformers 5.24 and confirmed with fake tensors and saved-tensor hooks (Llama, Qwen: to the byte). With e the
bytes of an activation, h hidden width, q and k widths of all query and key heads, a heads, i width of the MLP:

* RMS norm: an fp32 copy of its input, 4 h (none where e is 4), and the normed one for the weight's gradient, e h, where it is trained;
  layer norm: its input, e h
* input of a projection: e h where its weight is trained (shared by projections of one input)
* attention (sdpa, flash): q, k, v, output and log-sum-exp: e (2 q + 2 k) + 4 a, k repeated to q where heads are expanded; eager adds
  6 a S for the softmax in fp32 and its 16-bit copy (4 a S in fp32)
* norms of queries and keys: 4 (q + k), trained e (q + k) more
* gated MLP: gate, its activation, up: 3 e i, and their product e i where `down` is trained; not gated: e i, trained 2 e i
* a LoRA target of input width n: a copy in the adapter's type, 4 n in fp32 (2 n under autocast), with dropout a mask of n and a
  dropped copy; 16-bit adapters share the input, e n
* mixture of experts: 7.3 h per expert that a token is sent to (gathered input, output, weighted output)
* gradient checkpointing keeps the input of each layer, e h, and computes one layer again
"""

from lintune.memory.constants import value
from lintune.memory.setting import Setting
from lintune.memory.weights import adapter_element
from lintune.models.shapes import Layer, Linear, Stack

_NORMED = {
    "qwen3",
    "qwen3_moe",
    "gemma3_text",
    "gemma3",
    "olmo2",
    "olmo3",
    "qwen3_vl",
    "qwen3_vl_moe",
    "lfm2",
    "lfm2_moe",
    "qwen3_5",
    "exaone4",
}
_ATTENTION_DROPOUT = {"bert", "roberta", "gpt2"}
_REPEATS = ("eager",)


def layer_bytes(setting: Setting, stack: Stack, layer: Layer, part: str) -> float:
    """Bytes per token that one layer keeps."""
    full = setting.trains(part)
    e = setting.activation
    h = stack.hidden
    return (
        _norms(setting, stack, layer, full, e)
        + _attention(setting, stack, layer, full, e, part)
        + _mlp(setting, layer, full, e)
        + _inputs(layer, full, e, h)
        + _lora(setting, layer, part, e)
        + _experts(layer, h)
        + (setting.profile.layer_extra * h if part == "llm" else 0)
        + (_kept_inputs(setting, layer, h) if setting.profile.keeps_input and setting.quant.startswith("nf4") and part == "llm" else 0)
    )


def _norms(setting: Setting, stack: Stack, layer: Layer, full: bool, e: int) -> float:
    h = stack.hidden
    if stack.norm == "ln":
        return layer.norms * (e * h + 8)
    if setting.liger:
        return layer.norms * (e * h + 4)
    return layer.norms * ((4 * h if e == 2 else e * h) + 4 + (e * h if full else 0))


def _attention(setting: Setting, stack: Stack, layer: Layer, full: bool, e: int, part: str) -> float:
    if not layer.queries:
        return e * layer.mixer
    q, k = layer.queries, layer.keys
    repeated = setting.attention in _REPEATS or (setting.attention == "sdpa" and not setting.fused_loss)
    kept = e * (2 * q + 2 * (q if repeated else k)) + 4 * stack.heads
    if setting.model.type in _NORMED and part == "llm":
        kept += 4 * (q + k) + (e * (q + k) if full else 0)
    if setting.attention == "eager":
        length = setting.length if part == "llm" else setting.patches // max(1, setting.images)
        kept += ((6 if e == 2 else 4) + (5 if setting.model.type in _ATTENTION_DROPOUT else 0)) * stack.heads * length
    return kept


def _mlp(setting: Setting, layer: Layer, full: bool, e: int) -> float:
    if not layer.gated:
        masks = 2 * layer.queries if setting.model.type in _ATTENTION_DROPOUT else 0  # of the two dropouts over the hidden width
        return e * layer.inner * (2 if full else 1) + masks
    kept = 2 if setting.liger else 3
    return e * layer.inner * (kept + (1 if full and not setting.liger else 0))


def _inputs(layer: Layer, full: bool, e: int, h: int) -> float:
    """Inputs of trained projections: one per group that shares it."""
    if not full:
        return 0
    groups = (1 if layer.queries or layer.mixer else 0) + 1
    return e * h * groups


def _experts(layer: Layer, h: int) -> float:
    return value("expert_copies") * h * layer.experts


def _kept_inputs(setting: Setting, layer: Layer, h: int) -> float:
    """Inputs of 4-bit projections: of attention, its output, the MLP twice."""
    return 2 * h + 2 * layer.queries + 2 * h + (2 + setting.profile.nf4_inner) * layer.inner


def _lora(setting: Setting, layer: Layer, part: str, e: int) -> float:
    """Copies of the inputs of LoRA targets in this layer."""
    chosen = {target.linear for target in setting.targets if target.part == part}
    adapter = adapter_element(setting)
    kept, shared = 0.0, set()
    for linear in layer.linears:
        if linear not in chosen:
            continue
        width = linear.fan_in * (max(1, layer.experts) if linear.copies > 1 else 1)
        group = _group(linear)
        if setting.dora:
            kept += 6 * linear.fan_out  # the plain output in 16 bits and the scaled one in fp32
        if adapter == 4 and not setting.profile.autocast and e == 2:
            kept += (5 if setting.dropout else 4) * width
        elif setting.dropout:
            kept += (e + 1) * width
        elif adapter == 4 and e == 2:
            kept += 2 * width
        elif group not in shared:
            kept += e * width
        shared.add(group)
        kept += 2 * setting.rank
    return kept


def _group(linear: Linear) -> str:
    return {"q": "in", "k": "in", "v": "in", "qkv": "in", "gate": "mlp", "up": "mlp", "gate_up": "mlp"}.get(linear.role, linear.name)


def stack_bytes(setting: Setting, stack: Stack, part: str) -> tuple[float, float]:
    """Bytes per token over all layers, and of the layer that keeps most."""
    total = most = 0.0
    for layer in stack.layers:
        each = layer_bytes(setting, stack, layer, part)
        total += layer.count * each
        most = max(most, each)
    return total, most


def backward_temporaries(setting: Setting, stack: Stack) -> float:
    """Bytes per token of gradients inside a layer during its backward pass: 8 h + 4 i, and those of eager attention's scores."""
    inner = max((layer.inner for layer in stack.layers), default=0)
    each = value("eager_backward") if setting.activation == 2 else value("eager_backward_fp32")
    scores = each * stack.heads * setting.length if setting.attention == "eager" else 0
    return (8 * stack.hidden + 4 * inner) * setting.activation / 2 + scores
