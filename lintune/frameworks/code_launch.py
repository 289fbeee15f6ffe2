"""A Python file as a launch: named itself, as the cells of a notebook, or as the entry script of a launch in a shell script."""

import ast
import re
from collections.abc import Callable

from lintune.frameworks.code_config import CodeConfig, configs_of, read_config
from lintune.frameworks.code_facts import add_facts
from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.config_calls import config_items
from lintune.frameworks.config_keys import merged
from lintune.frameworks.context import Context, Reading
from lintune.frameworks.hf_trainer import add_model
from lintune.frameworks.option_table import option_table
from lintune.frameworks.overrides import flags
from lintune.frameworks.reading import read_around, script_of
from lintune.frameworks.script_guards import add_guards
from lintune.frameworks.script_walk import add_walk
from lintune.frameworks.trainer_settings import add_derived
from lintune.frameworks.walked_calls import add_walked_calls
from lintune.frameworks.walked_parts import add_walked_parts
from lintune.launch.launchers import Launch
from lintune.launch.word import Command
from lintune.run.run import Run
from lintune.scripts.calls import read_calls
from lintune.source.text import Site, Source
from lintune.values.value import Absent, Known, Step, Unknown, Value

CONFIG = re.compile(r"\b(?:\w*TrainingArguments|[A-Z]\w*Config)\(")
"""What a file with a training configuration holds."""
_TRL = (
    ("batch.packing", "packing"),
    ("batch.padding_free", "padding_free"),
    ("rl.beta", "beta"),
    ("rl.num_generations", "num_generations"),
    ("rl.steps_per_generation", "steps_per_generation"),
    ("rl.gen_batch", "generation_batch_size"),
    ("rl.vllm_mode", "vllm_mode"),
)


def entry_config(reading: Reading) -> tuple[CodeConfig, Parsed] | None:
    """The configuration that a launch's entry script makes itself, and the script's own options.

    None where it makes none, or more than one, or takes one from the command line.
    """
    source, script = reading.source, reading.script
    if source is None or script is None or not CONFIG.search(source.text):
        return None
    if any(base.partition(".")[0] in ("transformers", "trl") for found in script.dataclasses for base in found.bases):
        return None
    own = parse_command_line(reading.launch.args, option_table(script, reading.versions)) if script.kind != "none" else Parsed()
    fired = script.kind in ("none", "fire") and "fire.Fire(" in source.text
    if fired and script.kind == "none":
        own = Parsed(flags(reading.launch.args), open_ended=any(word.many for word in reading.launch.args))
    tree = parsed(source)
    file = read_calls(source, tree, None, lambda name: _option(own, name, fired)) if tree is not None else None
    found = configs_of(file) if file is not None else []
    return (CodeConfig(found[0], file), own) if file is not None and len(found) == 1 else None


def _option(own: Parsed, name: str, fired: bool) -> Value:
    if fired and not own.open_ended:
        return own.values.get(name, Absent())
    return own.values.get(name, Unknown(f"`{name}` is an option that was not read"))


def parsed(source: Source) -> ast.Module | None:
    """The syntax of a file; None where it does not parse."""
    try:
        return ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def configs_in(source: Source, place: Callable[[Site], Site] | None = None) -> list[CodeConfig]:
    """Every training configuration that a file makes; none where the file reads it from its command line."""
    if not CONFIG.search(source.text):
        return []
    tree = parsed(source)
    if tree is None:
        return []
    file = read_calls(source, tree, place)
    return [CodeConfig(config, file) for config in configs_of(file)]


def file_reading(code: CodeConfig, context: Context) -> Reading:
    """A configuration on its own, as a launch by a launcher that is not known."""
    head = code.config.site
    launch = Launch(Command((), head, {}), "", (), {}, None, False, (), head)
    reading = read_around(launch, context)
    if context.script.endswith(".py"):
        reading.source = code.file.source
        reading.script = script_of(context, code.file.source)
    return reading


def read(reading: Reading, code: CodeConfig, own: Parsed | None = None) -> Parsed:
    """The options of a configuration, with what is wrong with it and with the script's own options."""
    found = read_config(reading, code)
    if own is not None:
        found.items = merged(found.items, own.items)
    return found


def fill(run: Run, reading: Reading, code: CodeConfig, own: Parsed | None = None) -> None:
    """The common vocabulary beside the settings that every Trainer shares."""
    if own is not None:
        run.values.update({f"option.{name}": value for name, value in own.values.items()})
        run.values["script.path"] = Known(reading.entry, (Step("script", note="entry script"),))
        if reading.script is not None:
            run.guards, run.script_read = reading.script.guards, True
        add_guards(run, reading.script, "option")
        add_walk(run, reading, reading.script, "option")
    for name, option in _TRL if code.config.dotted.startswith("trl.") else ():
        run.values[name] = run.get(f"flag.{option}")
    if code.config.dotted.startswith("trl."):
        run.values["task.stage"] = Known(code.config.name.removesuffix("Config").lower(), (Step("script", code.config.site),))
        length = run.get("flag.max_length")
        run.values["seq.max_len"] = run.get("flag.max_seq_length") if isinstance(length, Absent) else length
    run.values["script.bases"] = _bases(code)
    run.values["script.config"] = Known(code.config.name, (Step("script", code.config.site),))
    if not reading.launch.launcher:
        run.values["derived.world_size"] = Unknown("which launcher starts this script is not known", settle="the launch that starts it")
        add_derived(run)
    run.items["script.configs"] = config_items(code.near(code.file.calls))
    add_facts(run, code)
    from lintune.frameworks.trainer_call import add_trainer_call

    add_trainer_call(run, code)
    add_model(run)
    add_walked_parts(run)
    add_walked_calls(run)


def _bases(code: CodeConfig) -> Value:
    dotted = code.config.dotted if not code.config.dotted.startswith("unsloth.") else "transformers.TrainingArguments"
    return Known((dotted,), (Step("script", code.config.site),))
