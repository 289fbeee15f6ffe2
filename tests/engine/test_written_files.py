"""Settings that do not stand in the command line: in files that the launch script writes, and in files that only its entry script reads."""

from pathlib import Path

import pytest

from lintune.cli.fixing import diff
from lintune.engine.check import check
from lintune.engine.result import CheckOptions, Result

TRAIN = """from transformers import HfArgumentParser, TrainingArguments

(training_args,) = HfArgumentParser((TrainingArguments,)).parse_args_into_dataclasses()
"""
FROM_FILE = """import argparse
from dataclasses import dataclass

from transformers import HfArgumentParser, TrainingArguments


@dataclass
class Own:
    model_name_or_path: str
    use_lora: bool = False
    tune_llm: bool = True


def setup():
    parser = argparse.ArgumentParser()
    parser.add_argument("--train_args_file", type=str, default="conf/lora.json")
    parser.add_argument("--local_rank", type=int)
    args = parser.parse_args()
    path = args.train_args_file
    parser = HfArgumentParser((Own, TrainingArguments))
    args, training_args = parser.parse_json_file(json_file=path)
    if args.use_lora and args.tune_llm:
        raise ValueError("not both")
    return args, training_args


setup()
"""


def checked(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> Result:
    """The check of `run.sh` in a folder with these files (`__` for a slash, `_dot_` for a dot)."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(folder)
    return check(["run.sh"], CheckOptions())


def errors(result: Result) -> list[tuple[str, str, int]]:
    """Name, file and line of each error."""
    return [(each.name, each.primary.source.path, each.primary.line) for each in result.findings if each.severity == "error"]


def test_deepspeed_file_in_a_here_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong in it stands in the script, through a variable too; the fix is the script's."""
    text = """MICRO_BATCH=4
cat > /tmp/ds.json <<EOF
{
  "train_micro_batch_size_per_gpu": ${MICRO_BATCH},
  "fp16": {"enabled": true},
  "zero_optimization": {"stage": 2},
}
EOF
torchrun --nproc_per_node 2 train.py --output_dir out --bf16 true --deepspeed /tmp/ds.json --per_device_train_batch_size 2
"""
    result = checked(tmp_path, monkeypatch, run_dot_sh=text, train_dot_py=TRAIN)
    assert errors(result) == [
        ("ds-micro-batch-mismatch", "run.sh", 4),
        ("ds-fp16-mismatch", "run.sh", 5),
        ("json-trailing-comma", "run.sh", 6),
    ]


def test_entry_script_in_a_here_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its options and guards are read as those of a file."""
    text = f"cat > train.py <<'EOF'\n{FROM_FILE}EOF\ncat > conf/lora.json <<'EOF'\n" + '{"use_lora": true}\nEOF\npython train.py\n'
    result = checked(tmp_path, monkeypatch, run_dot_sh=text)
    (found,) = [each for each in result.findings if each.severity == "error"]
    assert found.name == "script-refuses" and {site.site.source.path for site in found.locations} == {"run.sh"}


def test_fix_of_a_file_that_the_script_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the script around it is lost."""
    text = """cat > acc.yaml <<'EOF'
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_GPU
num_processes: 2
EOF
accelerate launch --config_file acc.yaml train.py --output_dir out --bf17 true
"""
    result = checked(tmp_path, monkeypatch, run_dot_sh=text, train_dot_py=TRAIN)
    assert [name for name, *_ in errors(result)] == ["unknown-flag"]
    shown = diff(result, unsafe=True)
    assert "-accelerate launch" in shown and "+accelerate launch" in shown and "-cat" not in shown


@pytest.mark.parametrize("words", ["", "--train_args_file=conf/lora.json"])
def test_options_from_a_file_that_the_command_line_names(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dataclasses are not asked of the command line: nothing is missing there, and the script's guard sees the file's values."""
    values = '{"model_name_or_path": "a", "output_dir": "o", "use_lora": true}'
    files = {"train_dot_py": FROM_FILE, "conf__lora_dot_json": values}
    result = checked(tmp_path, monkeypatch, run_dot_sh=f"python train.py {words}\n", **files)
    (found,) = [each for each in result.findings if each.severity == "error"]
    assert found.name == "script-refuses"
    assert {location.site.source.path for location in found.locations} >= {"conf/lora.json"}


def test_file_without_the_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quiet, and understood."""
    values = '{"model_name_or_path": "a", "output_dir": "o", "use_lora": true, "tune_llm": false, "bf16": true}'
    files = {"train_dot_py": FROM_FILE, "conf__lora_dot_json": values}
    result = checked(tmp_path, monkeypatch, run_dot_sh="python train.py --train_args_file conf/lora.json\n", **files)
    assert errors(result) == []
    (run,) = result.launches
    assert getattr(run.get("precision.bf16"), "value", None) is True  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("python train.py --train_args_file conf/lroa.json", "settings-file-missing"),
        ("python train.py --train_args_fiel conf/lora.json", "unknown-flag"),
    ],
)
def test_command_line_of_such_a_script(line: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own few options are checked as usual, and the file has to be there."""
    values = '{"model_name_or_path": "a", "output_dir": "o"}'
    result = checked(tmp_path, monkeypatch, run_dot_sh=f"{line}\n", train_dot_py=FROM_FILE, conf__lora_dot_json=values)
    assert name in [each for each, *_ in errors(result)]
