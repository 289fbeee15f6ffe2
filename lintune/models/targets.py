"""Which linear layers a LoRA target names, and how many parameters that adds, as PEFT counts them.

A list matches whole names or their ends after a dot; a text is a regular expression for the whole name; `all-linear` is every linear
layer but the output head (peft/tuners/tuners_utils.py check_target_module_exists, _maybe_include_all_linear_layers).
"""

import re
from collections.abc import Callable, Iterator

from lintune.models.shapes import Linear, Model
from lintune.source.record import dataclass

LITGPT: dict[str, tuple[str, ...]] = {
    "query": ("q",),
    "key": ("k",),
    "value": ("v",),
    "projection": ("o",),
    "mlp": ("gate", "up", "gate_up", "down"),
    "head": ("head",),
}
"""litgpt's switches (litgpt/lora.py Config.lora_query ...) as the roles of layers."""
_GENERIC = {"q_proj": "q", "k_proj": "k", "v_proj": "v", "o_proj": "o", "gate_proj": "gate", "up_proj": "up", "down_proj": "down"}
_LONGEST = 500
_MOST_REPEATS = 4
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_REPEAT = re.compile(r"(?<!\\)[*+]|\{\d*,")


@dataclass(frozen=True, slots=True)
class Target:
    """A linear layer that gets LoRA, `times` over the model."""

    linear: Linear
    times: int
    part: str
    """`llm`, `vision`, `projector`, `audio` or `lm_head`."""

    @property
    def fans(self) -> int:
        """In plus out, over all of them: LoRA parameters at rank 1."""
        return self.times * self.linear.copies * (self.linear.fan_in + self.linear.fan_out)


class BadTarget(ValueError):
    """The target is no valid expression; the text says why."""


def linears_of(model: Model) -> Iterator[tuple[str, Linear, str]]:
    """Every linear layer with its whole name and part; experts once for each of them under the first one's name."""
    for prefix, layer in model.llm.numbered():
        for linear in layer.linears:
            yield f"{prefix}.{linear.name}", linear, "llm"
    if model.vision:
        for prefix, layer in model.vision.stack.numbered():
            for linear in layer.linears:
                yield f"{prefix}.{linear.name}", linear, "vision"
    for linear in model.projector:
        yield linear.name, linear, "projector"
    if model.others:
        for prefix, layer in model.others.numbered():
            for linear in layer.linears:
                yield f"{prefix}.{linear.name}", linear, "audio"
    yield model.head_name, Linear(model.head_name, model.llm.hidden, model.vocab, "head", bool(model.head_bias)), "lm_head"


def find_targets(model: Model, targets: str | tuple[str, ...], frozen: frozenset[str] = frozenset()) -> tuple[Target, ...]:
    """The layers that get LoRA, equal ones put together; parts in `frozen` are left out of `all-linear`. Raises `BadTarget`."""
    names = targets if isinstance(targets, tuple) else _listed(targets)
    wanted = _chooser(model, names, targets if isinstance(targets, str) else "", frozen)
    found: dict[tuple[Linear, str], int] = {}
    for name, linear, part in linears_of(model):
        if wanted(name, linear, part) and not linear.stacked:
            found[(linear, part)] = found.get((linear, part), 0) + 1
    return tuple(Target(linear, times, part) for (linear, part), times in found.items())


def _listed(targets: str) -> tuple[str, ...]:
    """Names that a text lists; empty where it is an expression."""
    parts = tuple(part.strip() for part in re.split(r"[,\s]+", targets.strip()) if part.strip())
    return (
        parts if all(re.fullmatch(r"[\w.-]+", part) for part in parts) and ("," in targets or len(parts) > 1 or "." not in targets) else ()
    )


def _chooser(model: Model, names: tuple[str, ...], pattern: str, frozen: frozenset[str]) -> Callable[[str, Linear, str], bool]:
    if names and names[0] in ("all-linear", "all", "all_linear"):
        return lambda name, linear, part: part not in frozen and part != "lm_head" and linear.role != "router"
    if names and all(name in LITGPT for name in names) and "query" in names and "bert" not in model.type:
        roles = {role for name in names for role in LITGPT[name]} | ({"qkv"} if "query" in names else set())
        return lambda name, linear, part: linear.role in roles and part in ("llm", "lm_head")
    if names:
        ends = tuple(f".{name}" for name in names)
        plain = frozenset(names)
        if any(name in plain or name.endswith(ends) for name, _, _ in linears_of(model)):
            return lambda name, linear, part: name in plain or name.endswith(ends)
        roles = {_GENERIC[name] for name in names if name in _GENERIC}
        roles |= {"qkv"} if "q" in roles else set()
        return lambda name, linear, part: linear.role in roles and part == "llm"
    compiled = checked_expression(pattern)
    return lambda name, linear, part: compiled.fullmatch(name) is not None


def checked_expression(pattern: str) -> "re.Pattern[str]":
    """A target expression, compiled. Raises `BadTarget` for one that is none, or that could take too long."""
    if len(pattern) > _LONGEST or _REPEATED_GROUP.search(pattern) or len(_REPEAT.findall(pattern)) > _MOST_REPEATS:
        raise BadTarget("the target expression is too long or repeats too much to be tried")
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadTarget(f"the target expression is not valid: {error}") from None
