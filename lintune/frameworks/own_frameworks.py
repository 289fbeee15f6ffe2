"""Frameworks whose launches are config files or a command line of their own: which one a launch or a file belongs to."""

from collections.abc import Callable
from posixpath import basename

from lintune.frameworks import (
    axolotl,
    hydra_programs,
    litgpt,
    llamafactory,
    llamafactory_v1,
    plain_flags,
    swift,
    swift_megatron,
    torchtune,
    trl,
    unsloth,
    verl,
)
from lintune.frameworks.command_line import Parsed
from lintune.frameworks.context import Context, Reading
from lintune.frameworks.overrides import config_words
from lintune.frameworks.own_options import config_of
from lintune.frameworks.reading import read_around
from lintune.launch.launchers import Launch
from lintune.launch.word import Command
from lintune.run.run import Run
from lintune.source.record import dataclass
from lintune.source.text import Site
from lintune.syntax.tree import Mapping


@dataclass(frozen=True, slots=True)
class Adapter:
    """How a framework of this kind is read."""

    name: str
    read: Callable[[Reading], Parsed]
    fill: Callable[[Run, Reading], None] | None
    trainer: bool = True
    """Whether its options are those of TrainingArguments, with its own beside them."""


LLAMAFACTORY = Adapter(llamafactory.NAME, llamafactory.read, llamafactory.fill)
LLAMAFACTORY_V1 = Adapter(llamafactory_v1.NAME, llamafactory_v1.read, llamafactory_v1.fill, trainer=False)
AXOLOTL = Adapter(axolotl.NAME, axolotl.read, axolotl.fill, trainer=False)
SWIFT = Adapter(swift.NAME, swift.read, swift.fill)
MEGATRON = Adapter(swift.MEGATRON, swift.read, swift_megatron.fill_megatron, trainer=False)
TRL = Adapter(trl.NAME, trl.read, trl.fill)
OPENRLHF = Adapter(plain_flags.OPENRLHF, plain_flags.read_openrlhf, plain_flags.fill_openrlhf, trainer=False)
COOKBOOK = Adapter(plain_flags.COOKBOOK, plain_flags.read_cookbook, plain_flags.fill_cookbook, trainer=False)
LITGPT = Adapter(litgpt.NAME, litgpt.read, litgpt.fill, trainer=False)
TORCHTUNE = Adapter(torchtune.NAME, torchtune.read, torchtune.fill, trainer=False)
VERL = Adapter(verl.NAME, hydra_programs.read, verl.fill, trainer=False)
HYDRA = Adapter(hydra_programs.HYDRA, hydra_programs.read, hydra_programs.fill, trainer=False)
UNSLOTH_SCRIPT = Adapter(unsloth.NAME, unsloth.read_script, unsloth.fill_script)
UNSLOTH = Adapter(unsloth.NAME, unsloth.read_train, unsloth.fill_train, trainer=False)
_PROGRAMS = {
    "unsloth": UNSLOTH,
    "llamafactory-cli": LLAMAFACTORY,
    "axolotl": AXOLOTL,
    "swift": SWIFT,
    "megatron": MEGATRON,
    "trl": TRL,
    "litgpt": LITGPT,
}
_FILES = (
    (axolotl.is_config, AXOLOTL, "axolotl", "train"),
    (llamafactory.is_config, LLAMAFACTORY, "llamafactory-cli", "train"),
    (llamafactory_v1.is_config, LLAMAFACTORY_V1, "llamafactory-cli", "train"),
    (swift.is_megatron_config, MEGATRON, "megatron", ""),
    (swift.is_config, SWIFT, "swift", ""),
    (trl.is_config, TRL, "trl", ""),
    (litgpt.is_config, LITGPT, "litgpt", ""),
    (torchtune.is_config, TORCHTUNE, "", ""),
)
_TRAIN_SCRIPTS = frozenset(("train.py", "train_bash.py", "train_sft.py", "train_web.py"))


def adapter_of(reading: Reading) -> Adapter | None:
    """The adapter of a launch; None where another kind of framework may read it."""
    launch = reading.launch
    if launch.entry is None:
        found = _PROGRAMS.get(launch.launcher)
        return LLAMAFACTORY_V1 if found is LLAMAFACTORY and _is_v1(reading) else found
    entry = launch.entry.text
    if launch.launcher == "tune":
        return TORCHTUNE
    if verl.is_verl(reading):
        return VERL
    if hydra_programs.is_hydra(reading):
        return HYDRA
    if unsloth.is_script(entry):
        return UNSLOTH_SCRIPT
    if axolotl.is_entry(entry):
        return AXOLOTL
    if swift.is_entry(entry):
        return MEGATRON if swift.is_megatron(reading) else SWIFT
    if plain_flags.is_openrlhf(reading, entry):
        return OPENRLHF
    if plain_flags.is_cookbook(reading, entry):
        return COOKBOOK
    if reading.script is not None and reading.script.kind != "none":
        return None
    if _is_llamafactory(reading, entry):
        return LLAMAFACTORY
    return TRL if reading.script is None and trl.names_config(reading) else None


def _is_v1(reading: Reading) -> bool:
    """Whether the file that LLaMA-Factory is given is one of its second engine."""
    files = config_words(reading.launch.args[:1])
    root = config_of(reading, files[0]) if files else None
    return root is not None and llamafactory_v1.is_config(root)


def _is_llamafactory(reading: Reading, entry: str) -> bool:
    """A script of LLaMA-Factory that is given its options, or one of its config files."""
    if "finetuning_type" in reading.words:
        return bool(reading.words & {"stage", "template", "lora_target"}) or basename(entry) in _TRAIN_SCRIPTS
    if basename(entry) not in _TRAIN_SCRIPTS:
        return False
    files = config_words(reading.launch.args[:1])
    root = config_of(reading, files[0]) if files else None
    if root is None:  # a file of another checkout: its path says whose it is
        return bool(files) and "llama-factory" in files[0].text.lower()
    return llamafactory.is_config(root)


def file_reading(root: Mapping, context: Context) -> tuple[Adapter, Reading] | None:
    """A config file that was named itself, as the launch that its framework makes of it; None where it is none.

    The launch points at the file's first key.
    """
    found = next((row[1:] for row in _FILES if row[0](root)), None)
    if found is None or not root.entries:
        return None
    adapter, launcher, subcommand = found
    if adapter is LITGPT:
        subcommand = litgpt.command_of(root)
    head: Site = root.entries[0].key.site
    launch = Launch(Command((), head, {}), launcher, (), {}, None, False, (), head, "train", subcommand)
    reading = read_around(launch, context)
    reading.config = root
    reading.words = frozenset(str(entry.key.value) for entry in root.entries)
    return adapter, reading
