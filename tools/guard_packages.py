"""Where the guards of each released program are: which of its functions and classes are followed, and what they stand on."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeAlias

from guard_models import read_model, written_keys  # type: ignore[import-not-found,unused-ignore]
from guard_nodes import Nodes  # type: ignore[import-not-found,unused-ignore]
from guard_programs import Facts, ProgramReader  # type: ignore[import-not-found,unused-ignore]
from guard_reader import Raised  # type: ignore[import-not-found,unused-ignore]
from surface_archive import Archive, open_archive  # type: ignore[import-not-found,unused-ignore]

from lintune.surfaces.surface import load_surface

Read: TypeAlias = Callable[[Archive, Nodes, Path], tuple[list[Raised], int]]
_HF = ("transformers/training_args.py", "TrainingArguments")
_HF_QUIET = frozenset(("requires_backends", "self.hf_deepspeed_config.trainer_config_process"))
_LLAMAFACTORY = (
    ("model_args", "ModelArguments"),
    ("data_args", "DataArguments"),
    ("training_args", "TrainingArguments"),
    ("finetuning_args", "FinetuningArguments"),
)
_TRL = ("SFT", "DPO", "GRPO", "RLOO", "KTO", "Reward", "ORPO", "CPO", "GKD", "OnlineDPO", "PPO")
_SWIFT = (
    "SftArguments",
    "PretrainArguments",
    "RLHFArguments",
    "MegatronSftArguments",
    "MegatronPretrainArguments",
    "MegatronRLHFArguments",
)


@dataclass(frozen=True, slots=True)
class Program:
    """A set of guards of one package."""

    package: str
    name: str
    """What the file is called after: a class, or the program's own word."""
    surface: str
    """The surface whose releases are read."""
    read: Read


@lru_cache(maxsize=4)
def _transformers(cache: Path) -> Archive:
    """The newest release at hand: what its constructor does to fields hardly differs between releases."""
    newest = load_surface("transformers", "TrainingArguments")
    version = newest.releases[-1] if newest is not None else ""
    return open_archive(next((cache / "transformers").glob(f"transformers-{version}-*.whl")))


def _reader(archive: Archive, nodes: Nodes, cache: Path, names: tuple[tuple[str, str], ...], facts: Facts) -> ProgramReader:
    options: set[str] = set()
    for package, name in (*names, ("transformers", "TrainingArguments")):
        surface = load_surface(package, name)
        options |= set(surface.names) if surface is not None else set()
    reader = ProgramReader(nodes, archive, sorted(options), facts)
    below = ProgramReader(nodes, _transformers(cache), sorted(options), {})
    below.quiet = _HF_QUIET
    reader.outside = {":".join(_HF): below}
    return reader


def _fact(name: str, equal: object = None) -> Callable[[Nodes], int]:
    """A value of the run, or whether it equals something."""

    def node(nodes: Nodes) -> int:
        found = nodes.option(f"run:{name}")
        return int(found if equal is None else nodes.operation("==", found, nodes.constant(equal)))

    return node


def _parallel(nodes: Nodes) -> int:
    many = nodes.operation(">", nodes.option("run:derived.world_size"), nodes.constant(1))
    return int(nodes.choice(many, nodes.constant("distributed"), nodes.unknown))


_LLAMAFACTORY_FACTS: Mapping[str, Callable[[Nodes], int]] = {
    "is_deepspeed_zero3_enabled()": _fact("par.ds.stage", 3),
    "training_args.parallel_mode": _parallel,
    "ParallelMode.DISTRIBUTED": lambda nodes: int(nodes.constant("distributed")),
    "ParallelMode.NOT_DISTRIBUTED": lambda nodes: int(nodes.constant("not distributed")),
}
_WORLD = {text: _fact("derived.world_size") for text in ("self.world_size", "args.world_size", "get_world_size()")}


def _llamafactory(archive: Archive, nodes: Nodes, cache: Path) -> tuple[list[Raised], int]:
    """The dataclasses in the order in which they are made, then what `get_train_args` checks of them together."""
    names = tuple(("llamafactory", name) for _, name in (*_LLAMAFACTORY, ("", "GeneratingArguments")))
    reader = _reader(archive, nodes, cache, names, _LLAMAFACTORY_FACTS)
    for file, name in _LLAMAFACTORY:
        count = len(reader.raised)
        reader.class_init(f"llamafactory/hparams/{file}.py", name)
        _name(reader, count, name)
    objects = (*(file for file, _ in _LLAMAFACTORY), "generating_args")
    reader.function("llamafactory/hparams/parser.py", "get_train_args", objects)
    return reader.certain(), reader.seen


def _name(reader: ProgramReader, count: int, name: str) -> None:
    for found in reader.raised[count:]:
        found.source = f"{name}.{found.source}"


def _swift(archive: Archive, nodes: Nodes, cache: Path, name: str) -> tuple[list[Raised], int]:
    """A class of arguments with everything that it inherits."""
    package = "swift"
    names = [name, *({"PretrainArguments": ["PtArguments"], "SftArguments": ["TrainArguments"]}.get(name, []))]
    reader = _reader(archive, nodes, cache, (("ms-swift", name),), _WORLD)
    for each in names:
        for path in archive.classes(package).get(each, ()):
            if reader.class_init(path, each):
                _name(reader, 0, each)
                return reader.certain(), reader.seen
    return [], 0


def _trl(archive: Archive, nodes: Nodes, cache: Path, name: str) -> tuple[list[Raised], int]:
    """A configuration, and what the trainer's constructor refuses of it."""
    reader = _reader(archive, nodes, cache, (("trl", f"{name}Config"),), _WORLD)
    classes = archive.classes("trl")
    config, trainer = (_place(classes.get(f"{name}{kind}", ())) for kind in ("Config", "Trainer"))
    if config:
        reader.class_init(config, f"{name}Config")
        _name(reader, 0, f"{name}Config")
    if trainer:
        count = len(reader.raised)
        reader.function(trainer, f"{name}Trainer.__init__", ("args",))
        _name(reader, count, f"{name}Trainer")
    return reader.certain(), reader.seen


def _place(paths: object) -> str:
    """`trl/trainer` before `trl/experimental`."""
    return max(paths, key=lambda path: path.startswith("trl/trainer"), default="") if isinstance(paths, list) else ""


def _axolotl(archive: Archive, nodes: Nodes, cache: Path) -> tuple[list[Raised], int]:
    """The validators of the configuration and of the plugins' own keys."""
    classes = archive.classes("axolotl")
    main = [(path, "AxolotlConfigWCapabilities", "") for path in classes.get("AxolotlConfigWCapabilities", ())[:1]]
    plugins = [
        (path, name, _plugins_in(archive, path))
        for name, paths in classes.items()
        for path in paths
        if path.startswith("axolotl/integrations/") and path.endswith("args.py") and name.endswith("Args")
    ]
    files = [path for path in archive.files("axolotl/integrations", ".py") if path.endswith(("plugin.py", "__init__.py"))]
    opened = [module[1].tree for path in files if (module := archive.module(path))]
    functions = [node for tree in opened for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "register"]
    filled = frozenset(key for node in functions for key in written_keys(node))
    found: tuple[list[Raised], int] = read_model(nodes, archive, main + [each for each in plugins if each[2]], {}, filled)
    return found


def _plugins_in(archive: Archive, path: str) -> str:
    """The plugins by whose names a config switches on what lies in the folder of a file."""
    folder = path.rpartition("/")[0]
    names = [
        name
        for name, paths in archive.classes("axolotl").items()
        if name.endswith("Plugin") and any(each.startswith(folder) for each in paths)
    ]
    return ",".join(f"{folder.replace('/', '.')}.{name}" for name in sorted(names))


def _peft(archive: Archive, nodes: Nodes, cache: Path, name: str) -> tuple[list[Raised], int]:
    """The configuration of a tuner."""
    reader = _reader(archive, nodes, cache, (("peft", name),), {})
    for path in archive.classes("peft").get(name, ()):
        if path.startswith("peft/tuners/") and reader.class_init(path, name):
            _name(reader, 0, name)
            return reader.certain(), reader.seen
    return [], 0


def _bitsandbytes(archive: Archive, nodes: Nodes, cache: Path) -> tuple[list[Raised], int]:
    """What `BitsAndBytesConfig` checks of its own fields."""
    reader = _reader(archive, nodes, cache, (("transformers", "BitsAndBytesConfig"),), {})
    reader.function("transformers/utils/quantization_config.py", "BitsAndBytesConfig.post_init", ("self",))
    _name(reader, 0, "BitsAndBytesConfig")
    return reader.certain(), reader.seen


PROGRAMS: tuple[Program, ...] = (
    *(Program("peft", name, name, partial(_peft, name=name)) for name in ("LoraConfig", "AdaLoraConfig")),
    Program("transformers", "BitsAndBytesConfig", "BitsAndBytesConfig", _bitsandbytes),
    Program("llamafactory", "train", "ModelArguments", _llamafactory),
    Program("axolotl", "config", "config", _axolotl),
    *(Program("ms-swift", name, name, partial(_swift, name=name)) for name in _SWIFT),
    *(Program("trl", f"{name}Config", f"{name}Config", partial(_trl, name=name)) for name in _TRL),
)
"""Every set but that of `transformers.TrainingArguments`, which is read with what holds on every machine."""
