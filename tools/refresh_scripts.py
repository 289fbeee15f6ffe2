"""Write the option tables of known entry scripts (`schemas/<framework>/*.json`) from checkouts of their repositories.

    python tools/refresh_scripts.py CHECKOUTS

CHECKOUTS holds one checkout per repository, named OWNER+NAME. Only facts are kept: an option's name, type and default.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from lintune.scripts.entry import read_entry_script
from lintune.source.text import Source
from lintune.values.option import Option

SCRIPTS = (
    ("llava", "llava", "haotian-liu/LLaVA", "llava/train/train.py"),
    ("llava", "llava-next", "LLaVA-VL/LLaVA-NeXT", "llava/train/train.py"),
    ("llava", "video-llava", "PKU-YuanGroup/Video-LLaVA", "videollava/train/train.py"),
    ("internvl", "chat-finetune", "OpenGVLab/InternVL", "internvl_chat/internvl/train/internvl_chat_finetune.py"),
    ("internvl", "chat-pretrain", "OpenGVLab/InternVL", "internvl_chat/internvl/train/internvl_chat_pretrain.py"),
    ("internvl", "chat-mpo", "OpenGVLab/InternVL", "internvl_chat/internvl/train/internvl_chat_mpo.py"),
    ("qwenvl", "finetune", "QwenLM/Qwen3-VL", "qwen-vl-finetune/qwenvl/train/train_qwen.py"),
    ("qwen2u1", "qwen-sft", "2U1/Qwen-VL-Series-Finetune", "src/train/train_sft.py"),
    ("qwen2u1", "qwen-dpo", "2U1/Qwen-VL-Series-Finetune", "src/train/train_dpo.py"),
    ("qwen2u1", "qwen-grpo", "2U1/Qwen-VL-Series-Finetune", "src/train/train_grpo.py"),
    ("qwen2u1", "qwen-cls", "2U1/Qwen-VL-Series-Finetune", "src/train/train_cls.py"),
    ("qwen2u1", "smolvlm-sft", "2U1/SmolVLM-Finetune", "src/train/train_sft.py"),
    ("qwen2u1", "gemma3-sft", "2U1/Gemma3-Finetune", "src/train/train_sft.py"),
    ("qwen2u1", "llama32-vision-sft", "2U1/Llama3.2-Vision-Finetune", "src/train/train_sft.py"),
)


def main(checkouts: Path) -> None:
    """Read every script that is there and write its table."""
    schemas = Path(__file__).resolve().parents[1] / "schemas"
    for framework, name, repository, path in SCRIPTS:
        root = checkouts / repository.replace("/", "+")
        if not (root / path).is_file():
            print(f"not there: {root / path}")
            continue
        table = table_of(root, repository, path)
        target = schemas / framework / f"{name}.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(compact(table), encoding="utf-8")
        print(target.relative_to(schemas), sum(len(entry["options"]) for entry in table["classes"]))


def table_of(root: Path, repository: str, path: str) -> dict[str, Any]:
    """The options of one script."""

    def read(name: str) -> Source | None:
        file = root / name
        return Source(name, file.read_text(encoding="utf-8")) if file.is_file() else None

    source = read(path)
    assert source is not None
    script = read_entry_script(source, read)
    log = ["git", "-C", str(root), "log", "-1", "--format=%h %ad", "--date=short"]
    commit, date = subprocess.run(log, check=True, capture_output=True, text=True).stdout.split()
    return {
        "schema_version": 1,
        "date": date,
        "source": f"{repository}@{commit[:7]} ({date}) {path}",
        "classes": [
            {"name": found.name, "bases": list(found.bases), "options": [option_of(option) for option in found.options.values()]}
            for found in script.dataclasses
        ],
    }


def option_of(option: Option) -> dict[str, Any]:
    """The facts of one option."""
    found: dict[str, Any] = {"name": option.name, "type": option.type, "default": option.default}
    if option.nargs == "many":
        found["nargs"] = "many"
    if option.choices:
        found["choices"] = list(option.choices)
    if not option.default_known:
        found["default_known"] = False
    return found


def compact(table: dict[str, Any]) -> str:
    """JSON with one option a line."""
    head = {key: value for key, value in table.items() if key != "classes"}
    lines = [f' "{key}": {json.dumps(value)},' for key, value in head.items()]
    classes = []
    for entry in table["classes"]:
        options = ",\n".join(f"   {json.dumps(option)}" for option in entry["options"])
        body = f"\n{options}" if options else ""
        classes.append(f'  {{"name": {json.dumps(entry["name"])}, "bases": {json.dumps(entry["bases"])}, "options": [{body}]}}')
    return "\n".join(["{", *lines, ' "classes": [', ",\n".join(classes) + "]", "}"]) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
