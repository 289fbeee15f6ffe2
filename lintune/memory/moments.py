"""Parts of a step that are alive at one moment only: kept activations, a layer computed again, the vision tower, casts, evaluation."""

from lintune.memory.activations import attention_moment, backward_temporaries, stack_bytes
from lintune.memory.constants import value
from lintune.memory.setting import HEADLESS, PAIRS, Part, Setting


def activations(setting: Setting) -> tuple[Part, Part]:
    """Activations of the language model that are kept, and one layer computed again or its temporaries."""
    model, tokens, e = setting.model, setting.tokens, setting.activation
    total, most = stack_bytes(setting, model.llm, "llm")
    h, depth, split = model.llm.hidden, model.llm.depth, setting.tensor
    last = tokens * h * (4 * e if setting.trains("llm") else 2 * e)
    temporaries = tokens * backward_temporaries(setting, model.llm)
    scores = tokens * attention_moment(setting, model.llm)
    graph = _layers_in_graph(setting)
    if setting.checkpoint:
        layers = min(2, graph) if setting.activation_offload else graph
        kept = f"{setting.stream} B x {tokens:,} tokens x {h} x {layers} layer inputs, and the last norm's"
        again = max(tokens * most + temporaries, scores) / split
        return (
            Part("activations", int(tokens * setting.stream * h * layers + last), kept),
            Part("recomputed layer", int(again), f"{most:,.0f} B x {tokens:,} tokens, and temporaries"),
        )
    if setting.activation_offload:
        again = max(2 * tokens * most + temporaries, scores) / split
        return Part("activations", int(last), "offloaded"), Part("recomputed layer", int(again), f"two layers of {most:,.0f} B per token")
    factor = value("compiled") if setting.compiled else 1.0
    size = tokens * total * factor * graph / depth / split + last
    temporaries = max(temporaries, scores - tokens * most)
    return (
        Part("activations", int(size), f"{total / depth:,.0f} B x {tokens:,} tokens x {graph} layers on average"),
        Part("backward temporaries", int(temporaries / split), "8 h + 4 i per token"),
    )


def _layers_in_graph(setting: Setting) -> int:
    """Layers that the backward pass reaches: from the first trained one on."""
    depth = max(1, setting.model.llm.depth)
    below = any(setting.trains(part) for part in ("embed", "vision", "projector")) or setting.targets
    return depth if below or not setting.layers_trained else min(depth, setting.layers_trained)


def vision(setting: Setting) -> Part:
    """What a trained (or adapted) vision tower keeps; a frozen one keeps nothing but what it computes with."""
    tower = setting.model.vision
    tuned = setting.trains("vision") or any(target.part == "vision" for target in setting.targets)
    patches = setting.patches * (2 if setting.task in PAIRS else 1)
    if tower is None or not patches:
        return Part("vision activations", 0, "")
    h = tower.stack.hidden
    if not tuned:
        return Part("vision activations", patches * 12 * h, f"a frozen tower's output and temporaries: 12 B x {patches:,} patches x {h}")
    total, most = stack_bytes(setting, tower.stack, "vision")
    if setting.checkpoint_vision:
        size = int(patches * (2 * h * tower.stack.depth + most))
        return Part("vision activations", size, f"checkpointed, {patches:,} patches")
    layers = tower.stack.depth
    return Part("vision activations", int(patches * total), f"{total / layers:,.0f} B x {patches:,} patches x {layers} layers")


def autocast_copies(setting: Setting) -> Part:
    """16-bit copies of fp32 weights, which linear layers keep for the backward pass.

    Checkpointed layers drop theirs after the forward pass, the head keeps its own; autocast's cache holds those of trained weights up to
    its end, before which the loss takes 2 B per logit less than at its peak.
    """
    if setting.element != 4 or setting.activation != 2 or setting.quant or not setting.autocast:
        return Part("autocast copies", 0, "")
    count = setting.model.llm.linear_elements + setting.model.head
    size = 2 * count
    if setting.checkpoint:
        cached = size - 2 * setting.tokens * setting.model.vocab if setting.trains("llm") else 0
        size = max(2 * setting.model.head, cached)
    return Part("autocast copies", size, f"2 B x {count:,} weights of linear layers")


def dequantised(setting: Setting) -> Part:
    """The 16-bit copy of the largest quantised matrix."""
    if not setting.quant:
        return Part("dequantised", 0, "")
    layers = setting.model.llm.layers
    largest = max((linear.fan_in * linear.fan_out for layer in layers for linear in layer.linears if linear.copies == 1), default=0)
    if not setting.quant.startswith(("gptq", "awq")):
        return Part("dequantised", 2 * largest, f"2 B x {largest:,} weights of the largest quantised matrix")
    each, layer = value("gptq_unpacked"), max(layer.linear_elements for layer in layers)
    formula = f"{each:g} B x {largest:,} weights of a matrix being unpacked, 2 B x {layer:,} of the layer kept for backward"
    return Part("dequantised", int(each * largest) + 2 * layer, formula)


def evaluation(setting: Setting) -> Part:
    """A forward pass over an evaluation batch: logits in 16 bits, in fp32 and their exponentials, and the layer that is computed."""
    if not setting.eval_micro:
        return Part("evaluation", 0, "")
    tokens = max(1, int(setting.eval_micro * setting.length * setting.reach) // setting.context)
    inner = max((layer.inner for layer in setting.model.llm.layers), default=0)
    layer = setting.activation * (4 * setting.model.llm.hidden + 2 * inner)
    headless = setting.fused_loss or setting.task in HEADLESS
    logits = 0 if headless else (setting.activation + 8) * setting.model.vocab // setting.tensor
    return Part(
        "evaluation", int(tokens * (layer + logits)), f"{tokens:,} tokens without gradients: {logits:,} B of logits each, one layer"
    )
