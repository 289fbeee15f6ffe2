"""Activations kept for the backward pass, in bytes per token and layer.

Read in the model code of transformers 5.24 and confirmed with fake tensors and saved-tensor hooks (Llama, Qwen: to the byte). With e the
bytes of an activation, h hidden width, q and k widths of all query and key heads, a heads, i width of the MLP:

* RMS norm: its input in fp32, 4 h, and the normed one for the weight's gradient, s h, where it is trained (4 h in families whose weight
  multiplies in fp32); layer norm: its input, s h (4 h under autocast, which casts it). s: bytes of the residual stream, 4 where
  embeddings are fp32
* input of a projection: e h where its weight is trained (shared by projections of one input; under autocast over a 32-bit stream each
  keeps its own 16-bit copy)
* attention (sdpa, flash): q, k, v, output and log-sum-exp: e (2 q + 2 k) + 4 a, k repeated to q where heads are expanded; eager adds
  6 a S for the softmax in fp32 and its 16-bit copy (4 a S in fp32)
* norms of queries and keys: 4 (q + k), trained e (q + k) more
* gated MLP: gate, its activation, up: 3 e i, and their product e i where `down` is trained; not gated: e i, trained 2 e i
* a LoRA target of input width n: a copy in the adapter's type, 4 n in fp32 (2 n under autocast), with dropout a mask of n and a
  dropped copy; 16-bit adapters share the input, e n
* mixture of experts: the output of each expert that a token is sent to, e h, and its gathered input where experts are trained
* gradient checkpointing keeps the input of each layer, e h, and computes one layer again
"""

from lintune.memory.constants import value
from lintune.memory.kept import PLAIN, Kept, kept_of
from lintune.memory.setting import Setting
from lintune.memory.weights import adapter_element
from lintune.models.shapes import Layer, Stack

_ATTENTION_DROPOUT = {"bert", "roberta", "gpt2"}
_PYTHON_GELU = 4
_INPUT_ROLES = {"q": "in", "k": "in", "v": "in", "qkv": "in", "gate": "mlp", "up": "mlp", "gate_up": "mlp"}


def layer_bytes(setting: Setting, stack: Stack, layer: Layer, part: str) -> float:
    """Bytes per token that one layer keeps."""
    full, e = setting.trains(part), setting.activation
    family = _family(setting, part)
    found = _norms(setting, stack, layer, family, full) + _attention(setting, stack, layer, family, part)
    found += _mlp(setting, layer, family, full) + _lora(setting, stack, layer, part)
    if full:
        found += _inputs(setting, stack, layer)
    if layer.experts:
        found += e * layer.experts * stack.hidden * (2 if full else 1)
    if part == "llm":
        found += setting.profile.layer_extra * stack.hidden
        if setting.profile.keeps_input and setting.quant.startswith("nf4"):
            found += _kept_inputs(setting, layer, stack.hidden)
    return found


def _family(setting: Setting, part: str) -> Kept:
    return PLAIN if setting.profile.own_code else kept_of(setting.model.type, part != "llm")


def _norms(setting: Setting, stack: Stack, layer: Layer, family: Kept, full: bool) -> float:
    h, s = stack.hidden, setting.stream
    if stack.norm == "ln" and family.norm != "cohere":
        return layer.norms * ((4 if setting.autocast else s) * h + 8)
    if setting.liger:
        return layer.norms * (s * h + 4)
    if family.norm == "cohere":
        return layer.norms * (8 * h + 4 + (4 * h if full else 0))
    return layer.norms * (4 * h + 4 + ((4 if family.norm == "fp32" else s) * h if full else 0))


def _attention(setting: Setting, stack: Stack, layer: Layer, family: Kept, part: str) -> float:
    e, full = setting.activation, setting.trains(part)
    if not layer.queries:
        return e * layer.mixer
    q, k = layer.queries, layer.keys
    kept = e * (2 * q + 2 * (q if _expands(setting) else k)) + 4 * stack.heads
    if family.whole_qkv:
        kept += e * (q + k)
    if family.qk_norm:
        kept += 4 * (q + k) + ((4 if family.norm == "fp32" else e) * (q + k) if full else 0)
    if setting.attention == "eager":
        length = setting.reached if part == "llm" else setting.patches // max(1, setting.images)
        kept += ((6 if e == 2 else 4) + (5 if setting.model.type in _ATTENTION_DROPOUT else 0)) * stack.heads * length
    return kept


def _expands(setting: Setting) -> bool:
    """Whether keys and values are copied to all query heads: by eager attention, by older code, and by sdpa under a mask of padding."""
    padded = setting.attention == "sdpa" and setting.micro > 1 and not (setting.packed or setting.profile.full_length)
    return setting.attention == "eager" or padded or (setting.profile.expands_keys and setting.attention == "sdpa")


def _mlp(setting: Setting, layer: Layer, family: Kept, full: bool) -> float:
    e, product = setting.activation, int(full)
    if not layer.gated:
        masks = 2 * layer.queries if setting.model.type in _ATTENTION_DROPOUT else 0  # of the two dropouts over the hidden width
        if family.act == _PYTHON_GELU and setting.autocast and e == 2:
            return (14 + 2 * product) * layer.inner + masks  # autocast takes its power in fp32, and all that follows
        return e * layer.inner * max(1, family.act + (product if family.act else 0)) + masks
    return e * layer.inner * (2 if setting.liger else 3 + product)


def _inputs(setting: Setting, stack: Stack, layer: Layer) -> float:
    """Inputs of trained projections: one for those that share it, one for each where autocast casts a 32-bit stream."""
    e, h = setting.activation, stack.hidden
    if setting.casts(stack):
        return e * h * sum(1 for linear in layer.linears if linear.role in _INPUT_ROLES and linear.copies == 1)
    return e * h * ((1 if layer.queries or layer.mixer else 0) + 1)


def _kept_inputs(setting: Setting, layer: Layer, h: int) -> float:
    """Inputs of 4-bit projections: of attention, its output, the MLP twice."""
    return 2 * h + 2 * layer.queries + 2 * h + (2 + setting.profile.nf4_inner) * layer.inner


def _lora(setting: Setting, stack: Stack, layer: Layer, part: str) -> float:
    """Copies of the inputs of LoRA targets in this layer."""
    chosen = {target.linear for target in setting.targets if target.part == part}
    adapter, e = adapter_element(setting), setting.activation
    casts = not setting.autocast and adapter != e  # PEFT casts the input of each target to the adapter's type
    kept, shared = 0.0, set()
    for linear in layer.linears:
        if linear not in chosen:
            continue
        width = linear.fan_in * (max(1, layer.experts) if linear.copies > 1 else 1)
        group = _INPUT_ROLES.get(linear.role, linear.name)
        alone = casts or setting.casts(stack) or (setting.autocast and adapter == 4 and e == 2)
        if setting.dora:
            kept += 6 * linear.fan_out  # the plain output in 16 bits and the scaled one in fp32
        if setting.dropout:
            kept += ((adapter if casts else e) + 1) * width
        elif alone or (group not in shared and not (linear.role == "o" and layer.queries)):  # attention keeps its output anyway
            kept += (adapter if casts else e) * width
        shared.add(group)
        kept += 2 * setting.rank
    return kept


def stack_bytes(setting: Setting, stack: Stack, part: str) -> tuple[float, float]:
    """Bytes per token over all layers, and of the layer that keeps most."""
    total = most = 0.0
    for layer in stack.layers:
        each = layer_bytes(setting, stack, layer, part)
        total += layer.count * each
        most = max(most, each)
    return total, most


def attention_moment(setting: Setting, stack: Stack) -> float:
    """Bytes per token of the layer whose eager attention is in its backward pass: MLP, second norm and output are freed by then.

    0 where no scores are written to memory. 14 B per score are alive in 16 bits and 16 B in fp32, of which `layer_bytes` has what is kept.
    """
    if setting.attention != "eager":
        return 0.0
    e, family = setting.activation, _family(setting, "llm")
    more = value("eager_backward") if e == 2 else value("eager_backward_fp32")
    most = 0.0
    for layer in stack.layers:
        freed = _mlp(setting, layer, family, setting.trains("llm")) + _norms(setting, stack, layer, family, setting.trains("llm")) / 2
        kept = layer_bytes(setting, stack, layer, "llm") - freed - e * layer.queries
        most = max(most, kept + (more * stack.heads * setting.reached if layer.queries else 0))
    return most


def backward_temporaries(setting: Setting, stack: Stack) -> float:
    """Bytes per token of gradients inside a layer during the backward pass of its MLP: 8 h + 4 i."""
    inner = max((layer.inner for layer in stack.layers), default=0)
    return (8 * stack.hidden + 4 * inner) * setting.activation / 2
