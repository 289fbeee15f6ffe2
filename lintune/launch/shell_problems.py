"""Problems that show only over a whole script: near names, assignments that reach nothing."""

import re
from collections.abc import Iterable, Iterator

from lintune.launch.near_names import edit_distance
from lintune.launch.shell_machine import Machine
from lintune.source.text import Problem
from lintune.syntax.shell.nodes import Script

_READ_BY_PROGRAMS = re.compile(
    r"CUDA_VISIBLE_DEVICES|CUDA_(?:LAUNCH_BLOCKING|DEVICE_MAX_CONNECTIONS|DEVICE_ORDER)|NCCL_\w+|OMP_NUM_THREADS|WANDB_\w+"
    r"|HF_(?:HOME|TOKEN|ENDPOINT|HUB_\w+|DATASETS_\w+|MODULES_CACHE|XET_\w+)|TOKENIZERS_PARALLELISM"
    r"|TRANSFORMERS_\w+|PYTORCH_\w+|TORCH_\w+|ASCEND_RT_VISIBLE_DEVICES|PYTHONPATH|GLOO_\w+|DS_SKIP_CUDA_CHECK|XLA_\w+|TRITON_\w+|VLLM_\w+"
)
_READ_BY_COMMANDS = re.compile(
    r"NPROC_PER_NODE|NNODES|NODE_RANK|MASTER_ADDR|MASTER_PORT|FORCE_TORCHRUN|(?:VIDEO_|IMAGE_)?M(?:AX|IN)_(?:PIXELS|TOKEN_NUM)|FPS(?:_MAX_FRAMES)?"
)
"""What `swift` and `llamafactory-cli` take from the environment to start their own processes or to size media."""
_COMMANDS = frozenset(("swift", "megatron", "llamafactory-cli"))
_MAX_NAMES = 60
"""Unset names for which a near name is looked for, so that a hostile script costs no more than its length."""
_COMMENT = re.compile(r"(?:^|\s)#[^\n]*")


def script_problems(script: Script, machine: Machine) -> Iterator[Problem]:
    """The problems of the evaluation, with near names, and those of assignments that nothing uses."""
    near_of: dict[str, str] = {}
    for problem in machine.problems.values():
        if problem.kind != "unset-variable":
            yield problem
            continue
        name = dict(problem.data)["name"]
        if name not in near_of:
            near_of[name] = nearest(name, machine.assigned) if len(near_of) < _MAX_NAMES else ""
        near = near_of[name]
        message = f"{problem.message}; `{near}` is" if near else problem.message
        own = "yes" if near or _is_own(name, machine, script) else "no"
        yield Problem(problem.kind, message, problem.site, (*problem.data, ("near", near), ("own", own)))
    for name in _too_late(machine, script):
        message = f"`{name}` is exported after the last program of the script has run"
        yield Problem("export-after-launch", message, machine.assigned[name], (("name", name),))
    unexported = _unexported(machine)
    if not unexported and not any(near_of.values()):
        return
    used = _used_names(_COMMENT.sub("", script.source.text))
    for name, near in near_of.items():
        if near and near not in used and machine.assigned[near].source is script.source:
            site = machine.assigned[near]
            message = f"`{near}` is never used; `{name}`, which is used, is never set"
            yield Problem("dead-variable-near-name", message, site, (("name", near), ("near", name)))
    for name in unexported:
        site = machine.assigned[name]
        if name not in used and site.source is script.source:
            message = f"`{name}` is set for the shell only: without `export` no program sees it"
            yield Problem("assignment-never-exported", message, site, (("name", name),))


def _is_own(name: str, machine: Machine, script: Script) -> bool:
    """Whether an unset variable is the script's own: assigned somewhere, if only in a comment, or with a name that no environment has."""
    return machine.nounset or name != name.upper() or re.search(rf"(?<![\w$]){name}=", script.source.text) is not None


def _unexported(machine: Machine) -> list[str]:
    """Variables that programs read, assigned but not exported."""
    by_commands = any(command.argv and command.argv[0].text in _COMMANDS for command in machine.commands)
    found = []
    for name, site in machine.assigned.items():
        if not (_READ_BY_PROGRAMS.fullmatch(name) or (by_commands and _READ_BY_COMMANDS.fullmatch(name))):
            continue
        variable = machine.state.variables.get(name)
        if variable is not None and not variable.exported and _alone(site.text, name):
            found.append(name)
    return sorted(found)


def _too_late(machine: Machine, script: Script) -> list[str]:
    """Variables that programs read, exported when no program is left that could: those of a script that is itself sourced are not meant."""
    if not machine.commands:
        return []
    found = [
        name
        for name, site in machine.assigned.items()
        if site.source is script.source
        and _READ_BY_PROGRAMS.fullmatch(name)
        and (variable := machine.state.variables.get(name)) is not None
        and variable.exported
        and not any(name in command.env for command in machine.commands)
    ]
    if found:
        from lintune.launch.launchers import unwrap

        last = unwrap(machine.commands[-1])
        return sorted(found) if last is not None and last.kind == "train" else []
    return found


def _alone(text: str, name: str) -> bool:
    return text.startswith(name + "=")


def _used_names(text: str) -> set[str]:
    """Names that occur in an expansion, in arithmetic, in a test, or after `export`."""
    used = set(re.findall(r"\$\{?[!#]?([A-Za-z_]\w*)", text))
    for inside in re.findall(r"\(\(([^)\n]*)|\blet\s+(\S+)|-v\s+(\w+)", text):
        used.update(re.findall(r"[A-Za-z_]\w*", " ".join(inside)))
    for inside in re.findall(r"\b(?:export|declare|typeset|readonly)\s+([^\n;&|]*)", text):
        used.update(re.findall(r"(?<![\w=./$-])([A-Za-z_]\w*)", inside))
    return used


def nearest(name: str, names: Iterable[str]) -> str:
    """The assigned name that `name` was probably meant to be, or nothing."""
    folded = _folded(name)
    best, best_distance = "", 3
    for other in names:
        if other == name:
            continue
        if _folded(other) == folded:
            return other
        limit = 1 if min(len(name), len(other)) < 8 else 2
        if abs(len(name) - len(other)) <= limit and min(len(name), len(other)) >= 4:
            distance = edit_distance(name.lower(), other.lower(), limit)
            if distance <= limit and distance < best_distance and not _differ_in_digits(name, other):
                best, best_distance = other, distance
    return best


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def _differ_in_digits(name: str, other: str) -> bool:
    return re.sub(r"\d", "", name) == re.sub(r"\d", "", other)
