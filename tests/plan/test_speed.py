"""Operations by hand, and the pace against speeds that Qwen's README publishes."""

from collections.abc import Callable

import pytest

from lintune.memory.setting import Setting
from lintune.plan.flops import passed, work_of
from lintune.plan.speed import pace_of, peak
from lintune.source.record import replace

LENGTHS = (256, 512, 1024, 2048, 4096, 8192)
PUBLISHED = {
    ("Qwen/Qwen-1_8B-Chat", "lora", 1): (1.0, 1.0, 1.1, 1.7, 3.3, 6.8),
    ("Qwen/Qwen-7B-Chat", "lora", 1): (1.2, 1.5, 2.8, 5.2, 10.1, 21.3),
    ("Qwen/Qwen-14B-Chat", "lora", 1): (1.6, 2.4, 4.4, 8.4, 17.0, 36.0),
    ("Qwen/Qwen-7B-Chat", "qlora", 1): (3.0, 3.0, 3.5, 7.0, 11.6, 22.3),
    ("Qwen/Qwen-14B-Chat", "qlora", 1): (5.3, 6.3, 8.2, 11.8, 20.1, 38.3),
    ("Qwen/Qwen-72B-Chat", "lora zero3", 4): (17.6, 20.5, 29.4, 45.7, 83.4, 161.5),
    ("Qwen/Qwen-72B-Chat", "qlora", 1): (27.4, 31.5, 41.4, 59.5, 97.7, 179.8),
    ("Qwen/Qwen-7B-Chat", "full zero3", 2): (4.0, 4.0, 4.5),
}
"""Seconds per step of 8 samples on A100, by length (QwenLM/Qwen README.md, profiling of speed); the constants were chosen on them."""


def test_full_tuning_is_six_operations_per_weight(make_setting: Callable[..., Setting]) -> None:
    """6 N per token and attention, embeddings left out; 8 N with the layers computed again."""
    setting = make_setting(seq__max_len=128)
    model = setting.model
    matrices = sum(layer.count * passed(layer) for layer in model.llm.layers) + model.head
    work = work_of(setting)
    attention = 2 * 128 * sum(layer.count * layer.queries for layer in model.llm.layers)
    assert work.forward == 128 * (2 * matrices + attention)
    assert work.total == 128 * (6 * matrices + 3 * attention)
    again = work_of(replace(setting, checkpoint=True))
    assert again.total == work.total + 128 * (2 * (matrices - model.head) + attention)


def test_frozen_weights_need_no_gradient(make_setting: Callable[..., Setting]) -> None:
    """LoRA takes two thirds of full tuning and a little; nothing trained takes the forward pass alone."""
    full = work_of(make_setting())
    lora = work_of(make_setting(tune__llm__mode="lora", adapter__kind="lora", adapter__rank=8))
    assert lora.forward == pytest.approx(full.forward, rel=0.01)
    assert 0.66 < lora.total / full.total < 0.72
    frozen = work_of(make_setting(tune__llm__mode="frozen"))
    assert frozen.backward == 0 and frozen.forward == full.forward


def test_only_chosen_experts_compute(make_setting: Callable[..., Setting]) -> None:
    """A mixture passes what it is sent to: 3.3 of 30.5 B parameters, of which 0.3 B are the embedding that is looked up."""
    setting = make_setting(model__id="Qwen/Qwen3-30B-A3B", seq__max_len=1)
    model = setting.model
    active = sum(layer.count * passed(layer) for layer in model.llm.layers) + model.head
    assert model.params > 30e9 and 2.9e9 < active < 3.2e9


@pytest.mark.parametrize(("model", "kind", "cards"), PUBLISHED)
def test_published_speeds_lie_in_the_pace(make_setting: Callable[..., Setting], model: str, kind: str, cards: int) -> None:
    """Every published step takes between the fast and the slow end."""
    lora = "full" not in kind
    for length, seconds in zip(LENGTHS, PUBLISHED[model, kind, cards], strict=False):
        setting = make_setting(
            model__id=model,
            launch__nproc=cards,
            tune__llm__mode="lora" if lora else "full",
            adapter__kind="lora" if lora else "none",
            adapter__rank=64,
            adapter__targets="c_attn,c_proj,w1,w2",
            batch__micro=1,
            batch__accum=8,
            seq__max_len=length,
            mem__ckpt=True,
            model__quant__method="gptq" if "qlora" in kind else None,
            model__quant__bits=4 if "qlora" in kind else None,
            par__ds__stage=3 if "zero3" in kind else None,
        )
        pace = pace_of(setting)
        assert pace.fast <= seconds <= pace.slow, (length, seconds, pace)


def test_offload_and_cards_without_links_are_slower(make_setting: Callable[..., Setting]) -> None:
    """The optimizer on the host costs per step, so that accumulation makes it matter less."""
    plain, host = make_setting(par__ds__stage=2), make_setting(par__ds__stage=2, par__ds__offload_opt="cpu")
    few, many = (pace_of(replace(host, accum=steps)).middle / pace_of(replace(plain, accum=steps)).middle for steps in (1, 16))
    assert few > many > 1
    zero3 = make_setting(par__ds__stage=3)
    assert pace_of(zero3, "L40S").middle > pace_of(zero3, "A100").middle


def test_peak() -> None:
    """Known by name; not made up for a card that is not in the table, or whose figure is not published."""
    assert peak("A100") == 312 and peak("rtx 4090") == 165.2
    assert peak("NoSuchCard") is None and peak("RTX5090D") is None and peak("") is None
