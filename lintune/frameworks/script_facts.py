"""What the entry script itself says, as `script.*`, guards, and what stays unknown without it."""

from functools import partial

from lintune.frameworks.context import Reading
from lintune.frameworks.reading import args_file
from lintune.run.run import Item, Run
from lintune.run.settings import fact
from lintune.scripts.entry import EntryScript
from lintune.scripts.script_signs import SIGNS
from lintune.source.text import Site
from lintune.values.value import Absent, Known, Step, Unknown, Value

_COMPARED = ("llm_type",)
"""Options whose values rules compare with those that the script knows."""
_SIGNS = tuple(SIGNS)
_OVERRIDES = ("training_step", "compute_loss", "tokenizer")
_OFFICIAL = {"llm_type": ("minicpm", "llama3", "qwen")}


def add_script(run: Run, reading: Reading, script: EntryScript | None) -> None:
    """Fill guards and `script.*`; without any script, flags that were not given stay unknown."""
    run.script_read = script is not None and script is reading.script and not any(p.kind == "python-syntax" for p in script.problems)
    if reading.script is not None and reading.script.problems:
        run.items["script.problems"] = tuple(
            Item({"kind": Known(found.kind), "message": Known(found.message)}, found.site) for found in reading.script.problems
        )
    run.pending["readme.tuning"] = partial(_readme_tuning, reading)
    if reading.script is not None:
        run.pending["script.device_map"] = partial(_device_map, run, reading.script)
        run.pending["script.loaded_early"] = partial(_is_loaded_early, run)
        run.pending["script.imports"] = partial(_imports, reading.script)
        run.pending["script.library_names"] = partial(_library_names, reading.script)
        run.pending["script.post_init"] = partial(_post_init, reading.script)
        for sign in _SIGNS:
            run.pending[f"script.sign.{sign}"] = partial(_sign, reading.script, sign)
        run.pending["script.takes_local_rank"] = partial(_takes_local_rank, reading.script)
        for kind in _OVERRIDES:
            run.pending[f"script.trainer.{kind}"] = partial(_override, reading.script, kind)
    else:
        why = Unknown("the entry script was not read", settle="the entry script")
        run.values["script.device_map"] = run.values["script.loaded_early"] = run.values["script.imports"] = why
        run.unread["script.trainer"] = why
    if script is not None and script is reading.script:
        run.guards = script.guards
        _add_args_file(run, reading, script)
        run.values["script.path"] = Known(reading.entry, (Step("script", note="entry script"),))
        for option in _COMPARED:
            run.pending[f"script.compared.{option}"] = partial(_compared, script, option)
        run.pending["script.rank0_save"] = partial(_rank0_save, script)
    elif run.framework == "minicpmv":
        for option, values in _OFFICIAL.items():
            run.values[f"script.compared.{option}"] = fact(values, "dataset.py of OpenBMB/MiniCPM-V@0dbb566")
    if not run.script_read:
        run.values["script.rank0_save"] = Unknown("the entry script was not read", settle="the entry script")
    run.pending["script.bases"] = partial(_bases, script)
    run.pending["model.known_templates"] = lambda: run.get("script.compared.llm_type")
    if script is None:
        run.unread["flag"] = _unread(reading)


def _add_args_file(run: Run, reading: Reading, script: EntryScript) -> None:
    found = args_file(reading, script)
    if found is not None and found.text.strip():
        run.values["script.args_file"] = Known(found.path, (Step("script", Site(found, found.line_span(1))),))


def _readme_tuning(reading: Reading) -> Value:
    from lintune.launch.readme import readme_claim

    project = reading.context.project
    claim = readme_claim(reading.context.script, project.names_in, project.read)
    if claim is None:
        return Absent()
    return Known(claim.tuning, (Step("script", claim.heading, "a section of the README"), Step("script", claim.mention)))


def _unread(reading: Reading) -> Unknown:
    if reading.launch.entry is None:
        return Unknown(f"the options of `{reading.launch.launcher} {reading.launch.subcommand}`".rstrip(" `") + "` are not known yet")
    if not reading.entry:
        return Unknown("the name of the entry script is not known")
    entry = reading.entry
    return Unknown(f"the options of `{entry}` are not known", settle=f"the file `{entry}`")


def _rank0_save(script: EntryScript) -> Value:
    saved = script.rank0_save
    return Known(True, (Step("script", saved),)) if saved is not None else Absent()


def _sign(script: EntryScript, name: str) -> Value:
    found = script.sign(name)
    return Known(True, (Step("script", found),)) if found is not None else Absent()


def _compared(script: EntryScript, option: str) -> Value:
    found = script.compared_values(option)
    return Known(tuple(found), tuple(Step("script", site) for site in found.values()))


def _device_map(run: Run, script: EntryScript) -> Value:
    """As the calls that are reached with these options pass it; where no walk tells, as the text says."""
    from lintune.frameworks.walked_calls import walked_device_map

    walked = walked_device_map(run)
    if walked is not None:
        return walked
    found = script.device_map
    if found is None:
        return Absent()
    kind, site = found
    origin = (Step("script", site),)
    return Unknown("the device map depends on conditions of the script", origin) if kind == "undecided" else Known(kind, origin)


def _is_loaded_early(run: Run) -> Value:
    """Whether the model is loaded above the training arguments that the script makes: of DeepSpeed nothing is known there yet."""
    origin = run.get("script.device_map").origin
    config = run.get("script.config")
    made = next((step.site for step in reversed(config.origin) if step.site is not None), None) if isinstance(config, Known) else None
    loaded = next((step.site for step in reversed(origin) if step.site is not None), None)
    if made is None or loaded is None or made.source.path != loaded.source.path:
        return Known(False, origin)
    return Known(loaded.span.start < made.span.start, origin)


def _override(script: EntryScript, kind: str) -> Value:
    found = script.trainer_override(kind)
    return Known(found[0], (Step("script", found[1]),)) if found is not None else Absent()


def _bases(script: EntryScript | None) -> Value:
    """The library classes whose options the launch takes, by dotted name."""
    if script is None:
        return Known(("transformers.TrainingArguments",))
    return Known(tuple(dict.fromkeys(base for found in script.dataclasses for base in found.bases)))


def _post_init(script: EntryScript) -> Value:
    """The fields that a `__post_init__` of the script may set; unknown where it does not call the library's."""
    from lintune.scripts.post_init import fields_set

    changed: set[str] = set()
    for found in script.dataclasses:
        if any(base.partition(".")[0] in ("transformers", "trl") for base in found.bases):
            fields = fields_set(found)
            if fields is None:
                return Unknown(f"`{found.name}` has a `__post_init__` that does not call the library's")
            changed |= fields
    return Known(tuple(sorted(changed)))


def _library_names(script: EntryScript) -> Value:
    """What the script imports from transformers, TRL and PEFT as a whole, each with its place."""
    from lintune.scripts.library_imports import library_imports

    found = library_imports(script.source)
    return Known(tuple(found), tuple(Step("script", site) for site in found.values()))


def _takes_local_rank(script: EntryScript) -> Value:
    """The spellings of the option for the local rank that an `argparse` script takes: none, where it refuses the launcher's."""
    if script.kind != "argparse" or not script.complete:
        return Unknown("whether the script takes a local rank is not known")
    if script.allows_leftovers or "add_config_arguments" in script.source.text:
        return Known(("--local_rank", "--local-rank"))
    flags = [flag for option in script.arguments for flag in option.spellings or (f"--{option.name}",)]
    return Known(tuple(flag for flag in flags if flag.replace("_", "-") == "--local-rank"), (Step("script", note=script.name),))


def _imports(script: EntryScript) -> Value:
    return Known(tuple(sorted(script.imported_packages)), (Step("script", note=script.name),))
