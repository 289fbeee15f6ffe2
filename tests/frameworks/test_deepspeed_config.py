"""The DeepSpeed file as part of the run: keys, meaning, and what stays unknown."""

from lintune.run.known import data
from lintune.values.value import Absent, Known, Unknown

HEAD = "torchrun --nproc_per_node 2 finetune.py --model_name_or_path openbmb/MiniCPM-V-2_6 --llm_type qwen --tune_llm false"
ZERO2 = """{
  "fp16": {"enabled": "auto"},
  "optimizer": {"type": "AdamW", "params": {"lr": 3e-4, "betas": [0.9, 0.95]}},
  "scheduler": {"type": "WarmupLR", "params": {"warmup_num_steps": "auto"}},
  "zero_optimization": {"stage": 2, "offload_optimizer": {"device": "cpu"}}
}"""


def test_keys_and_meaning(make_run) -> None:  # type: ignore[no-untyped-def]
    """Nested keys by dotted name with their place; blocks that override flags."""
    run = make_run(f"{HEAD} --deepspeed ds.json --lr_scheduler_type cosine --learning_rate 1e-6", {"ds.json": ZERO2})
    stage = run.get("par.ds.stage")
    assert data(stage) == 2 and stage.origin[0].kind == "deepspeed" and stage.origin[0].site.text == "2"
    assert data(run.get("ds.optimizer.params.betas")) == (0.9, 0.95)
    assert data(run.get("ds.scheduler.params.warmup_num_steps")) == "auto"
    assert data(run.get("par.ds.offload_opt")) == "cpu" and data(run.get("par.ds.offload_param")) == "none"
    assert data(run.get("derived.effective_sched")) == "constant after warm-up"
    assert data(run.get("sched.type")) == "cosine"
    assert data(run.get("derived.effective_lr")) == 3e-4
    assert "scheduler.params.warmup_num_steps" in data(run.get("par.ds.auto"))
    assert isinstance(run.get("ds.zero_optimization.sub_group_size"), Absent)


def test_decay_and_no_scheduler(make_run) -> None:  # type: ignore[no-untyped-def]
    """WarmupDecayLR is linear; without the block the flag decides."""
    run = make_run(f"{HEAD} --deepspeed ds.json", {"ds.json": ZERO2.replace("WarmupLR", "WarmupDecayLR")})
    assert data(run.get("derived.effective_sched")) == "linear"
    run = make_run(f"{HEAD} --deepspeed ds.json --lr_scheduler_type cosine", {"ds.json": '{"zero_optimization": {}}'})
    assert data(run.get("derived.effective_sched")) == "cosine"
    assert data(run.get("par.ds.stage")) == 0 and data(run.get("par.ds.has_optimizer")) is False


def test_without_deepspeed(make_run) -> None:  # type: ignore[no-untyped-def]
    """Nothing is there, and that is certain."""
    run = make_run(HEAD)
    assert isinstance(run.get("par.ds.file"), Absent) and isinstance(run.get("ds.zero_optimization.stage"), Absent)
    assert data(run.get("par.ds.has_scheduler")) is False


def test_a_file_that_is_not_there_leaves_all_unknown(make_run) -> None:  # type: ignore[no-untyped-def]
    """Nothing below `ds` is taken for absent, and the reason names the file."""
    run = make_run(f"{HEAD} --deepspeed nowhere.json")
    for name in ("ds.scheduler.type", "par.ds.stage", "par.ds.has_scheduler", "derived.effective_sched"):
        value = run.get(name)
        assert isinstance(value, Unknown) and "nowhere.json" in value.reason, name


def test_an_unknown_name_and_broken_files(make_run) -> None:  # type: ignore[no-untyped-def]
    """An unset variable, a list, and a text that is no JSON: unknown, no crash."""
    assert isinstance(make_run(f"{HEAD} --deepspeed $DS").get("par.ds.stage"), Unknown)
    for content in ("[]", "", "{", "nonsense"):
        run = make_run(f"{HEAD} --deepspeed ds.json", {"ds.json": content})
        assert isinstance(run.get("par.ds.stage"), Unknown | Known), content


def test_stage_as_text_is_not_guessed(make_run) -> None:  # type: ignore[no-untyped-def]
    """`"auto"` is no stage."""
    run = make_run(f"{HEAD} --deepspeed ds.json", {"ds.json": '{"zero_optimization": {"stage": "auto"}}'})
    assert isinstance(run.get("par.ds.stage"), Unknown)
