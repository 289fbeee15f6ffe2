"""LoRA target names of another family: none of them is a module of the model that is named."""

import re
from collections.abc import Iterator

from lintune.run.known import text
from lintune.run.run import Item, Run
from lintune.values.value import Data, Known, site_of

_PROJECTIONS = frozenset(
    (
        *("q_proj", "k_proj", "v_proj", "o_proj", "out_proj", "gate_proj", "up_proj", "down_proj", "fc1", "fc2", "fc_in", "fc_out"),
        *("query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h", "c_attn", "c_proj", "c_fc", "attn.c_proj", "mlp.c_proj"),
        *("W_pack", "Wqkv", "wqkv", "wo", "w1", "w2", "w3", "qkv_proj", "gate_up_proj"),
    )
)
"""Names of projections in one family or another; a list with any other name is left alone."""
_FAMILIES: tuple[tuple[str, str], ...] = (
    (r"EleutherAI/(?:pythia|gpt-neox)-.*", "query_key_value dense dense_h_to_4h dense_4h_to_h"),
    (r"tiiuae/falcon-(?:rw-)?\d+b.*", "query_key_value dense dense_h_to_4h dense_4h_to_h"),
    (r"bigscience/bloomz?-.*", "query_key_value dense dense_h_to_4h dense_4h_to_h"),
    (r"(?:THUDM|zai-org)/(?:chatglm[23]?-6b.*|glm-4-9b(?:-chat)?(?:-1m)?)", "query_key_value dense dense_h_to_4h dense_4h_to_h"),
    (r"baichuan-inc/[Bb]aichuan2?-\d+[bB].*", "W_pack o_proj gate_proj up_proj down_proj"),
    (r"Qwen/Qwen-\d+(?:_\d+)?B(?:-Chat)?|Qwen/Qwen-VL(?:-Chat)?", "c_attn c_proj attn.c_proj mlp.c_proj w1 w2"),
    (r"(?:openai-community/)?(?:distil)?gpt2(?:-medium|-large|-xl)?", "c_attn c_proj c_fc attn.c_proj mlp.c_proj"),
    (r"facebook/opt-.*", "q_proj k_proj v_proj out_proj fc1 fc2"),
    (r"microsoft/Phi-3(?:\.5)?-(?:mini|medium|small)-.*", "qkv_proj o_proj gate_up_proj down_proj query_key_value dense up_proj"),
    (r"microsoft/phi-2", "q_proj k_proj v_proj dense fc1 fc2"),
    (r"(?:internlm|Shanghai_AI_Laboratory)/internlm2(?:_5)?-.*", "wqkv wo w1 w2 w3"),
    (r"mosaicml/mpt-.*", "Wqkv out_proj up_proj down_proj"),
)
"""By the hub's name: the projections of models that are not in the table of known shapes."""


def targets_of_another_family(run: Run) -> Iterator[Item]:
    """One item where every target is the name of a projection, and none is one of this model: `targets`, `model`, `has`."""
    model, targets = text(run.get("model.id")), run.get("adapter.targets")
    names = _names(targets.value if isinstance(targets, Known) else None)
    if text(run.get("adapter.kind")) != "lora" or model is None or not names or not set(names) <= _PROJECTIONS:
        return
    has = _modules(run, model)
    if has and not any(_ends(name, module) for name in names for module in has):
        shown = sorted({module.rpartition(".")[2] for module in has} & _PROJECTIONS)
        fields = {"targets": Known(", ".join(names)), "model": Known(model), "has": Known(", ".join(shown[:6]))}
        yield Item({**fields}, site_of(targets))


def _names(found: Data) -> tuple[str, ...]:
    if isinstance(found, str):
        return tuple(part.strip() for part in found.split(",") if part.strip())
    return tuple(str(each) for each in found) if isinstance(found, tuple) else ()


def _ends(name: str, module: str) -> bool:
    return module == name or module.endswith(f".{name}") or name.endswith(f".{module}")


def _modules(run: Run, model: str) -> frozenset[str]:
    """The linear layers of the model: of its known shape, else of its family by name; empty where neither is known."""
    for pattern, names in _FAMILIES:
        if re.fullmatch(pattern, model):
            return frozenset(names.split())
    from lintune.models.at_hand import known_model
    from lintune.models.targets import linears_of

    known = known_model(run, model)
    shape = known.model if known is not None else None
    found = list(linears_of(shape)) if shape is not None else []
    if any(linear.stacked or linear.copies > 1 for _, linear, _ in found):
        return frozenset()  # experts are separate modules in some releases of transformers, and fused in others
    return frozenset(name for name, _, _ in found)
