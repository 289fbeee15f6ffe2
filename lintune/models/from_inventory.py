"""A model's shape (what the arithmetic of memory needs) from its inventory: parts, layers, roles of linear layers. No torch."""

import re
from collections.abc import Iterable, Mapping

from lintune.models.adapter_counts import is_embedding, is_head
from lintune.models.inventories import Module, modules_of
from lintune.models.parts import part_of_module
from lintune.models.reading import mapping, normalised, number
from lintune.models.remote import adapted
from lintune.models.shapes import Layer, Linear, Model, Role, Stack, Vision
from lintune.source.record import dataclass, field, replace

_NUMBER = re.compile(r"\.(\d+)(?=\.|$)")
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("q_proj", "query", "q", "q_a_proj", "q_b_proj", "wq"), "q"),
    **dict.fromkeys(("k_proj", "key", "k", "kv_a_proj_with_mqa", "wk"), "k"),
    **dict.fromkeys(("v_proj", "value", "v", "kv_b_proj", "wv"), "v"),
    **dict.fromkeys(("qkv_proj", "qkv", "query_key_value", "c_attn", "W_pack", "wqkv", "Wqkv", "in_proj_qkv", "in_proj_qkvz"), "qkv"),
    **dict.fromkeys(("o_proj", "out_proj", "dense", "wo", "proj", "attn.c_proj", "attention.output.dense"), "o"),
    **dict.fromkeys(("gate_proj", "w1", "mlp.w2", "linear_fc0"), "gate"),
    **dict.fromkeys(
        ("up_proj", "w3", "fc1", "c_fc", "fc_in", "dense_h_to_4h", "intermediate.dense", "linear_fc1", "mlp.w1"), "up"
    ),
    **dict.fromkeys(("gate_up_proj",), "gate_up"),
    **dict.fromkeys(("down_proj", "w2", "fc2", "fc_out", "dense_4h_to_h", "mlp.c_proj", "output.dense", "linear_fc2"), "down"),
    **dict.fromkeys(("gate", "router", "shared_expert_gate"), "router"),
}  # fmt: skip


@dataclass(slots=True)
class _Parts:
    """The modules of a model, sorted."""

    layers: dict[str, dict[int, list[Module]]] = field(default_factory=dict)
    """By part, of each layer the modules with names within the layer."""
    prefixes: dict[str, str] = field(default_factory=dict)
    rest: dict[str, list[Module]] = field(default_factory=dict)
    """By part, what stands outside of the layers; with the part's ends under `embed` and `lm_head`."""

    def add(self, module: Module) -> None:
        """Put a module where it belongs."""
        part = part_of_module(module.name)
        if is_embedding(module):
            part = "embed"
        elif is_head(module):
            part = "lm_head"
        found = _NUMBER.search(module.name)
        if found is None or part in ("embed", "lm_head", "projector"):
            self.rest.setdefault(part, []).append(module)
            return
        prefix = f"{module.name[: found.start()]}.{{}}"
        if self.prefixes.setdefault(part, prefix) != prefix:
            self.rest.setdefault(part, []).append(module)
            return
        inner = replace(module, name=module.name[found.end() + 1 :])
        self.layers.setdefault(part, {}).setdefault(int(found[1]), []).append(inner)


def model_from_inventory(config: Mapping[str, object]) -> Model:
    """The model of a config.json. Raises `NoInventory`."""
    parts = _Parts()
    for module in modules_of(config):
        parts.add(module)
    values = normalised(adapted(config))
    text = _text_values(values)
    for part in ("vision", "audio"):
        if not parts.layers.get(part):  # what stands alone belongs to no tower
            parts.rest.setdefault("llm", []).extend(parts.rest.pop(part, []))
    embed, head = parts.rest.get("embed", []), parts.rest.get("lm_head", [])
    llm = _stack(parts, "llm", text)
    vocab = embed[0].shapes[0][1][0] if embed else number(text, "vocab_size", 0)
    weight = sum(_matrix(each) for each in head)
    first = sum(each.params for each in embed)
    vision = _vision(parts, values)
    audio = _stack(parts, "audio", mapping(values, "audio_config")) if parts.layers.get("audio") else None
    projector = [_linear(each, "other") for each in parts.rest.get("projector", []) if _is_linear(each)]
    others = sum(each.params for each in parts.rest.get("projector", [])) - sum(each.params for each in projector)
    return Model(
        str(values.get("model_type", "")), llm, vocab, first, weight or vocab * llm.hidden, not weight,
        head_bias=sum(each.params - _matrix(each) for each in head), head_name=head[0].name if head else "lm_head", vision=vision,
        projector=tuple(projector), projector_vectors=others, others=audio,
        softcap=bool(text.get("final_logit_softcapping")),
    )  # fmt: skip


def _text_values(values: Mapping[str, object]) -> dict[str, object]:
    """The values of the language model: nested ones, else those at the top."""
    nested = mapping(values, "text_config") or mapping(values, "llm_config")
    return {**values, **nested} if nested else dict(values)


def _matrix(module: Module) -> int:
    return sum(_elements(shape) for _, shape in module.shapes if len(shape) > 1)


def _elements(shape: Iterable[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _is_linear(module: Module) -> bool:
    return module.kind in ("linear", "conv1d")


def _stack(parts: _Parts, part: str, values: Mapping[str, object]) -> Stack:
    """The layers of a part, equal neighbours put together, and what stands beside them."""
    layers: list[Layer] = []
    numbered = parts.layers.get(part, {})
    hidden = _hidden(numbered, values)
    heads = number(values, "num_attention_heads", 0)
    for index in sorted(numbered):
        layer = _layer(numbered[index], values, hidden, heads)
        if layers and replace(layers[-1], count=1) == layer:
            layers[-1] = replace(layers[-1], count=layers[-1].count + 1)
        else:
            layers.append(layer)
    rest = parts.rest.get(part, [])
    vectors = sum(_elements(shape) for each in rest for _, shape in each.shapes if len(shape) == 1)
    norms = [each for each in numbered.get(0, []) if "norm" in each.name or "ln_" in each.name]
    biased = any("bias" in dict(each.shapes) for each in norms)
    return Stack(
        hidden, tuple(layers), parts.prefixes.get(part, ""), heads, "ln" if biased else "rms", vectors,
        sum(each.params for each in rest) - vectors,
    )  # fmt: skip


def _hidden(numbered: Mapping[int, list[Module]], values: Mapping[str, object]) -> int:
    """The width of the layers: what the first projection of a layer takes in."""
    for each in numbered.get(0, []):
        if _role(each.name) in ("q", "qkv", "up", "gate", "gate_up") and _is_linear(each):
            return _linear(each, "other").fan_in
    return number(values, "hidden_size", 0)


def _role(name: str) -> Role:
    words = name.split(".")
    for count in (3, 2, 1):
        found = _ROLES.get(".".join(words[-count:]))
        if found is not None:
            return found
    return "other"


def _linear(module: Module, role: Role, copies: int = 1, name: str = "") -> Linear:
    shapes = dict(module.shapes)
    out, inside = shapes["weight"][0], shapes["weight"][1]
    if module.kind == "conv1d":
        out, inside = inside, out
    return Linear(name or module.name, inside, out, role, "bias" in shapes, copies)


def _layer(modules: Iterable[Module], values: Mapping[str, object], hidden: int, heads: int) -> Layer:
    linears, others = _sorted(modules)
    downs = [each for each in linears if each.role == "down"]
    if len(downs) == 1:  # one projection of twice the width is both gate and up
        double = 2 * downs[0].fan_in
        linears = [replace(each, role="gate_up") if each.role == "up" and each.fan_out == double else each for each in linears]
    vectors = sum(_elements(shape) for each in others for _, shape in each.shapes if len(shape) == 1)
    matrices = sum(each.params for each in others) - vectors
    by_role: dict[str, list[Linear]] = {}
    for each in linears:
        by_role.setdefault(each.role, []).append(each)
    queries, keys = _widths(by_role, values, heads)
    chosen = number(values, "num_experts_per_tok", 2) if any(each.copies > 1 or each.stacked for each in linears) else 0
    inner = sum(each.fan_in * (chosen if each.copies > 1 else 1) for each in by_role.get("down", []))
    norms = sum(1 for each in others if dict(each.shapes).get("weight") == (hidden,))
    mixer = 0 if queries else sum(each.fan_out for each in linears if each.role in ("qkv", "other"))
    gated = bool(by_role.get("gate") or by_role.get("gate_up"))
    return Layer(1, tuple(linears), vectors, matrices, queries, keys, inner, gated, norms, chosen, mixer)


def _sorted(modules: Iterable[Module]) -> tuple[list[Linear], list[Module]]:
    """Linear layers, experts put together; and all other modules."""
    linears: list[Linear] = []
    others: list[Module] = []
    numbered: dict[str, int] = {}
    for each in modules:
        name = _NUMBER.sub(".{}", each.name)
        if _is_linear(each) and name in numbered:
            at = numbered[name]
            linears[at] = replace(linears[at], copies=linears[at].copies + 1)
        elif _is_linear(each):
            if "{}" in name:
                numbered[name] = len(linears)
            linears.append(_linear(each, _role(each.name), 1, name))
        elif each.kind == "other" and any(len(shape) == 3 for _, shape in each.shapes) and "expert" in each.name:
            linears += _stacked(each)
        else:
            others.append(each)
    return linears, others


def _stacked(module: Module) -> list[Linear]:
    """Experts as one three-dimensional parameter per projection: (experts, out, in), or (experts, in, out) where there are biases."""
    shapes = dict(module.shapes)
    found = []
    for name, shape in module.shapes:
        if len(shape) == 3:
            biased = f"{name}_bias" in shapes
            out, inside = (shape[2], shape[1]) if biased else (shape[1], shape[2])
            found.append(Linear(f"{module.name}.{name}", inside, out, _role(name), biased, shape[0], stacked=True))
    return found


def _widths(by_role: Mapping[str, list[Linear]], values: Mapping[str, object], heads: int) -> tuple[int, int]:
    """Widths of all query heads and of all key heads; 0 where the layer has no softmax attention."""
    if by_role.get("q") and by_role.get("o"):
        queries = by_role["o"][-1].fan_in
        latent = number(values, "kv_lora_rank", 0)
        own = by_role["q"][-1].fan_out if latent else queries
        keys = own if latent or not by_role.get("k") else by_role["k"][-1].fan_out
        return own, keys
    if by_role.get("qkv") and by_role.get("o") and "linear_attn" not in by_role["qkv"][0].name:
        queries = by_role["o"][0].fan_in
        return queries, (by_role["qkv"][0].fan_out - queries) // 2
    return 0, 0


def _vision(parts: _Parts, values: Mapping[str, object]) -> Vision | None:
    """The vision tower; None where there is none."""
    if not parts.layers.get("vision"):
        return None
    nested = mapping(values, "vision_config")
    stack = _stack(parts, "vision", nested)
    kind = str(values.get("model_type", ""))
    merge = number(nested, "spatial_merge_size", number(values, "scale_factor", 1))
    image = 0 if kind.startswith(("qwen", "glm")) else number(nested, "image_size", 0)
    patch = number(nested, "patch_size", 14)
    classes = any("class_embedding" in each.name or "class_embedding" in dict(each.shapes) for each in parts.rest.get("vision", []))
    tokens = number(values, "mm_tokens_per_image", number(values, "query_num", 0)) or ((image // patch // merge) ** 2 if image else 0)
    return Vision(stack, patch, image, classes, merge, tokens)
