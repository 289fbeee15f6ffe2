"""Logits and loss at their peak: bytes per token and vocabulary entry, by how the loss is computed.

Figures of `models/memory.json`: traced with fake tensors on transformers 5.24, and the tables of the CCE paper and of Liger.
"""

from lintune.memory.setting import HEADLESS, Part, Setting


def loss_part(setting: Setting) -> Part:
    """The loss and its gradient."""
    model, tokens = setting.model, setting.tokens
    if model.type in ("bert", "roberta") or setting.task in HEADLESS:
        return Part("logits", 0, "a head over few classes")
    h, v = model.llm.hidden, model.vocab // setting.tensor
    trained = setting.trains("lm_head") or setting.trains("embed")
    if setting.fused_loss:
        size = tokens * 2 * h + (2 * v * h if trained else 0)
        if setting.fused_loss == "liger":
            chunk = max(1, min(tokens, _chunk(tokens, h, v)))
            size += chunk * v * 8 + (4 * v * h if trained else 0)  # a chunk's part of the head's gradient, and its sum in fp32
        return Part(
            "logits",
            size,
            f"fused loss ({setting.fused_loss}): gradients of hidden states{' and head' if trained else ''}, one chunk of logits",
        )
    each = (setting.profile.loss if setting.activation == 2 else setting.profile.loss_fp32) + (2 if model.softcap else 0)
    copies = int(setting.profile.nf4_head * v * h) if setting.quant.startswith("nf4") else 0
    return Part(
        "logits",
        int(each * tokens * v) + copies,
        f"{each:g} B x {tokens:,} tokens x {v:,} vocabulary" + (", and the head's 16-bit copy" if copies else ""),
    )


def held_logits(setting: Setting) -> Part:
    """Logits that a loop keeps until its next step, since the outputs of the model are still named."""
    if not setting.profile.holds_logits or setting.fused_loss or setting.task in HEADLESS:
        return Part("held logits", 0, "")
    size = setting.activation * setting.tokens * setting.model.vocab // setting.tensor
    return Part("held logits", size, f"{setting.activation} B x {setting.tokens:,} tokens x {setting.model.vocab:,} vocabulary")


def _chunk(tokens: int, h: int, v: int) -> int:
    """Rows that Liger computes at once: tokens / ceil(v / h), up to a power of two (fused_linear_cross_entropy.py)."""
    parts = -(-v // h)
    rows = -(-tokens // parts)
    return int(1 << (rows - 1).bit_length())
