"""The configuration files that editors can be told about: whose they are, and how their values are converted."""

from lintune.source.record import dataclass
from lintune.surfaces.programs import commands


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a reader does to a value before the option gets it."""

    numbers_from_text: bool = False
    """Whether `"3"` counts as a number."""
    text_from_scalars: bool = False
    """Whether a number or a truth value counts as text."""
    scalar_for_list: bool = False
    """Whether one value counts as a list of one."""
    truth_for_number: bool = False
    """Whether `false` counts as the number 0."""
    text_from_mapping: bool = False
    """Whether a mapping is written as JSON text."""
    any_case: bool = False
    """Whether choices are taken in capitals as well as in small letters."""
    null: bool = False
    """Whether null always counts as not given, rather than only where it is the default."""
    yaml: bool = True
    """Whether the file is YAML 1.1, in which `yes`, `no`, `on` and `off` are truth values."""


@dataclass(frozen=True, slots=True)
class ConfigFormat:
    """A file that a command of a package reads."""

    package: str
    command: str
    conversion: Conversion
    title: str
    """What the file is, for people."""
    further: tuple[tuple[str, str], ...] = ()
    """Keys that the reader takes itself, which are options of no class: each with what it is for."""
    plugins: str = ""
    """The command whose keys count as well where a plugin is named."""


_PLAIN = Conversion(scalar_for_list=True)
_WORDS = Conversion(numbers_from_text=True, text_from_scalars=True, scalar_for_list=True, text_from_mapping=True)
_ARGPARSE = Conversion(numbers_from_text=True, scalar_for_list=True)
_PYDANTIC = Conversion(numbers_from_text=True, scalar_for_list=True, truth_for_number=True, null=True)
_LOOSE = Conversion(numbers_from_text=True, text_from_scalars=True, scalar_for_list=True, any_case=True, null=True)
_JSON = Conversion(numbers_from_text=True, yaml=False)
"""How each reader converts: `schemas/loaders.json` has the sources."""

_SWIFT = (("ENV", "environment variables that the launch sets, by name"),)
_TRL = (
    ("env", "environment variables that the script sets, by name"),
    ("datasets", "a mixture of data sets: a list of mappings with `path`, `name`, `split`, `columns` ..."),
    ("streaming", "whether the mixture is streamed"),
    ("test_split_size", "the part of the mixture that is kept for evaluation"),
)
_ALIASES = {"llama-factory": "llamafactory", "swift": "ms-swift", "ds": "deepspeed"}
_FIRST = {"llamafactory": "train", "axolotl": "train", "ms-swift": "sft", "trl": "sft", "accelerate": "config", "deepspeed": "config"}
"""The packages with such files, each with the command that its name alone stands for."""
_ONLY = {"accelerate": ("config",), "deepspeed": ("config",), "axolotl": ("train",)}
"""Commands that read such a file, where not all do."""


def config_format(name: str) -> ConfigFormat | None:
    """The file by its name for people: `axolotl`, `trl-grpo`, `ms-swift-rlhf`; None where there is none of that name."""
    for package, first in _FIRST.items():
        for alias in (package, *(alias for alias, meant in _ALIASES.items() if meant == package)):
            command = first if name == alias else name[len(alias) + 1 :] if name.startswith(f"{alias}-") else ""
            for known in _commands(package):
                if command in (known, _spelled(known)):
                    return _made(package, known)
    return None


def format_names() -> list[str]:
    """Every name, with that of the package alone before those with a command."""
    found: list[str] = []
    for package in _FIRST:
        found.append(package)
        found += [f"{package}-{_spelled(command)}" for command in _commands(package) if package not in _ONLY]
    return found


def _spelled(command: str) -> str:
    """A command as the name of its schema ends: `megatron sft` is `megatron-sft`."""
    return command.replace(" ", "-")


def _commands(package: str) -> tuple[str, ...]:
    return _ONLY.get(package) or commands(package)


def _made(package: str, command: str) -> ConfigFormat:
    match package:
        case "llamafactory":
            return ConfigFormat(package, command, _PLAIN, f"YAML or JSON of `llamafactory-cli {command}`")
        case "axolotl":
            return ConfigFormat(package, command, _PYDANTIC, "YAML of `axolotl train`", plugins="plugins")
        case "ms-swift":
            program = command if command.startswith("megatron ") else f"swift {command}"
            return ConfigFormat(package, command, _WORDS, f"YAML or JSON of `{program}`", _SWIFT)
        case "trl":
            return ConfigFormat(package, command, _ARGPARSE, f"YAML of `trl {command} --config`", _TRL)
        case "accelerate":
            return ConfigFormat(package, command, _LOOSE, "YAML of `accelerate launch --config_file`")
        case _:
            return ConfigFormat(package, command, _JSON, "JSON that DeepSpeed reads")
