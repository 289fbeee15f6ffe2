"""What is read of each package: its classes, parsers and configuration files, found by name in one release."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from surface_archive import Archive  # type: ignore[import-not-found,unused-ignore]
from surface_argparse import read_flags, read_groups  # type: ignore[import-not-found,unused-ignore]
from surface_entry import Entry, Found, Section  # type: ignore[import-not-found,unused-ignore]
from surface_pydantic import add_model  # type: ignore[import-not-found,unused-ignore]
from surface_reader import find_class, read_flags_of_class  # type: ignore[import-not-found,unused-ignore]
from surface_reads import Reads  # type: ignore[import-not-found,unused-ignore]
from surface_signature import read_signature  # type: ignore[import-not-found,unused-ignore]

from lintune.scripts.literals import literal
from lintune.scripts.modules import Definition
from lintune.values.option import Option

Surfaces: TypeAlias = dict[str, Found]
Read: TypeAlias = Callable[[Archive], Surfaces]


@dataclass(frozen=True, slots=True)
class Package:
    """A distribution: which releases are read, and how one is read."""

    name: str
    """Its name on the index, which pins use too."""
    oldest: str
    """The first release that lintune knows."""
    recent_from: str
    """The first release that a launch without a pin is taken to run with (about three years back)."""
    read: Read
    which: Literal["all", "edges", "last"] = "all"
    """Every release; the first and last patch of every minor and all of the newest; or each minor's last patch."""
    withdrawn: tuple[str, ...] = ()
    """Releases that the index no longer lists but still has, and that old pins name."""
    keep: tuple[str, ...] = ()
    """The files of an archive that are kept, where it is large."""


def _classes(archive: Archive, package: str, names: dict[str, str]) -> Surfaces:
    found = {name: read_flags_of_class(archive, package, name, file_name) for name, file_name in names.items()}
    return {name: surface for name, surface in found.items() if surface is not None}


_TRANSFORMERS = {"TrainingArguments": "training_args.py", "Seq2SeqTrainingArguments": "training_args_seq2seq.py"}


def _transformers(archive: Archive) -> Surfaces:
    """Training arguments; what the trainers take; the keys of generation and quantisation configurations."""
    found = _classes(archive, "transformers", _TRANSFORMERS)
    found.update(_trainers(archive, "transformers", ("Trainer", "Seq2SeqTrainer")))
    generation = _keyword_reads(archive, "transformers/generation/configuration_utils.py", "GenerationConfig")
    if generation is not None:
        found["GenerationConfig"] = generation
    path = "transformers/utils/quantization_config.py"
    for name in re.findall(r"^class (\w+Config)\(", archive.read(path) or "", re.MULTILINE):
        keys = read_signature(archive, path, f"{name}.__init__")
        if keys is not None:
            keys.source = keys.source.removesuffix(".__init__")
            keys.sections[""] = replace(keys.sections[""], source=keys.source)
            found[name] = keys
    return found


def _keyword_reads(archive: Archive, path: str, name: str) -> Found | None:
    """The keys of a class whose `__init__` takes them out of its keywords one by one."""
    opened = archive.module(path)
    definition = opened[0].lookup(opened[1], name) if opened else None
    if opened is None or not isinstance(definition, Definition):
        return None
    found = Found(source=f"{path} {name}", sections={"": Section("kept", f"{path} {name}")})
    for item in getattr(definition.node, "body", ()):
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            Reads(opened[0], found).function(item, opened[1], {"kwargs": ""})
    found.entries = {key: entry for key, entry in found.entries.items() if "." not in key and not key.startswith("_")}
    return found


_TRL_TRAINERS = tuple(f"{name}Trainer" for name in ("SFT", "DPO", "GRPO", "RLOO", "Reward"))
_TRL_CONFIGS = ("SFT", "DPO", "KTO", "ORPO", "CPO", "GRPO", "RLOO", "Reward", "PPO", "GKD", "BCO", "XPO", "PRM", "GOLD")
_TRL = {
    **{f"{name}Config": f"{name.lower()}_config.py" for name in _TRL_CONFIGS},
    "OnlineDPOConfig": "online_dpo_config.py",
    "NashMDConfig": "nash_md_config.py",
    "AsyncGRPOConfig": "async_grpo_config.py",
    "DistillationConfig": "distillation_config.py",
    "ScriptArguments": "utils.py",
    "ModelConfig": "model_config.py",
}


def _trl(archive: Archive) -> Surfaces:
    """The configuration classes, and what the trainers take."""
    return {**_classes(archive, "trl", _TRL), **_trainers(archive, "trl", _TRL_TRAINERS)}


def _trainers(archive: Archive, package: str, names: tuple[str, ...]) -> Surfaces:
    """The keywords of trainers, those that a decorator still takes under an old name with them."""
    places = archive.classes(package)
    found: Surfaces = {}
    for name in names:
        paths = [path for path in places.get(name, ()) if path.startswith(f"{package}/trainer")]
        keys = read_signature(archive, paths[0], f"{name}.__init__") if paths else None
        if keys is not None and (keys.entries or keys.sections[""].unknown == "refused"):
            keys.source = keys.source.removesuffix(".__init__")
            keys.sections[""] = replace(keys.sections[""], source=keys.source)
            found[name] = keys
    return found


def _peft(archive: Archive) -> Surfaces:
    """The configuration of every tuner."""
    names = {
        name: ""
        for name, paths in archive.classes("peft").items()
        if name.endswith("Config") and any(path.startswith("peft/tuners/") for path in paths)
    }
    return {name: found for name, found in _classes(archive, "peft", names).items() if "peft_type" in found.entries}


_LAUNCH = "accelerate/commands/launch.py"
_GROUPS = {
    "deepspeed_config": "deepspeed_args",
    "fsdp_config": "fsdp_args",
    "megatron_lm_config": "megatron_lm_args",
    "fp8_config": "fp8_args",
    "parallelism_config": "parallelism_config_args",
    "mpirun_config": "mpirun_args",
}


def _accelerate(archive: Archive) -> Surfaces:
    """The flags of `accelerate launch`, and the keys of its configuration file."""
    found: Surfaces = {}
    flags = read_flags(archive, _LAUNCH, "launch_command_parser")
    if flags is not None:
        found["launch"] = flags
    place = find_class(archive, "accelerate", "ClusterConfig", "config_args.py")
    if place is None or flags is None:
        return found
    keys = Found(source=f"{place.module.source.path} ClusterConfig")
    add_model(keys, place.definition, place.modules)
    refuses = "unknown keys" in place.module.source.text
    keys.sections[""] = Section("refused" if refuses else "dropped", keys.source)
    for name in ("fp16", "dynamo_backend"):
        if f'"{name}" in config_dict' in place.module.source.text:
            keys.add(name, Entry(Option(name, "unknown"), deprecated=True))
    groups = read_groups(archive, _LAUNCH, "launch_command_parser")
    for section, group in _GROUPS.items():
        if section in keys.entries and group in groups:
            _add_group(keys, flags, section, groups[group])
    dynamo = [name for name in flags.entries if name.startswith("dynamo_")]
    _add_group(keys, flags, "dynamo_config", dynamo) if "dynamo_config" in keys.entries else None
    found["config"] = keys
    return found


def _add_group(keys: Found, flags: Found, section: str, names: list[str]) -> None:
    """The keys of a mapping whose entries are handed to the launcher as flags of the same name."""
    from lintune.source.record import replace as changed

    prefix = {"fsdp_config": "fsdp_", "fp8_config": "fp8_", "dynamo_config": "dynamo_"}.get(section, "")
    keys.entries[section] = replace(keys.entries[section], section=True)
    keys.sections[section] = Section("dropped", f"{_LAUNCH} launch_command_parser")
    for name in names:
        entry = flags.entries.get(name)
        if entry is not None:
            option = changed(entry.option, nargs="one", spellings=(), negations=(), required=False)
            others = (name.removeprefix(prefix),) if prefix and name.startswith(prefix) else ()
            keys.entries[f"{section}.{name}"] = Entry(option, keys=others)


def _deepspeed(archive: Archive) -> Surfaces:
    """The keys of its JSON file, and the flags of its launcher."""
    found: Surfaces = {}
    flags = read_flags(archive, "deepspeed/launcher/runner.py", "parse_args")
    if flags is not None:
        found["launcher"] = flags
    place = find_class(archive, "deepspeed", "DeepSpeedConfig", "runtime/config.py")
    if place is None or not isinstance(place.definition.node, ast.ClassDef):
        return found
    source = f"{place.module.source.path} DeepSpeedConfig"
    keys = Found(source=source, sections={"": Section("dropped", source)})
    reads = Reads(place.modules, keys)
    reads.methods(place.definition.node, place.module, "_param_dict", ("config", "param_dict"))
    keys.entries = {name: entry for name, entry in keys.entries.items() if "*" not in name}
    _share(keys, "bf16", "bfloat16")
    keys.refused = _removed(place.modules, place.module)
    keys.entries = {name: entry for name, entry in keys.entries.items() if name not in keys.refused}
    found["config"] = keys
    return found


def _share(keys: Found, old: str, new: str) -> None:
    """One mapping under two names, read through the same variable."""
    for name in [name for name in keys.entries if name == old or name.startswith(f"{old}.")]:
        keys.entries[new + name[len(old) :]] = keys.entries[name]
    if old in keys.sections:
        keys.sections[new] = keys.sections[old]


def _removed(modules: object, module: object) -> tuple[str, ...]:
    """Keys that `_reject_removed_config_keys` refuses, from the tables it goes through."""
    found: list[str] = []
    definitions = getattr(module, "definitions", {})
    for table, prefix in (("_REMOVED_TOP_LEVEL_CONFIG_KEYS", ""), ("_REMOVED_ZERO_CONFIG_KEYS", "zero_optimization.")):
        value = getattr(definitions.get(table), "value", None)
        if isinstance(value, ast.Dict):
            texts = [literal(key, modules, module) for key in value.keys if key is not None]  # type: ignore[arg-type]
            found.extend(f"{prefix}{text.value}" for text in texts if text is not None)
    return tuple(found)


def _torch(archive: Archive) -> Surfaces:
    flags = read_flags(archive, "torch/distributed/run.py", "get_args_parser")
    return {"torchrun": flags} if flags is not None else {}


_LLAMAFACTORY = ("Model", "Data", "Training", "Finetuning", "Generating", "Evaluation", "Ray")


def _llamafactory(archive: Archive) -> Surfaces:
    """The dataclasses of its parser (`hparams/`)."""
    found: Surfaces = {}
    for package in ("llamafactory", "llmtuner"):
        for name in (f"{each}Arguments" for each in _LLAMAFACTORY):
            for path in archive.classes(package).get(name, ()):
                surface = read_flags_of_class(archive, package, name, path.rpartition("/")[2]) if "/hparams/" in path else None
                if surface is not None:
                    found[name] = surface
    if "RayArguments" in found and "ray_num_workers" in found.get("TrainingArguments", Found()).entries:
        del found["RayArguments"]
    return found


def _axolotl(archive: Archive) -> Surfaces:
    """The keys of its YAML file; those of its plugins under the plugin's folder."""
    found: Surfaces = {}
    place = find_class(archive, "axolotl", "AxolotlInputConfig")
    if place is not None:
        keys = Found(source=f"{place.module.source.path} AxolotlInputConfig")
        add_model(keys, place.definition, place.modules)
        if any("def check_fsdp_config_kwargs_prefix" in (archive.read(path) or "") for path in archive.files("axolotl", "validation.py")):
            _prefixed(keys, "fsdp_config", "fsdp_")
        found["config"] = keys
    plugins = Found(source="axolotl/integrations", sections={"": Section("kept", "axolotl/integrations")})
    for path in archive.files("axolotl", "/args.py"):
        folder = path.split("/")[2]
        opened = archive.module(path) if path.startswith("axolotl/integrations/") else None
        nodes = {name: node for name, node in opened[1].definitions.items() if isinstance(node, ast.ClassDef)} if opened else {}
        own = [name for name in nodes if name.endswith("Args")] or [name for name in nodes if name.endswith("Config")]
        for name in own:
            if opened:
                plugins.add(folder, Entry(Option(folder, "dict"), section=True))
                add_model(plugins, Definition(opened[1], nodes[name]), opened[0], folder)
    if plugins.entries:
        found["plugins"] = plugins
    return found


def _prefixed(keys: Found, section: str, prefix: str) -> None:
    """Keys of a mapping that are also accepted with a prefix (a validator strips it)."""
    for name, entry in list(keys.entries.items()):
        own = name.removeprefix(f"{section}.")
        if name.startswith(f"{section}.") and "." not in own and not own.startswith(prefix):
            keys.entries[name] = replace(entry, keys=(*entry.keys, f"{prefix}{own}"))


_SWIFT = {
    "Sft": ("Sft", "Train"),
    "Pretrain": ("Pretrain", "Pt", "Train", "Sft"),
    "RLHF": ("RLHF", "DPO"),
    "Infer": ("Infer",),
    "Deploy": ("Deploy",),
    "Rollout": ("Rollout",),
    "Eval": ("Eval",),
    "Export": ("Export",),
    "App": ("App", "AppUI"),
    "WebUI": ("WebUI", "Webui"),
    "Sampling": ("Sampling",),
    "MegatronSft": ("MegatronSft", "MegatronTrain"),
    "MegatronPretrain": ("MegatronPretrain", "MegatronTrain"),
    "MegatronRLHF": ("MegatronRLHF",),
    "MegatronExport": ("MegatronExport",),
}
"""The classes of the commands, under the names of release 4, and what the same command's class was called before."""


def _swift(archive: Archive) -> Surfaces:
    """The dataclasses of its commands; one surface for each command through all releases."""
    known = archive.classes("swift")
    found: Surfaces = {}
    for name, others in _SWIFT.items():
        own = next((f"{other}Arguments" for other in others if f"{other}Arguments" in known), None)
        surface = read_flags_of_class(archive, "swift", own) if own is not None else None
        if surface is not None:
            found[f"{name}Arguments"] = surface
    return found


def _litgpt(archive: Archive) -> Surfaces:
    """The parameters of the commands that train."""
    commands = {f"finetune_{name}": f"litgpt/finetune/{name}.py" for name in ("lora", "lora_legacy", "full", "adapter", "adapter_v2")}
    found = {name: read_signature(archive, path, "setup") for name, path in (commands | {"pretrain": "litgpt/pretrain.py"}).items()}
    return {name: surface for name, surface in found.items() if surface is not None}


def _torchtune(archive: Archive) -> Surfaces:
    """The keys that each recipe reads; what it does not read has no effect, and components have keys of their own."""
    found: Surfaces = {}
    for path in archive.files("recipes"):
        opened = archive.module(path) if path.count("/") == 1 and not path.endswith("__init__.py") else None
        if opened is None:
            continue
        name = path.rpartition("/")[2].removesuffix(".py")
        keys = Found(source=path, sections={"": Section("dropped", path)})
        reads = Reads(opened[0], keys, attributes=True, nested="kept")
        for node in opened[1].definitions.values():
            if isinstance(node, ast.ClassDef):
                reads.methods(node, opened[1], "_cfg", ("cfg",))
            elif isinstance(node, ast.FunctionDef) and any(argument.arg == "cfg" for argument in node.args.args):
                reads.function(node, opened[1], {"cfg": ""})
        keys.entries = {path: entry for path, entry in keys.entries.items() if _is_recipe_key(path)}
        sections = {path.rpartition(".")[0] for path in keys.entries}
        keys.entries = {path: replace(entry, section=entry.section and path in sections) for path, entry in keys.entries.items()}
        keys.sections = {path: section for path, section in keys.sections.items() if path in sections or not path}
        if keys.entries:
            found[name] = keys
    return found


def _is_recipe_key(path: str) -> bool:
    """Whether an attribute that a recipe reads is a key: no method of a text, list or OmegaConf, nothing of a `torch.device`."""
    section, _, last = path.rpartition(".")
    private = any(part.startswith("_") and part != "_component_" for part in path.split("."))
    return not (private or "_component_" in section or section == "device" or (section and (hasattr(str, last) or hasattr(list, last))))


def _openrlhf(archive: Archive) -> Surfaces:
    """The flags of every program of `openrlhf.cli` that has any."""
    found: Surfaces = {}
    for path in archive.files("openrlhf"):
        if path.startswith("openrlhf/cli/") and not path.endswith("__init__.py"):
            flags = read_flags(archive, path)
            if flags is not None:
                found[path.rpartition("/")[2].removesuffix(".py")] = flags
    return found


def _unsloth(archive: Archive) -> Surfaces:
    """The keyword arguments of its loaders, and the configuration of `unsloth train` where a release has it."""
    signatures = {
        "FastLanguageModel.from_pretrained": ("unsloth/models/loader.py", "FastLanguageModel.from_pretrained"),
        "FastModel.from_pretrained": ("unsloth/models/loader.py", "FastModel.from_pretrained"),
        "FastLanguageModel.get_peft_model": ("unsloth/models/llama.py", "FastLlamaModel.get_peft_model"),
        "FastModel.get_peft_model": ("unsloth/models/vision.py", "FastBaseModel.get_peft_model"),
    }
    read = {name: read_signature(archive, *where) for name, where in signatures.items()}
    found = {name: surface for name, surface in read.items() if surface is not None}
    place = find_class(archive, "unsloth_cli", "Config", "config.py")
    if place is not None:
        keys = Found(source=f"{place.module.source.path} Config")
        add_model(keys, place.definition, place.modules)
        found["train"] = keys
    return found


PACKAGES = (
    Package("transformers", "4.28", "4.36", _transformers, withdrawn=("4.46.0", "4.57.0")),
    Package("trl", "0.8", "0.8.6", _trl),
    Package("peft", "0.4", "0.7", _peft),
    Package("accelerate", "0.20", "0.26", _accelerate, "last"),
    Package("deepspeed", "0.9", "0.12", _deepspeed, "edges"),
    Package("torch", "2.0", "2.1", _torch, "last", keep=("torch/distributed/run.py",)),
    Package("llamafactory", "0.7", "0.7", _llamafactory),
    Package("axolotl", "0.5", "0.5", _axolotl),
    Package("ms-swift", "2.0", "3.0", _swift, "edges"),
    Package("litgpt", "0.4", "0.4", _litgpt),
    Package("torchtune", "0.1", "0.1", _torchtune),
    Package("openrlhf", "0.3", "0.3", _openrlhf, "edges"),
    Package("unsloth", "2024.8", "2024.8", _unsloth, "last"),
)
