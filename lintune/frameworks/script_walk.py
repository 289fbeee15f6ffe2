"""The walk through the entry script with the options of one launch, made when it is first asked for."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from posixpath import join, normpath
from typing import TYPE_CHECKING

from lintune.frameworks.context import Reading
from lintune.frameworks.files import item_of
from lintune.launch.launchers import Launch
from lintune.run.run import Run
from lintune.scripts.entry import EntryScript
from lintune.values.value import Absent, Known, Step, Unknown, Value

if TYPE_CHECKING:
    from lintune.scripts.walk.trace import ScriptTrace

_PER_PROCESS = ("RANK", "WORLD_SIZE", "MASTER_", "NODE", "SLURM", "CUDA", "NCCL", "HOST", "GPU", "NPROC")
"""Words in names of variables that launchers and schedulers set."""
_ADD_NOTHING = ("torchrun", "python", "accelerate")
"""Launchers that hand the words of the script on as they are; DeepSpeed's adds `--local_rank`."""
_MOST_KEPT = 64
_STAND_IN = re.compile(r"x{5,}|X{5,}|path/to/|/your[_/-]|\byour[_-]|<[\w -]+>|\bTODO\b|\b(?:public|my|your|some|custom)_?dataset")
"""Text that an example leaves to be filled in."""


def add_walk(run: Run, reading: Reading, script: EntryScript | None, prefix: str) -> None:
    """Let the run know how to walk through its script; `prefix` is where the options stand: `flag` or `option`."""
    if script is not None and run.script_read:
        run.file_of = partial(item_of, reading, "opened")
        run.walk = partial(_walked, run, reading, script, prefix)


def trace_of(run: Run) -> "ScriptTrace | None":
    """The walk through the script of a run; None where no script was read."""
    if run.walk is None:
        return None
    found = run.walk()
    run.walk = lambda: found
    return found  # type: ignore[return-value]  # the run layer does not know of scripts


def stands_in(text: str) -> bool:
    """Whether text is left to be filled in."""
    return _STAND_IN.search(text) is not None


def _walked(run: Run, reading: Reading, script: EntryScript, prefix: str) -> "ScriptTrace":
    from lintune.scripts.walk.trace import walk_script

    def option(name: str) -> Value:
        value = run.get(f"{prefix}.{name}")
        if isinstance(value, Absent) and f"{prefix}.{name}" not in run.values:
            return Unknown("it belongs to options that were not read")
        if isinstance(value, Known) and isinstance(value.value, str) and stands_in(value.value):
            return Unknown("it stands for something to be filled in", value.origin)
        return value

    variable, word = partial(_variable, run), partial(_word, reading.launch)
    exists = partial(_exists, reading)
    found = _made_before(script, {"option": option, "variable": variable, "word": word, "exists": lambda path: _there(exists(path))})
    if found is None:
        found = walk_script(script, option, variable, exists, word)
        if len(script.walks) < _MOST_KEPT:
            script.walks.append(found)
    for path in found.paths_read:  # this launch rests on them too
        reading.context.project.read(path)
    return found


def _made_before(script: EntryScript, ask: Mapping[str, Callable[[str], Value]]) -> "ScriptTrace | None":
    """A walk for another launch that answers alike."""
    from lintune.scripts.walk.trace import answer

    for made in script.walks:
        trace: ScriptTrace = made
        if all(answer(ask[kind](name)) == said for (kind, name), said in trace.asked.items()):
            return trace
    return None


def _exists(reading: Reading, path: str) -> bool | None:
    """Whether a path of the script is there (with `/` at its end: as a folder): what is not here may be where it trains."""
    if not reading.corroborated or path.startswith(("/", "~")):
        return None
    project = reading.context.project
    joined = normpath(join(reading.folder, path))
    if joined.startswith("..") or not project.exists(joined):
        return None
    return project.is_dir(joined) if path.endswith("/") else True


def _there(found: bool | None) -> Value:
    return Known(found) if found is not None else Unknown("it is not here")


def _word(launch: Launch, which: str) -> Value:
    """A word of `sys.argv`: the launch's, behind those that the launcher puts in front."""
    if launch.launcher not in _ADD_NOTHING or launch.subcommand == "torch.distributed.launch":
        return Unknown("the launcher may add words of its own")
    many = next((index for index, word in enumerate(launch.args) if word.many), None)
    if which == "count":
        return Known(len(launch.args) + 1) if many is None else Unknown("how many words there are is not known")
    index = int(which)
    if not 0 < index <= (len(launch.args) if many is None else many):
        return Unknown("it is not a word of the launch")
    word = launch.args[index - 1]
    return Known(word.text, (Step("flag", word.site),)) if word.known else Unknown(word.reason, (Step("flag", word.site),))


def _variable(run: Run, name: str) -> Value:
    """An environment variable of the launch: one that is not set there may come from a launcher, or be set by hand."""
    value = run.get(f"env.{name}")
    if isinstance(value, Known) and not any(word in name for word in _PER_PROCESS):
        return value
    if isinstance(value, Absent | Known):
        return Unknown(f"`{name}` may be set by what starts the launch")
    return value
