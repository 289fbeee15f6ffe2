"""Activations per token and layer: figures counted by hand and by saved-tensor hooks."""

import pytest

from lintune.memory.activations import attention_moment, layer_bytes
from lintune.memory.setting import Setting
from lintune.source.record import replace
from lintune.values.value import Data

QV: dict[str, Data] = {
    "tune.llm.mode": "lora",
    "adapter.kind": "lora",
    "adapter.rank": 8,
    "adapter.targets": "q_proj,v_proj",
    "adapter.dropout": 0.0,
}
ALL: dict[str, Data] = {**QV, "adapter.targets": "all-linear"}
PLAIN: dict[str, Data] = {"launch.framework": "peft-script", "batch.packing": True, "model.attn": "flash_attention_2"}
h, i, q, k, a = 3072, 8192, 3072, 1024, 24
"""Llama-3.2-3B."""


def kept(setting: Setting) -> float:
    """Bytes per token of the first layer."""
    return layer_bytes(setting, setting.model.llm, setting.model.llm.layers[0], "llm")


def test_full_tuning_by_hand(runs) -> None:  # type: ignore[no-untyped-def]
    """16 h of norms and inputs, 4 q + 4 k + 4 a of attention, 8 i of the MLP, in bf16."""
    assert kept(runs.setting(PLAIN)) == 16 * h + 8 + 4 * q + 4 * k + 4 * a + 8 * i


def test_lora_by_hand(runs) -> None:  # type: ignore[no-untyped-def]
    """Frozen layers keep 8 h, attention and 6 i; without autocast each target an fp32 copy of its input and 2 r."""
    assert kept(runs.setting({**PLAIN, **QV})) == 8 * h + 8 + 4 * q + 4 * k + 4 * a + 6 * i + 2 * (4 * h + 16)


def test_lora_on_every_layer_keeps_more_than_full_tuning(runs) -> None:  # type: ignore[no-untyped-def]
    """197 kB against 131 kB without autocast; sdpa under a mask of padding adds 8 kB to both."""
    assert (round(kept(runs.setting({**PLAIN, **ALL})) / 1000), round(kept(runs.setting(PLAIN)) / 1000)) == (197, 131)


@pytest.mark.parametrize(
    ("mode", "flags", "counted"),
    [
        # bytes per token and layer that saved-tensor hooks count on a Llama of h 512, i 1408, 8 heads, 2 of them keys (memory_layers.py)
        ({}, {}, 22056),
        (ALL, {}, 33288),
        (QV, {}, 19304),
        ({}, {"activation": 4, "element": 4}, 39976),
        (ALL, {"activation": 4, "element": 4}, 36104),
        ({}, {"autocast": True}, 22056),
        (ALL, {"autocast": True}, 24216),
        (QV, {"autocast": True}, 17224),
        ({}, {"autocast": True, "element": 4}, 27176),
    ],
)
def test_counted(runs, mode: dict[str, Data], flags: dict[str, object], counted: int) -> None:  # type: ignore[no-untyped-def]
    """Within 1 % of what was counted on a small model."""
    from lintune.models.multimodal import model_of
    from lintune.models.targets import find_targets

    sizes = {"hidden_size": 512, "intermediate_size": 1408, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 64}
    model = model_of({"model_type": "llama", "num_hidden_layers": 4, "vocab_size": 512, **sizes})
    setting = runs.setting({**PLAIN, **mode})
    targets = find_targets(model, str(mode["adapter.targets"])) if mode else ()
    profile = replace(setting.profile, autocast=bool(flags.pop("autocast", False)))
    assert kept(replace(setting, model=model, targets=targets, profile=profile, **flags)) == pytest.approx(counted, rel=0.01)


def test_families_differ(runs) -> None:  # type: ignore[no-untyped-def]
    """Gemma's norms keep fp32, Qwen 3 norms queries and keys, phi's GELU keeps four tensors."""
    gemma = runs.setting(PLAIN, model__id="google/gemma-2b")
    layer = gemma.model.llm.layers[0]
    assert kept(gemma) - kept(replace(gemma, model=replace(gemma.model, type="llama"))) == layer.norms * 2 * gemma.model.llm.hidden
    phi = runs.setting(PLAIN, model__id="microsoft/phi-2")
    assert kept(phi) - kept(replace(phi, model=replace(phi.model, type="starcoder2"))) == 3 * 2 * phi.model.llm.layers[0].inner


def test_deepspeed_runs_without_autocast(runs) -> None:  # type: ignore[no-untyped-def]
    """A layer norm keeps its input in 16 bits there, and in 32 under autocast."""
    plain = runs.setting(model__id="microsoft/phi-2", launch__framework="hf-trainer", model__attn="flash_attention_2")
    zero = replace(plain, stage=2)
    assert plain.autocast and not zero.autocast
    assert kept(plain) > kept(zero)


def test_eager_attention_writes_scores(runs) -> None:  # type: ignore[no-untyped-def]
    """6 B kept and 8 B more in the backward pass per score and head in 16 bits."""
    eager = runs.setting(PLAIN, model__attn="eager")
    flash = runs.setting(PLAIN)
    assert kept(eager) - kept(flash) == 6 * a * 1024 + 4 * (q - k)
    assert attention_moment(flash, flash.model.llm) == 0
    assert attention_moment(eager, eager.model.llm) > 14 * a * 1024
