"""torchtune, litgpt and Hydra programs: overrides, their places, their precedence, and what is refused."""

import pytest

from lintune.frameworks.override_words import unclosed
from lintune.run.known import data, number
from lintune.run.run import Run
from lintune.values.value import Absent, Unknown, site_of

TUNE = """\
model:
  _component_: torchtune.models.llama3.lora_llama3_8b
  lora_rank: 8
batch_size: 2
gradient_accumulation_steps: 8
tokenizer:
  max_seq_len: 4096
dtype: bf16
optimizer:
  lr: 3e-4
"""
LITGPT = "checkpoint_dir: ck\ntrain:\n  micro_batch_size: 3\n  epochs: 2\nlora_r: 16\n"


def names(run: Run, items: str, field: str = "name") -> list[object]:
    return [data(item.fields[field]) for item in run.items.get(items, ())]


@pytest.mark.parametrize(
    ("value", "mark"),
    [
        ("[a,b]", ""),
        ("[a,b", "["),
        ("a]", "]"),
        ("{a:[1}", "["),
        ("'a]'", ""),
        ("don't", "'"),
        (r"don\'t", ""),
        ("${x:${y}}", ""),
        ("(]", "]"),
    ],
)
def test_brackets_and_quotes(value: str, mark: str) -> None:
    assert (unclosed(value) != "") == (mark != "")


def test_torchtune_words_lie_over_the_file(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run(
        "tune run lora_finetune_single_device --config c.yaml batch_size=4 model.lora_rank=32 ~gradient_accumulation_steps",
        {"c.yaml": TUNE},
    )
    assert run.framework == "torchtune" and not run.items.get("raw.invalid")
    assert data(run.get("batch.micro")) == 4 and data(run.get("adapter.rank")) == 32
    assert data(run.get("seq.max_len")) == 4096 and data(run.get("precision.compute")) == "bf16"
    assert data(run.get("optim.lr")) == 3e-4
    assert isinstance(run.get("flag.gradient_accumulation_steps"), Absent)
    below, over = site_of(run.get("seq.max_len")), site_of(run.get("batch.micro"))
    assert below is not None and (below.source.path, below.line) == ("c.yaml", 7)
    assert over is not None and over.text == "batch_size=4"


def test_a_component_is_replaced_by_its_name(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("tune run r --config c.yaml model=torchtune.models.x", {"c.yaml": TUNE})
    assert data(run.get("flag.model._component_")) == "torchtune.models.x" and data(run.get("flag.model.lora_rank")) == 8


def test_torchtune_refuses_other_words(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run(
        "tune run --nproc_per_node 2 lora_finetune_distributed --config llama3/8B_lora --batch_size 8 epochs a=b=c seed=1 seed=2"
    )
    assert names(run, "raw.invalid", "flag") == ["--batch_size", "epochs", "a"]
    assert names(run, "raw.duplicate") == ["seed"]
    assert data(run.get("run.seed")) == 2 and isinstance(run.get("optim.lr"), Unknown)
    assert not [item for item in run.items.get("files", ()) if data(item.fields["role"]) == "config"]


def test_what_is_not_known_is_not_refused(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("tune run lora_finetune_single_device --conf c.yaml $EXTRA epochs=$E $K=1 -h", {"c.yaml": TUNE})
    assert not run.items.get("raw.invalid")
    assert isinstance(run.get("run.epochs"), Unknown) and isinstance(run.get("optim.lr"), Unknown)


def test_litgpt_options_over_file_over_default(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("litgpt finetune_lora ck --config l.yaml --train.micro_batch_size 4 --data Alpaca --data.x 1", {"l.yaml": LITGPT})
    assert run.framework == "litgpt" and not run.items.get("raw.unknown") and not run.items.get("raw.invalid")
    assert data(run.get("batch.micro")) == 4 and number(run.get("run.epochs")) == 2
    assert data(run.get("adapter.rank")) == 16 and data(run.get("adapter.kind")) == "lora"
    assert data(run.get("flag.lora_dropout")) == 0.05
    assert data(run.get("model.id")) == "ck"


def test_litgpt_refusals(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run("litgpt finetune_full ck --train.micro_batch 4 --train.epochs 2.5 --train.max_norm null --seed 1 --seed=2 --train '{}'")
    assert names(run, "raw.unknown", "nearest") == ["--train.micro_batch_size"]
    assert names(run, "raw.invalid") == ["train.epochs"]
    assert names(run, "raw.duplicate") == ["seed"] and data(run.get("run.seed")) == 2


@pytest.mark.parametrize(
    "text", ["litgpt finetune lora --checkpoint_dir x --odd 1", "litgpt finetune_lora $CK $EXTRA --devices $N --optimizer.lr 1e-4"]
)
def test_litgpt_is_not_refused_where_it_is_not_known(make_run, text: str) -> None:  # type: ignore[no-untyped-def]
    run = make_run(text)
    assert not {"raw.unknown", "raw.invalid", "raw.duplicate"} & set(run.items)


def test_verl_overrides(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run(
        "python3 -m verl.trainer.main_ppo --config-name ppo data.train_files=[a,b] actor_rollout_ref.model.path=Qwen/Qwen2 +a.b=1 ++c=2 ~d "
        "trainer.total_epochs=15 e=$X $MORE"
    )
    assert run.framework == "verl" and not run.items.get("raw.invalid") and not run.items.get("raw.unknown")
    assert data(run.get("model.id")) == "Qwen/Qwen2" and data(run.get("run.epochs")) == 15
    assert data(run.get("flag.a.b")) == 1 and data(run.get("flag.c")) == 2 and isinstance(run.get("flag.d"), Absent)
    assert isinstance(run.get("flag.data.train_batch_size"), Unknown)


def test_hydra_refuses_malformed_overrides(make_run) -> None:  # type: ignore[no-untyped-def]
    run = make_run(
        'python3 train.py a = 1 b=[1 +=2 ~ d"e f"=1 c=3',
        {"train.py": "import hydra\n\n\n@hydra.main(config_path=None)\ndef main(cfg):\n    pass\n"},
    )
    assert run.framework == "hydra"
    assert names(run, "raw.invalid", "value") == ["a", "=", "1", "b=[1", "+=2", "~", "de f=1"]
    assert data(run.get("flag.c")) == 3
