"""From a launch to a run: the framework is told from the entry script or the flags, then its adapter fills the run."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

from lintune.frameworks import hf_trainer, minicpmv
from lintune.frameworks.accelerate_config import add_fsdp
from lintune.frameworks.block_classes import add_block_classes
from lintune.frameworks.context import Context, Reading
from lintune.frameworks.deepspeed_config import add_deepspeed
from lintune.frameworks.doubted_defaults import doubt_defaults
from lintune.frameworks.environment import add_environment, word_value
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.launcher_facts import add_launcher
from lintune.frameworks.model_files import add_config_facts, reader_of
from lintune.frameworks.pins import add_pins
from lintune.frameworks.reading import args_file, read_around
from lintune.frameworks.script_facts import add_script
from lintune.frameworks.script_guards import add_guards, add_never_read
from lintune.frameworks.script_walk import add_walk
from lintune.frameworks.trainer_settings import add_trainer_settings
from lintune.launch.launchers import Launch
from lintune.launch.word import Word
from lintune.run.run import Item, Run
from lintune.scripts.entry import EntryScript
from lintune.source.record import dataclass
from lintune.syntax.tree import Mapping as Tree
from lintune.values.value import Absent, Data, Known, Step, Unknown, Value

if TYPE_CHECKING:
    from lintune.frameworks.code_config import CodeConfig
    from lintune.frameworks.command_line import Parsed
    from lintune.frameworks.option_table import OptionTable
    from lintune.frameworks.own_frameworks import Adapter
    from lintune.launch.word import Word

Flags = Mapping[str, Value]
"""The framework's options by name, with their defaults."""
Items = Mapping[str, tuple[Item, ...]]


@dataclass(frozen=True, slots=True)
class Framework:
    """An adapter."""

    name: str
    fill: Callable[[Run, Reading], None] | None = None
    known: Callable[[Reading], EntryScript | None] | None = None
    """The options of its official script, for a launch whose script is not at hand."""
    read: "Callable[[Reading], Parsed] | None" = None
    """Reads the options of a framework that has a command line or config files of its own."""
    meaning: Literal["trainer", "config", "own", "unread"] = "trainer"
    """What its options are: those of TrainingArguments, those of a config file that the adapter reads alone, the script's own (checked,
    but not understood), or not read."""


_MINICPMV = Framework(minicpmv.NAME, minicpmv.fill)
_HF_TRAINER = Framework(hf_trainer.NAME, hf_trainer.fill)
_ARGPARSE = Framework("argparse", meaning="own")
_UNKNOWN = Framework("unknown", meaning="unread")
_OWN_PROGRAMS = frozenset(("swift", "megatron", "trl", "llamafactory-cli", "axolotl", "litgpt", "unsloth"))
_SPEAKING = ("model_name_or_path", "use_fsdp", "use_lora")
"""Options that mean the same in every script that has them."""
_OWN_ENTRIES = ("unsloth-cli", "axolotl", "swift", "train", "openrlhf", "finetuning")


def read_launch(launch: Launch, context: Context) -> Run | None:
    """The run that a launch starts, or None where it trains nothing."""
    if launch.kind != "train":
        return None
    reading = read_around(launch, context)
    return _run(_detect(reading), reading)


def read_config_file(root: Tree, context: Context) -> Run | None:
    """The run of a config file that was named itself, or None where it is no training configuration that is known."""
    from lintune.frameworks.own_frameworks import file_reading

    found = file_reading(root, context)
    return _run(_of_adapter(found[0]), found[1]) if found is not None else None


def read_code(code: "CodeConfig", context: Context) -> Run:
    """The run of a training configuration in a Python file that was named itself, or in a notebook."""
    from lintune.frameworks.code_launch import file_reading

    reading = file_reading(code, context)
    return _run(_of_code(code), reading)


def _run(framework: Framework, reading: Reading) -> Run:
    if framework.read is None:
        framework = _in_code(framework, reading) or framework
    if framework.read is not None:
        parsed = framework.read(reading)
        return _build(framework, reading, None, parsed.values, parsed.items)
    script = _script(reading, framework)
    flags, items = _parse(reading, script) if framework.meaning != "unread" else ({}, {})
    run = _build(framework, reading, script, flags, items)
    if framework.fill is not None:
        add_never_read(run, script, reading.words, reading.context.project)
    return run


def _in_code(framework: Framework, reading: Reading) -> Framework | None:
    """The framework of a launch whose entry script makes its training configuration itself, whatever its own options are."""
    if framework.name not in ("hf-trainer", "argparse", "unknown") or reading.script is None or reading.source is None:
        return None
    if "Arguments(" not in reading.source.text and "Config(" not in reading.source.text:
        return None
    from lintune.frameworks.code_launch import entry_config

    found = entry_config(reading)
    return _of_code(*found) if found is not None else None


def _of_code(code: "CodeConfig", own: "Parsed | None" = None) -> Framework:
    from lintune.frameworks import code_launch

    return Framework(code.framework, partial(code_launch.fill, code=code, own=own), read=partial(code_launch.read, code=code, own=own))


def _detect(reading: Reading) -> Framework:
    own = _with_own_options(reading)
    if own is not None:
        return own
    if reading.launch.entry is None:
        return _UNKNOWN
    if minicpmv.detect(reading):
        return _MINICPMV
    family = _vision_language(reading)
    if family is not None:
        return family
    if hf_trainer.detect(reading):
        return _HF_TRAINER
    return _ARGPARSE if reading.script is not None and reading.script.kind in ("argparse", "fire") else _UNKNOWN


def _vision_language(reading: Reading) -> Framework | None:
    """The framework of a script whose trained set is known by its name or fields; the adapters are loaded only where one may be meant."""
    if not reading.words or (reading.script is not None and reading.script.kind not in ("none", "hf", "trl")):
        return None
    from lintune.frameworks import fastchat, internvl, internvl_g, llava, qwen2u1, qwenvl

    for adapter in (internvl, qwenvl, qwen2u1, llava):
        if adapter.detect(reading):
            return Framework(adapter.NAME, adapter.fill, adapter.known)
    for bare in (internvl_g, fastchat):
        if bare.detect(reading):
            return Framework(bare.NAME, bare.fill)
    return None


def _with_own_options(reading: Reading) -> Framework | None:
    """The framework that reads its own command line or config files; the adapters are loaded only where one may be meant."""
    launch = reading.launch
    entry = launch.entry.text if launch.entry is not None else ""
    named = launch.launcher in _OWN_PROGRAMS if launch.entry is None else any(part in entry for part in _OWN_ENTRIES)
    named = (
        named
        or launch.launcher == "tune"
        or entry.startswith(("verl.", "recipe."))
        or (reading.source is not None and "hydra.main" in reading.source.text)
    )
    if not named and not reading.words & {"finetuning_type", "config"}:
        return None
    from lintune.frameworks.own_frameworks import adapter_of

    adapter = adapter_of(reading)
    return _of_adapter(adapter) if adapter is not None else None


def _of_adapter(adapter: "Adapter") -> Framework:
    return Framework(adapter.name, adapter.fill, read=adapter.read, meaning="trainer" if adapter.trainer else "config")


def _script(reading: Reading, framework: Framework) -> EntryScript | None:
    """The script that defines the options: the one at hand, else the known official one."""
    if reading.script is not None and reading.script.kind != "none":
        return reading.script
    if framework is _MINICPMV:
        from lintune.frameworks.official_script import official_minicpmv

        return official_minicpmv()
    return framework.known(reading) if framework.known is not None else None


def _stray_words(reading: Reading, script: EntryScript) -> "tuple[Word, ...]":
    """The words of `<script>.args`, which HfArgumentParser silently puts before the command line."""
    found = args_file(reading, script)
    if found is None:
        return ()
    from lintune.frameworks.command_line import words_of_file

    return words_of_file(found)


def _parse(reading: Reading, script: EntryScript | None) -> tuple[Flags, Items]:
    from lintune.frameworks.command_line import parse_command_line
    from lintune.frameworks.option_table import library_table, option_table

    words = reading.launch.args
    if script is not None:
        if script.config_source is not None:
            from lintune.frameworks.file_options import read_file_options

            parsed = read_file_options(reading, words, script, script.config_source)
            return parsed.values, parsed.items
        words = (*_stray_words(reading, script), *words)
        table = option_table(script, reading.versions)
        parsed = parse_command_line(words, table)
        if parsed.config is not None:
            parsed = _with_only_config(reading, parsed.config, table)
        elif script.kind == "trl" and "config" in reading.words:
            parsed = _with_trl_config(reading, table)
        return parsed.values, parsed.items
    parsed = parse_command_line(words, library_table("transformers.TrainingArguments", pins=reading.versions))
    # the program or script that is not at hand may give a required option a default
    items = {name: found for name, found in parsed.items.items() if name != "raw.required"}
    return doubt_defaults(parsed.values, reading.entry or "the entry script"), items


def _with_only_config(reading: Reading, word: Word, table: "OptionTable") -> "Parsed":
    """The options of an `HfArgumentParser` script whose only argument is a YAML or JSON file (`parse_yaml_file`)."""
    from lintune.frameworks.own_options import read_config

    parsed = read_config(reading, word, table, "hf-parse-yaml")
    parsed.config = word
    return parsed


def _with_trl_config(reading: Reading, table: "OptionTable") -> "Parsed":
    """The options of a `TrlParser` script with the YAML file that `--config` names."""
    from lintune.frameworks.own_options import config_of, read_flags
    from lintune.frameworks.trl import config_word

    return read_flags(reading, reading.launch.args, table, config_of(reading, config_word(reading.launch.args)), "trl")


def _build(framework: Framework, reading: Reading, script: EntryScript | None, flags: Flags, items: Items) -> Run:
    """The run of these flags; a second call with others answers what would be."""
    run = Run(framework.name, reading.context.script, reading.launch.head)
    prefix = "option" if framework.meaning == "own" else "flag"
    for name, value in flags.items():
        run.values[f"{prefix}.{name.removeprefix('flag.')}"] = value
    run.items.update(items)
    run.config_of = reader_of(run, reading)
    add_script(run, reading, script)
    if framework.read is not None:
        run.unread.pop("flag", None)
    add_guards(run, script, prefix)
    add_walk(run, reading, script, prefix)
    if framework.meaning == "own":
        run.unread["flag"] = Unknown("what the options of this script mean is not known")
    add_pins(run, reading.filed, reading.versions)
    add_environment(run, reading)
    add_launcher(run, reading)
    run.pending["launch.args"] = lambda: Known(tuple(word.text for word in reading.launch.args))
    run.pending["launch.folder"] = lambda: Known(reading.folder)
    _add_entry_file(run, reading)
    if framework.meaning == "trainer":
        add_deepspeed(run, reading)
        add_trainer_settings(run)
        add_files(run, reading, (NamedFile("deepspeed", run.get("par.ds.file")),))
    if framework.fill is not None:
        framework.fill(run, reading)
    if framework.known is not None and run.walk is not None:
        from lintune.frameworks.walked_parts import prefer_walk

        prefer_walk(run)
    if framework.meaning == "own" and run.walk is not None:
        from lintune.frameworks.walked_parts import add_walked_parts

        add_walked_parts(run)
    if framework.meaning == "unread":
        run.unread.setdefault("tune", Unknown("how this script chooses what it trains is not understood"))
        _add_model_name(run, reading)
    add_fsdp(run)
    add_block_classes(run)
    add_config_facts(run)

    def what_if(settings: Mapping[str, Data]) -> Run:
        changed = {**{name.removeprefix("flag."): value for name, value in flags.items()}}
        for name, value in settings.items():
            said: Value = Absent() if value is None else Known(value, (Step("assumed", note="what if"),))
            changed[name.removeprefix("flag.")] = said
        return _build(framework, reading, script, changed, items)

    run.what_if = what_if
    return run


def _add_model_name(run: Run, reading: Reading) -> None:
    """The model that a script is given, and switches whose names speak for themselves, where nothing else of its options is understood."""
    from lintune.frameworks.overrides import flags

    if not reading.words.isdisjoint(_SPEAKING):
        given = flags(reading.launch.args)
        run.values.update({f"option.{name}": given[name] for name in _SPEAKING if name in given})
        if "model_name_or_path" in given:
            run.values["model.id"] = given["model_name_or_path"]


def _add_entry_file(run: Run, reading: Reading) -> None:
    config = reading.launch.options.get("config_file")
    if config is not None:
        add_files(run, reading, (NamedFile("accelerate", word_value(config, "flag")),))
    entry = reading.launch.entry
    if entry is None:
        return
    value = word_value(entry, "flag")
    if isinstance(value, Known) and reading.launch.module:
        # a module may come from an installed package, so that a missing file says nothing
        run.values["launch.entry_file"] = Known(reading.entry) if reading.source else Unknown("the module was not found here", value.origin)
        return
    add_files(run, reading, (NamedFile("entry", value),))
    if reading.script is not None and reading.script.config_source is not None:
        from lintune.frameworks.file_options import config_path

        options = {name.partition(".")[2]: value for name, value in run.values.items() if name.startswith(("flag.", "option."))}
        add_files(run, reading, (NamedFile("config", config_path(reading.script.config_source, reading.launch.args, options)),))
        return
    arguments = reading.launch.args
    suffixes = reading.script.config_suffixes if reading.script is not None else ()
    if len(arguments) == 1 and suffixes and arguments[0].text.endswith(suffixes):
        add_files(run, reading, (NamedFile("config", word_value(arguments[0], "flag")),))
