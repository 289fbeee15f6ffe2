"""The search: what it offers fits, is minimal, ranked, and leaves the global batch alone."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from lintune.memory.estimate import estimate
from lintune.memory.reading import setting_of
from lintune.memory.setting import Setting
from lintune.plan.change import applied
from lintune.plan.knobs import Media, length_change, micro_change, shrinking
from lintune.plan.prices import ceilings, prices
from lintune.plan.room import growing
from lintune.plan.search import FASTER, Plan, Search, faster, smaller
from lintune.plan.speed import seconds_per_token
from lintune.plan.writing import written
from lintune.run.run import Run
from lintune.source.record import replace
from lintune.source.text import Site, Source, Span
from lintune.values.value import Known, Step
from tests.plan.conftest import run_with

GIB = 2**30


def search(setting: Setting, gib: int, media: Media | None = None) -> Search:
    """A search for plans within so many GiB."""
    return Search(setting, shrinking(setting, media), gib * GIB, estimate)


def titles(plan: Plan) -> set[str]:
    """The changes of a plan."""
    return {change.title for change in plan.changes}


@pytest.mark.parametrize("gib", [24, 40, 80, 141])
def test_plans_fit_and_no_part_of_one_does(make_setting: Callable[..., Setting], gib: int) -> None:
    """The estimate of every plan is that of its setting, its high edge fits; without any one change it does not, or is slower."""
    before = make_setting()
    now = seconds_per_token(before, before.length)
    found = smaller(search(before, gib))
    assert found
    for plan in found:
        assert plan.estimate == estimate(plan.setting) and plan.estimate.high <= gib * GIB
        for left in plan.changes:
            rest = applied(before, tuple(change for change in plan.changes if change is not left))
            time = seconds_per_token(rest, before.length) / now
            assert estimate(rest).high > gib * GIB or time > plan.time, (titles(plan), left.title)


def test_the_global_batch_stays(make_setting: Callable[..., Setting]) -> None:
    """Samples per step are those of the launch in every plan."""
    before = make_setting()
    for gib in (24, 40, 80):
        assert all(plan.setting.micro * plan.setting.accum == before.micro * before.accum for plan in smaller(search(before, gib)))


def test_less_intrusive_first_and_others_only_for_speed(make_setting: Callable[..., Setting]) -> None:
    """Classes go up; the first plan of a class that changes more is faster than all before it."""
    found = smaller(search(make_setting(), 80))
    assert [plan.reach for plan in found] == sorted(plan.reach for plan in found)
    for index, plan in enumerate(found):
        lesser = [other.time for other in found[:index] if other.reach < plan.reach]
        assert not lesser or plan.time <= FASTER * min(lesser)


def test_nothing_fits(make_setting: Callable[..., Setting]) -> None:
    """Where not even everything at once fits, there is no plan."""
    assert smaller(search(make_setting(model__id="Qwen/Qwen2.5-72B", launch__nproc=1), 4)) == ()


def test_what_excludes_each_other(make_setting: Callable[..., Setting]) -> None:
    """No foreign optimizer on the host, no 4-bit weights under ZeRO-3."""
    for gib in (12, 16, 24, 40):
        for plan in smaller(search(make_setting(), gib)):
            said = {name: str(value) for change in plan.changes for name, value in change.settings}
            assert not ("optim.name" in said and "host" in said.get("zero", ""))
            assert not (plan.setting.quant and plan.setting.stage == 3)


def test_a_deepspeed_optimizer_leaves_no_choice(make_setting: Callable[..., Setting]) -> None:
    """Where the DeepSpeed file brings its own, the setting of the optimizer is no knob."""
    names = {change.knob for knob in shrinking(make_setting(par__ds__stage=2), None, True) for change in knob}
    assert "optimizer" not in names and "sharding" in names


def test_images(make_setting: Callable[..., Setting]) -> None:
    """Fewer slices where a setting says how many; the vision tower frozen where it is trained."""
    setting = make_setting(model__id="openbmb/MiniCPM-V-2_6", tune__vision__mode="full", media__tiles=9)
    knobs = {knob[0].knob: knob for knob in shrinking(setting, Media("media.tiles", 9))}
    fewer = applied(setting, (knobs["media"][0],))
    assert fewer.patches == setting.patches * 4 // 9 // setting.micro * setting.micro or fewer.patches < setting.patches
    assert not applied(setting, knobs["vision"]).trains("vision")
    assert "media" not in {knob[0].knob for knob in shrinking(setting)}
    small = replace(setting, micro=1, patches=setting.patches // 4, length=512)
    limit = next(limit for limit in ceilings(search(small, 200), Media("media.tiles", 9)) if limit.name == "image slices")
    assert limit.certain is not None and limit.certain >= 9
    at, beyond = (replace(small, patches=small.patches * size // 9) for size in (limit.certain, limit.certain + 1))
    assert estimate(at).high <= 200 * GIB and (limit.certain == limit.most or estimate(beyond).high > 200 * GIB)


def test_changes_done_twice_are_done_once(make_setting: Callable[..., Setting]) -> None:
    """A plan may be applied to a launch that has some of it already."""
    for values in ({}, {"tune__llm__mode": "lora", "adapter__kind": "lora", "adapter__rank": 64, "adapter__targets": "all-linear"}):
        setting = make_setting(**values)
        for knob in (*shrinking(setting), *growing(setting)):
            for change in knob:
                once = change.apply(setting)
                assert change.apply(once) == once, change.title


def test_free_memory_is_used(make_setting: Callable[..., Setting]) -> None:
    """A small LoRA on a large card: without checkpointing it is faster, and still fits."""
    setting = make_setting(
        tune__llm__mode="lora", adapter__kind="lora", adapter__rank=16, batch__micro=1, batch__accum=16, seq__max_len=2048, mem__ckpt=True
    )
    found = faster(Search(setting, growing(setting), 80 * GIB, estimate))
    assert found and all(plan.time < FASTER and plan.estimate.high <= 80 * GIB for plan in found)
    assert "no gradient checkpointing" in titles(found[0])
    assert faster(Search(setting, growing(setting), 15 * GIB, estimate)) == ()


def test_prices_are_differences(make_setting: Callable[..., Setting]) -> None:
    """Saved bytes are what the estimate loses."""
    setting = make_setting()
    for price in prices(search(setting, 80)):
        assert price.saved == estimate(setting).device - estimate(applied(setting, (price.change,))).device
        assert price.time > 0


@limits(max_examples=25, deadline=None)
@given(gib=st.integers(10, 300), micro=st.integers(1, 8), length=st.sampled_from([256, 1000, 4096]), lora=st.booleans())
def test_ceilings_are_exact(gib: int, micro: int, length: int, lora: bool) -> None:
    """The largest value fits and the next does not, at the high edge and in the middle."""
    adapter = {"tune__llm__mode": "lora", "adapter__kind": "lora", "adapter__rank": 16} if lora else {}
    setting = setting_of(run_with(batch__micro=micro, batch__accum=1, seq__max_len=length, **adapter))
    for limit in ceilings(search(setting, gib)):
        field = {"micro batch": "micro", "length": "length", "LoRA rank": "rank"}[limit.name]
        for size, edge in ((limit.certain, "high"), (limit.likely, "device")):
            if size is None:
                assert getattr(estimate(replace(setting, **{field: 1})), edge) > gib * GIB
            else:
                assert getattr(estimate(replace(setting, **{field: size})), edge) <= gib * GIB
                assert size == limit.most or getattr(estimate(replace(setting, **{field: size + 1})), edge) > gib * GIB


def test_nested_keys_are_not_put_at_the_top() -> None:
    """A length that a torchtune file does not have is left to the user: `tokenizer.max_seq_len` is no key at the top."""
    source = Source("own.yaml", "a: 1\n")
    run = Run("torchtune", "own.yaml", Site(source, Span(0, 1)))
    run.what_if = lambda flags: run
    run.values = {"flag.a": Known(1, (Step("config", Site(source, Span(3, 4))),))}
    made = written(run, (length_change(512),))
    assert made.edits == () and "`tokenizer.max_seq_len` = 512" in made.left[0]
    appended = written(run, (micro_change(4, 2),))
    assert [edit.text for edit in appended.edits] == ["batch_size: 2\ngradient_accumulation_steps: 2\n"]
