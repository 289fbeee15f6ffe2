"""Compares the surfaces of configuration classes with the released classes themselves.

Usage: python tools/class_oracle.py [--cache FOLDER] [--most N] [PACKAGE ...]

Each release runs in a process of its own, with stand-ins for what it imports (`stub_imports.py`); its dataclasses are then
asked for their fields, its pydantic models for theirs (which needs pydantic). Names must be equal exactly; types, choices and
defaults where the class has plain ones. Prints, per package, the releases that agree, and each difference; the exit
status is 1 where there is any.
"""

import argparse
import dataclasses
import enum
import inspect
import json
import os
import subprocess
import sys
import types
import typing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from refresh_surfaces import download  # type: ignore[import-not-found,unused-ignore]
from stub_imports import cut_function, import_class, stand_in  # type: ignore[import-not-found,unused-ignore]
from surface_archive import Archive, open_archive  # type: ignore[import-not-found,unused-ignore]
from surface_packages import PACKAGES  # type: ignore[import-not-found,unused-ignore]

from lintune.source.data import data_folder
from lintune.surfaces.surface import Surface, load_surface
from lintune.values.option import Option
from lintune.values.version import Version

CHECKED = ("transformers", "trl", "llamafactory", "ms-swift", "peft", "axolotl", "accelerate", "litgpt", "unsloth", "deepspeed")
MODELS = {("axolotl", "config"): "AxolotlInputConfig", ("accelerate", "config"): "ClusterConfig"}
"""The classes of surfaces that are named after something else."""
_MONITOR = "deepspeed/monitor/config.py"
_OFFLOAD = "deepspeed/runtime/zero/offload_config.py"
SECTIONS = {
    "zero_optimization": "deepspeed/runtime/zero/config.py DeepSpeedZeroConfig",
    "zero_optimization.offload_param": f"{_OFFLOAD} DeepSpeedZeroOffloadParamConfig",
    "zero_optimization.offload_optimizer": f"{_OFFLOAD} DeepSpeedZeroOffloadOptimizerConfig",
    "fp16": "deepspeed/runtime/precision_config.py DeepSpeedFP16Config",
    "bf16": "deepspeed/runtime/precision_config.py DeepSpeedBF16Config",
    "compile": "deepspeed/compile/config.py CompileConfig",
    "comms_logger": "deepspeed/comm/config.py CommsLoggerConfig",
    "tensorboard": f"{_MONITOR} TensorBoardConfig",
    "wandb": f"{_MONITOR} WandbConfig",
    "csv_monitor": f"{_MONITOR} CSVConfig",
    "comet": f"{_MONITOR} CometConfig",
    "tensor_parallel": "deepspeed/runtime/tensor_parallel/config.py TPTrainingConfig",
}
"""The sections of DeepSpeed's file that are pydantic models; its other keys are read one by one."""
SIGNATURES = ("litgpt", "unsloth")
"""The packages whose other surfaces are parameters of functions; elsewhere they are command lines (`surface_oracle.py`)."""
OF_THE_READER = {("accelerate", "config"): {"fp16", "dynamo_backend"}}
"""Keys that what reads the file takes itself, before the class sees it."""
UNREAD = "<computed>"
_KINDS = {bool: "bool", int: "int", float: "float", str: "str"}


def described(owner: Any) -> dict[str, Any]:
    """What a class or function takes, by name: default, kind and choices; keys of models inside of it by dotted path."""
    if hasattr(owner, "__fields__") and not hasattr(owner, "model_fields"):  # pydantic 1
        return {item.alias: [_plain(item.default), "", []] for item in owner.__fields__.values()}
    made = owner.__init__ if isinstance(owner, type) else owner  # type: ignore[misc]
    written = getattr(getattr(made, "__code__", None), "co_filename", "<string>") != "<string>"
    if written and not hasattr(owner, "model_fields"):
        return dict(_parameters(made))
    if dataclasses.is_dataclass(owner):
        scope = vars(typing).copy()
        for base in reversed(getattr(owner, "__mro__", ())):
            scope.update(vars(sys.modules[base.__module__]))
        return {item.name: [_default(item), *_kind(_evaluated(item.type, scope))] for item in dataclasses.fields(owner) if item.init}
    found: dict[str, Any] = {}
    for path, what in _model_fields(owner, "", 0):
        found[path] = what if found.get(path, what) == what else [UNREAD, "", []]  # one of several models may stand there
    return found


def _parameters(function: Any) -> typing.Iterator[tuple[str, Any]]:
    """The parameters of a function, and the fields of dataclasses that are their defaults."""
    for name, item in inspect.signature(function).parameters.items():
        if name in ("self", "cls") or item.kind in (item.VAR_KEYWORD, item.VAR_POSITIONAL):
            continue
        plain = UNREAD if item.default is item.empty else _plain(item.default)
        hint = _evaluated(item.annotation, vars(typing) | function.__globals__)
        yield name, [plain, *(("", []) if item.annotation is item.empty else _kind(hint))]
        if dataclasses.is_dataclass(item.default):
            for inner, found in described(type(item.default)).items():
                yield f"{name}.{inner}", [_plain(getattr(item.default, inner)), *found[1:]]


def _model_fields(owner: Any, prefix: str, depth: int) -> typing.Iterator[tuple[str, Any]]:
    for name, item in owner.model_fields.items():
        path = f"{prefix}{item.alias or name}"
        plain = item.default if item.default_factory is None and not item.is_required() else UNREAD
        yield path, [_plain(plain), *_kind(item.annotation)]
        for inner in _models_in(item.annotation) if depth < 6 else ():
            yield from _model_fields(inner, f"{path}.", depth + 1)


def _models_in(hint: Any) -> list[Any]:
    if isinstance(hint, type) and hasattr(hint, "model_fields"):
        return [hint]
    return [model for part in typing.get_args(hint) for model in _models_in(part)]


def _evaluated(hint: Any, scope: dict[str, Any]) -> Any:
    if isinstance(hint, str):
        try:
            return eval(hint, scope)
        except Exception:
            return None
    return hint


def _default(item: Any) -> Any:
    if item.default is not dataclasses.MISSING:
        return _plain(item.default)
    return _plain(item.default_factory()) if item.default_factory is not dataclasses.MISSING else UNREAD


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else UNREAD
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value]
        return items if UNREAD not in items else UNREAD
    return UNREAD


def _kind(hint: Any) -> tuple[str, list[str]]:
    """The kind of value and its choices; empty where a class has several or none that is plain."""
    parts = [part for part in typing.get_args(hint) if part is not type(None)]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _kind(parts[0]) if len(parts) == 1 else ("", [])
    if typing.get_origin(hint) is typing.Literal:
        return "enum", [str(part) for part in parts]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return "enum", [str(member.value) for member in hint]
    return (_KINDS.get(hint, ""), []) if isinstance(hint, type) else ("", [])


def released(archive: Archive, surfaces: dict[str, str]) -> dict[str, Any]:
    """What the classes of a release say, by surface; a text where one cannot be had."""
    found: dict[str, Any] = {}
    stand_in(archive, [source.partition(" ")[0] for source in surfaces.values()])
    for name, source in surfaces.items():
        path, _, owner = source.partition(" ")
        try:
            head = "." in owner
            found[name] = described(cut_function(archive, path, owner) if head else import_class(path, owner))
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"[:200]
    return found


def places(archive: Archive, package: str, version: Version) -> dict[str, str]:
    """The file and class of every surface of a package in one release."""
    if package == "deepspeed":
        there = {f"{file} {owner}" for owner, files in archive.classes(package).items() for file in files}
        return {f"config#{section}": source for section, source in SECTIONS.items() if source in there}
    found: dict[str, str] = {}
    for path in sorted((data_folder("schemas") / "surfaces" / package).glob("*.json")):
        surface = load_surface(package, path.stem)
        if surface is None or version < surface.releases[0] or not surface.exists_at(surface.index(version)):
            continue
        name = MODELS.get((package, path.stem), path.stem)
        listed = {where for top in {item.partition("/")[0] for item in archive.names} for where in archive.classes(top).get(name, ())}
        newest, _, owner = surface.source.partition(" ")
        if not name[0].isupper() or "." in name:
            found.update({path.stem: f"{newest} {owner}"} if newest in archive.names and package in SIGNATURES else {})
            continue
        same = [where for where in listed if where == newest] or sorted(listed, key=lambda where: _far(where, newest))
        if same and not name.endswith("Trainer") and name != "GenerationConfig":
            found[path.stem] = f"{same[0]} {name}"
    return found


def _far(path: str, newest: str) -> tuple[bool, bool, int]:
    return (path.rpartition("/")[2] != newest.rpartition("/")[2], "experimental" in path, len(path))


def differences(surface: Surface, version: Version, real: dict[str, Any], section: str = "") -> tuple[int, list[str]]:
    """How many options there are (directly in a section, where one is named), and what the surface and the class disagree about."""
    options = surface.options_at(version)
    if section:
        inside = {name.removeprefix(f"{section}."): option for name, option in options.items() if name.startswith(f"{section}.")}
        options = {name: option for name, option in inside.items() if "." not in name}
        real = {name: found for name, found in real.items() if "." not in name}
    extra = OF_THE_READER.get((surface.package, surface.name), set())
    unseen = [*extra, *_inside(options, real)]
    ours = {name: option for name, option in options.items() if name not in unseen}
    found = [f"{name}: only in the {'class' if name in real else 'surface'}" for name in sorted(real.keys() ^ ours.keys())]
    for name in real.keys() & ours.keys():
        found += [f"{name}: {what}" for what in _unlike(real[name], ours[name])]
    return len(ours), found


def _inside(options: dict[str, Option], real: dict[str, Any]) -> list[str]:
    """Keys inside of mappings that the class itself does not define."""
    sections = {name.partition(".")[0] for name in real if "." in name}
    return [name for name in options if "." in name and name.partition(".")[0] not in sections]


def _unlike(real: list[Any], option: Option) -> list[str]:
    default, kind, choices = real
    found: list[str] = []
    ours = list(option.default) if isinstance(option.default, tuple) else option.default
    # The surface has what argparse makes of a default: it converts texts, and takes no default of a list that is none.
    converted = isinstance(default, str) and (not default or option.type not in ("str", "enum"))
    converted = converted or (option.nargs == "many" and not isinstance(default, list))
    if option.default_known and not option.required and default != UNREAD and default != ours and not converted:
        found.append(f"default {default!r}, not {ours!r}")
    if kind and option.type != "unknown" and option.nargs != "many" and kind != option.type.removeprefix("optional-"):
        found.append(f"kind {kind}, not {option.type}")
    if choices and option.choices and option.nargs != "many" and {*choices} - {"None"} != {*option.choices} - {"None"}:
        found.append(f"choices {choices}, not {list(option.choices)}")
    return found


def compare(package: str, version: Version, cache: Path) -> tuple[int, int, list[str]]:
    """Surfaces and options compared of one release, and the differences."""
    command = [sys.executable, __file__, "--cache", str(cache), "--child", str(version), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return 0, 0, [f"{package} {version}: {done.stderr.strip().splitlines()[-1]}"]
    total, problems, surfaces = 0, list[str](), 0
    for name, real in json.loads(done.stdout.splitlines()[-1]).items():
        stem, _, section = name.partition("#")
        surface = load_surface(package, stem)
        assert surface is not None
        if isinstance(real, str) and real.startswith("PydanticUserError"):
            print(f"{package} {version} {name}: needs pydantic 1")
            continue
        if isinstance(real, str):
            problems.append(f"{package} {version} {name}: not to be had: {real}")
            continue
        count, wrong = differences(surface, version, real, section)
        surfaces, total = surfaces + 1, total + count
        problems += [f"{package} {version} {name}: {text}" for text in wrong]
    return surfaces, total, problems


def child(name: str, version: Version, cache: Path) -> dict[str, Any]:
    """What the classes of one release say."""
    path = download(name, version, cache, next(package for package in PACKAGES if package.name == name).keep)
    if path is None:
        raise SystemExit(f"there is no archive of {name} {version}")
    archive = open_archive(path)
    return released(archive, places(archive, name, version))


def main() -> int:
    """Compares the named packages, or all."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("packages", nargs="*")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    words.add_argument("--cache", type=Path, default=Path(home) / "lintune-surfaces")
    words.add_argument("--most", type=int, default=1000, help="only the newest N releases of each package")
    words.add_argument("--child", help="print what the classes of this release say, as JSON")
    asked = words.parse_args()
    if asked.child:
        print(json.dumps(child(asked.packages[0], Version.parse(asked.child), asked.cache)))
        return 0
    worst = 0
    for package in asked.packages or CHECKED:
        versions = sorted(
            {version for path in (data_folder("schemas") / "surfaces" / package).glob("*.json") for version in _read(package, path)}
        )
        results = {version: compare(package, version, asked.cache) for version in versions[-asked.most :]}
        problems = [text for _, _, texts in results.values() for text in texts]
        agree = sum(1 for _, _, texts in results.values() if not texts)
        counts = f"{sum(found[0] for found in results.values())} classes, {sum(found[1] for found in results.values())} options"
        print(f"{package}: {agree} of {len(results)} releases agree entirely: {counts}, {len(problems)} differences")
        print(*problems[:40], sep="\n", end="\n" if problems else "", flush=True)
        worst = worst or bool(problems)
    return int(worst)


def _read(package: str, path: Path) -> tuple[Version, ...]:
    surface = load_surface(package, path.stem)
    return surface.releases if surface is not None else ()


if __name__ == "__main__":
    sys.exit(main())
