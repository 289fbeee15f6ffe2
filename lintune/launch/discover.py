"""Which files to check: those named, and in folders those that look like part of a fine-tuning launch."""

import os
import re
from collections.abc import Iterable
from typing import Literal

from lintune.launch.folders import MAX_FILES, walk_files
from lintune.source.record import dataclass

Role = Literal["shell", "yaml", "json", "toml", "python", "notebook"]

SNIFFED_BYTES = 200_000
"""How much of a file in a folder is looked at."""

_ROLES: dict[str, Role] = {
    ".sh": "shell",
    ".bash": "shell",
    ".sbatch": "shell",
    ".slurm": "shell",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
    ".py": "python",
    ".ipynb": "notebook",
}
_SHEBANG = re.compile(rb"#!\s*\S*?/(?:env\s+)?(?:bash|sh|dash|zsh)\b")

_CONFIGS = rb"[=(,]\s*(?:\w+\.)*(?:(?:Seq2Seq|Unsloth)?TrainingArguments|(?:SFT|DPO|GRPO|RLOO|KTO|ORPO|CPO|PPO|GKD|Reward)Config)\s*\("
"""A training configuration that a script makes itself."""
_LAUNCHES: dict[Role, bytes] = {
    "shell": rb"\btorchrun\b|\bdeepspeed\s|\baccelerate\s+launch|\bllamafactory-cli\s+train|\b(?:swift|megatron)\s+(?:sft|pt|rlhf)\b"
    rb"|\baxolotl\s+train|\btune\s+run\b|\blitgpt\s+(?:finetune|pretrain)|\btrl\s+(?:sft|dpo|grpo|kto|reward|rloo)\b|torch\.distributed\.(?:run|launch)"
    rb"|\bpython[\d.]*\s(?:\\\r?\n|[^\n;&|]){0,200}?(?:train|finetun|fine_tun|sft|dpo|grpo|ppo)[\w-]{0,30}(?:\.py\b|\s)"
    rb"|--(?:output_dir|num_train_epochs|per_device_train_batch_size)\b",
    "json": rb"\"(?:zero_optimization|train_micro_batch_size_per_gpu|lintune_run|per_device_train_batch_size|num_train_epochs)\"\s*:",
    "yaml": rb"(?m)^(?:distributed_type|deepspeed_config|fsdp_config|finetuning_type|per_device_train_batch_size|num_train_epochs"
    rb"|base_model|micro_batch_size|lora_rank|lora_target)\s*:|_component_:\s*torchtune",
    "python": _CONFIGS,
    "notebook": _CONFIGS + rb"|torchrun|deepspeed ",
}
"""By role, what a file of a folder must contain to be looked at; TOML files only when named."""
_CONFIG_WORDS = (b"TrainingArguments", b"Config")
"""One of them stands in every training configuration: most Python files hold none, which is found out much faster."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to check."""

    path: str
    """As given, or below the folder given; forward slashes."""
    role: Role
    named: bool
    """Whether the user named it, rather than a folder that holds it."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the paths of a command line stand for."""

    files: tuple[FoundFile, ...]
    missing: tuple[str, ...] = ()
    """Paths that do not exist."""
    walked: int = 0
    """How many files of folders were seen."""
    cut: tuple[str, ...] = ()
    """Folders that hold more files than are looked at."""


def discover(paths: Iterable[str], limit: int = MAX_FILES) -> Discovery:
    """Named files always, whatever they are called; of folders the files that look like fine-tuning launches, in order."""
    files: dict[str, FoundFile] = {}
    missing: list[str] = []
    cut: list[str] = []
    walked = 0
    for path in paths:
        if os.path.isdir(path):
            seen = 0
            for full in walk_files(path, limit):
                seen += 1
                role = launch_role(full)
                if role is not None:
                    shown = os.path.normpath(full).replace(os.sep, "/")
                    files.setdefault(shown, FoundFile(shown, role, False))
            walked += seen
            if seen >= limit:
                cut.append(path)
        elif os.path.exists(path):
            shown = os.path.normpath(path).replace(os.sep, "/")
            files[shown] = FoundFile(shown, role_of(path, _head(path)), True)
        else:
            missing.append(path)
    return Discovery(tuple(files.values()), tuple(missing), walked, tuple(cut))


def role_of(path: str, head: bytes = b"") -> Role:
    """How to read a file: by its name, else by how it starts; shell where nothing else fits."""
    known = _ROLES.get(os.path.splitext(path)[1].lower())
    if known is not None:
        return known
    start = head.lstrip()
    if start.startswith(b"#!"):
        return "python" if b"python" in start.partition(b"\n")[0] else "shell"
    if start.startswith((b"{", b"[")):
        return "json"
    return "yaml" if re.match(rb"(?:---\s|[\w.-]+:(?:\s|$))", start) else "shell"


def launch_role(path: str) -> Role | None:
    """The role of a file of a folder, None where it does not look like part of a fine-tuning launch."""
    extension = os.path.splitext(path)[1].lower()
    role = _ROLES.get(extension)
    if (role is None and extension) or (role in ("json", "yaml") and "template" in os.path.basename(path).lower()):
        return None  # a template is no config yet
    head = _head(path)
    if role is None:
        if not _SHEBANG.match(head):
            return None
        role = "shell"
    if role == "python" and not any(word in head for word in _CONFIG_WORDS):
        return None
    pattern = _LAUNCHES.get(role)
    return role if pattern and b"\0" not in head[:1000] and re.search(pattern, head) else None


def _head(path: str) -> bytes:
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as stream:
            return stream.read(SNIFFED_BYTES)
    except OSError:
        return b""
