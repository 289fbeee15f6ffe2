"""`lintune memory` as it is run."""

import json
from pathlib import Path

import jsonschema
import pytest

from lintune.cli.main import main

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "memory-v1.schema.json").read_text(encoding="utf-8"))
CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 100,
}


def run_file(folder: Path, **values: object) -> str:
    """A run file in a folder."""
    path = folder / "run.json"
    named = {"model.id": "Qwen/Qwen2.5-7B", "tune.llm.mode": "full", "launch.nproc": 1, "batch.micro": 1, "seq.max_len": 1024}
    path.write_text(
        json.dumps({"lintune_run": 1, "values": {**named, **{name.replace("__", "."): value for name, value in values.items()}}})
    )
    return str(path)


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The document is as its schema says, and full tuning of 7 B does not fit 24 GiB."""
    assert main(["memory", run_file(tmp_path), "--format", "json", "--gpu", "RTX4090"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    run = document["runs"][0]
    assert run["total_params"] == 7_615_616_512
    assert run["fits"] is False
    assert {mode["name"]: mode["fits"] for mode in run["modes"]}["QLoRA"] is True


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figure, components with formulas, alternatives."""
    assert main(["memory", run_file(tmp_path), "--gpu", "A100-80G"]) == 0
    shown = capsys.readouterr().out
    assert "7.62 B parameters" in shown and "2 B x 7,615,616,512" in shown and "ZeRO-3, all on the host" in shown


def test_unknown_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is said, and a config.json settles it."""
    path = run_file(tmp_path, model__id="me/mine")
    assert main(["memory", path, "--format", "json"]) == 2
    streams = capsys.readouterr()
    document = json.loads(streams.out)
    jsonschema.validate(document, SCHEMA)
    assert "--model-config" in document["runs"][0]["problem"] and "me/mine" in streams.err
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG))
    assert main(["memory", path, "--format", "json", "--model-config", str(config)]) == 0


@pytest.mark.parametrize(
    "config", ["[]", "{", '{"model_type": "no-such-type"}', '{"model_type": "llama"}', '{"model_type": "llama", "hidden_size": 0}']
)
def test_bad_config(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no config.json of a known architecture is a usage error."""
    path = tmp_path / "config.json"
    path.write_text(config)
    assert main(["memory", run_file(tmp_path), "--model-config", str(path)]) == 2
    assert "--model-config" in capsys.readouterr().err


def test_launch_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A launch script is read as `check` reads it."""
    script = tmp_path / "finetune.sh"
    script.write_text(
        "torchrun --nproc_per_node 8 finetune.py --model_name_or_path openbmb/MiniCPM-V-2_6 --llm_type qwen --use_lora true \\\n"
        "  --tune_llm false --bf16 true --output_dir out --per_device_train_batch_size 1 --model_max_length 2048\n"
    )
    assert main(["memory", str(script), "--format", "json"]) == 0
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert run["model"] == "minicpmv" and run["per_gpu"]["allocated"] > 2 * 8 * 10**9


def test_no_path(capsys: pytest.CaptureFixture[str]) -> None:
    """A path is asked for."""
    assert main(["memory"]) == 2
    assert main(["memory", "not/there.sh"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_modes_are_those_of_the_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """LoRA in the table is what the launch's own script makes of it: copies of embedding and resampler beside it; it has no QLoRA."""
    script = tmp_path / "finetune.sh"
    script.write_text(
        "torchrun --nproc_per_node 2 finetune.py --model_name_or_path openbmb/MiniCPM-V-2_6 --llm_type qwen --use_lora false \\\n"
        "  --tune_llm true --bf16 true --output_dir out --per_device_train_batch_size 1 --model_max_length 2048\n"
    )
    assert main(["memory", str(script), "--gpu", "2xA100-80G", "--output", str(tmp_path / "out.txt")]) == 0
    assert capsys.readouterr().out == ""
    rows: dict[str, str] = {}
    for line in (tmp_path / "out.txt").read_text().splitlines():
        rows.setdefault(line.strip().partition("  ")[0], line)
    assert "this script's: LoRA and embed" in rows["LoRA"] and "rank 64" in rows["LoRA"]
    assert "no setting of it" in rows["QLoRA"]
