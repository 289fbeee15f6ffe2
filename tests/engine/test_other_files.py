"""TOML files and notebooks as paths of a check; what was cut off is said."""

import json
from pathlib import Path

import pytest

from lintune.engine.check import check
from lintune.engine.result import CheckOptions, Result
from lintune.values.value import Known, Unknown


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(name: str, text: str) -> Result:
    Path(name).write_text(text, encoding="utf-8")
    return check([name], CheckOptions())


def places(result: Result) -> list[tuple[str, str, int]]:
    return [(finding.name, finding.primary.source.path, finding.primary.line) for finding in result.findings if finding.severity != "info"]


def test_every_fault_of_a_toml_file_has_its_place() -> None:
    result = checked("x.toml", "a = 1\na = 2\nb = x\n\nc = 3\n")
    assert places(result) == [("toml-syntax", "x.toml", 2), ("toml-syntax", "x.toml", 3)]
    assert [(file.path, file.role) for file in result.files] == [("x.toml", "config")]
    assert "only its syntax" in result.notes[0]


def test_a_good_toml_file_is_silent() -> None:
    assert places(checked("x.toml", 'a = 1\n[b]\nc = ["d"]\n')) == []


def test_a_launch_in_a_notebook() -> None:
    cell = ["n = 4\n", "!CUDA_VISIBLE_DEVICES=0,1 torchrun --nproc_per_node 4 train.py \\\n", "    --output_dir {out}\n"]
    text = json.dumps({"cells": [{"cell_type": "code", "source": cell, "outputs": []}], "nbformat": 4}, indent=1)
    result = checked("x.ipynb", text)
    assert [(file.role, file.launches) for file in result.files] == [("launch", 1)]
    line = text[: text.index("CUDA_VISIBLE")].count("\n") + 1
    assert ("nproc-exceeds-visible", "x.ipynb", line) in places(result)
    assert result.launches[0].site.text == "torchrun --nproc_per_node 4 train.py"


def test_a_notebook_that_cannot_be_read() -> None:
    assert places(checked("x.ipynb", '{"cells": [}\n')) == [("json-syntax", "x.ipynb", 1)]
    assert places(checked("y.ipynb", "{}\n")) == [("notebook-format", "y.ipynb", 1)]


def test_what_a_bound_cut_off_is_said() -> None:
    result = checked("x.sh", "while true; do torchrun train.py --output_dir a; done\n")
    assert any("what comes later is not read" in note for note in result.notes)


def test_the_script_gets_its_own_arguments() -> None:
    text = 'set -u\ntorchrun --nproc_per_node ${2:-8} train.py --output_dir "$1" --num_train_epochs 1 --max_steps 5 "${@:3}"\n'
    Path("run.sh").write_text(text, encoding="utf-8")
    parser = "parser = transformers.HfArgumentParser((transformers.TrainingArguments,))"
    Path("train.py").write_text(f"import transformers\n{parser}\nparser.parse_args_into_dataclasses()\n")
    run = check(["run.sh"], CheckOptions(arguments=("out", "4", "--learning_rate", "1e-5"))).launches[0]
    assert run.get("derived.world_size") == Known(4, run.get("derived.world_size").origin)
    assert [run.get(name).value for name in ("flag.output_dir", "flag.learning_rate")] == ["out", 1e-5]
    assert isinstance(check(["run.sh"], CheckOptions()).launches[0].get("flag.output_dir"), Unknown)
