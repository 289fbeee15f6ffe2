"""Which files of a folder are looked at."""

from pathlib import Path

import pytest

from lintune.launch.discover import discover, role_of

FILES = {
    "finetune.sh": ("torchrun a.py", "shell"),
    "scripts/run.sbatch": ("srun python -u \\\n src/train.py", "shell"),
    "scripts/launch": ("#!/usr/bin/env bash\nswift sft --model x", "shell"),
    "scripts/no_shebang": ("swift sft --model x", None),
    "scripts/install.sh": ("pip install deepspeed-kernels", None),
    "scripts/eval.sh": ("python eval.py", None),
    "ds.json": ('{"zero_optimization": {"stage": 2}}', "json"),
    "package.json": ('{"name": "x"}', None),
    "train.yaml": ("model_name_or_path: x\nfinetuning_type: lora\n", "yaml"),
    "ci.yml": ("on: push\n", None),
    "sft.py": ("args = TrainingArguments(output_dir='x')", "python"),
    "model.py": ("import torch", None),
    "arguments.py": ("class MyArguments(TrainingArguments): ...", None),
    "notes.txt": ("torchrun a.py", None),
    ".venv/x.sh": ("torchrun a.py", None),
    ".hidden/x.sh": ("torchrun a.py", None),
    "myenv/pyvenv.cfg": ("", None),
    "myenv/x.sh": ("torchrun a.py", None),
    "binary.sh": ("\0torchrun a.py", None),
}


def test_folder(tmp_path: Path) -> None:
    for name, (text, _) in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = {str(Path(file.path).relative_to(tmp_path)): file.role for file in discover([str(tmp_path)]).files}
    assert found == {name: role for name, (_, role) in FILES.items() if role}


def test_named_files_are_always_taken(tmp_path: Path) -> None:
    path = tmp_path / "eval.sh"
    path.write_text("python eval.py")
    result = discover([str(path), str(path), str(tmp_path), str(tmp_path / "gone.sh")])
    assert [(file.role, file.named) for file in result.files] == [("shell", True)]
    assert result.missing == (str(tmp_path / "gone.sh"),)


def test_walks_are_bounded(tmp_path: Path) -> None:
    for index in range(5):
        (tmp_path / f"{index}.sh").write_text("torchrun a.py")
    result = discover([str(tmp_path)], limit=3)
    assert (len(result.files), result.cut) == (3, (str(tmp_path),))


@pytest.mark.parametrize(
    ("path", "head", "role"),
    [
        ("a.SH", b"", "shell"),
        ("a.ipynb", b"", "notebook"),
        ("run", b"#!/usr/bin/python3\n", "python"),
        ("run", b"#!/bin/sh\n", "shell"),
        ("config", b'{"a": 1}', "json"),
        ("config", b"lr: 1\n", "yaml"),
        ("run", b"torchrun a.py", "shell"),
    ],
)
def test_roles(path: str, head: bytes, role: str) -> None:
    assert role_of(path, head) == role


def test_templates_are_no_configs_yet(tmp_path: Path) -> None:
    """They hold places to be filled in; named, one is read like any file."""
    template = tmp_path / "ds_config_TEMPLATE.json"
    template.write_text('{"zero_optimization": {"stage": STAGE}}')
    assert discover([str(tmp_path)]).files == ()
    assert len(discover([str(template)]).files) == 1
