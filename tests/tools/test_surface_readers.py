"""Each reader, on small packages: dataclasses, pydantic models, argparse, signatures, and keys that code reads."""

import ast
from collections.abc import Callable
from typing import Any

import pytest

Release = Callable[[dict[str, str]], Any]


def _readers() -> Any:
    import surface_argparse
    import surface_pydantic
    import surface_reader
    import surface_reads
    import surface_signature

    return surface_argparse, surface_pydantic, surface_reader, surface_reads, surface_signature


DATACLASSES = {
    "pack/__init__.py": "",
    "pack/base.py": """
from dataclasses import dataclass, field
from typing import List, Literal, Optional

LEVELS = ("low", "high")

@dataclass
class Base:
    seed: int = 42
    names: Optional[List[str]] = field(default=None)
""",
    "pack/args.py": """
from dataclasses import dataclass, field
from typing import Literal, Optional
from library import Training
from .base import Base

Alias = Training

@dataclass
class Args(Base, Alias):
    model: str = field(metadata={"help": "x"})
    mode: Literal["full", "lora"] = "lora"
    rate: float = 1e-4
    flag: bool = False
    maybe: Optional[bool] = None
    hidden: int = field(init=False, default=3)
""",
}


def test_dataclass(release: Release) -> None:
    _, _, reader, _, _ = _readers()
    found = reader.read_flags_of_class(release(DATACLASSES), "pack", "Args")
    options = {name: entry.option for name, entry in found.entries.items()}
    assert set(options) == {"seed", "names", "model", "mode", "rate", "flag", "maybe"}
    assert options["model"].required and options["mode"].choices == ("full", "lora") and options["rate"].default == 1e-4
    assert options["names"].nargs == "many" and options["maybe"].type == "optional-bool" and options["flag"].nargs == "optional"
    assert found.bases == ("library.Training",), "a base under another name is followed"
    assert found.source == "pack/args.py Args"


def test_a_module_that_a_package_shadows_is_not_read(release: Release) -> None:
    _, _, reader, _, _ = _readers()
    fields = "from dataclasses import dataclass\n@dataclass\nclass Config:\n    {}: int = 1\n"
    archive = release({"pack/lora.py": fields.format("old"), "pack/lora/__init__.py": "", "pack/lora/config.py": fields.format("new")})
    assert list(reader.read_flags_of_class(archive, "pack", "Config").entries) == ["new"]
    assert reader.read_flags_of_class(archive, "pack", "Missing") is None


MODELS = {
    "pack/config.py": """
from enum import Enum
from typing import Annotated, Any, Literal
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, conlist

class Device(str, Enum):
    none = "none"
    cpu = "cpu"

class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

class Offload(Strict):
    device: Device = "none"
    size: int = Field(pp_int(1e8), ge=0)
    old: bool | None = Field(None, json_schema_extra={"deprecated": True, "new_param": "device"})
    bucket: int = Field(5, alias="stage3_bucket")

class Text(BaseModel):
    path: str | None = None
    kind: str = Field(default=...)

class Pairs(BaseModel):
    path: str | None = None
    kind: Literal["dpo"]
    length: int = 1000

class Open(BaseModel):
    class Config:
        extra = "allow"
    name: str = "x"

class Root(Strict):
    model_config = {"extra": "ignore"}
    offload: Offload | None = None
    datasets: Annotated[list[Text | Pairs], 1] | None = None
    more: conlist(Text, min_length=1) | None = None
    size: bool | Literal["auto"] | None = None
    version: int = Field(default=1, validation_alias=AliasChoices("version", "v"))
    anything: Any = None
    open: Open = Field(default_factory=Open)
    _private: int = 1

    def method(self) -> None:
        local: int = 3
""",
}


@pytest.fixture(name="keys")
def read_models(release: Release) -> Any:
    _, pydantic, reader, _, _ = _readers()
    from surface_entry import Found  # type: ignore[import-not-found,unused-ignore]

    place = reader.find_class(release(MODELS), "pack", "Root")
    found = Found()
    pydantic.add_model(found, place.definition, place.modules)
    return found


def test_pydantic_keys(keys: Any) -> None:
    top = {name for name in keys.entries if "." not in name}
    assert top == {"offload", "datasets", "more", "size", "version", "anything", "open"}
    device = keys.entries["offload.device"].option
    assert device.type == "enum" and device.choices == ("none", "cpu") and device.default == "none"
    assert keys.entries["offload.size"].option.default == 100000000
    assert keys.entries["offload.old"].instead == "device" and keys.entries["offload.old"].deprecated
    assert keys.entries["offload.stage3_bucket"].keys == ("bucket",)
    assert keys.entries["version"].keys == ("v",)
    assert keys.entries["size"].types == ("bool", "enum") and keys.entries["size"].option.choices == ("auto",)


def test_pydantic_lists_of_alternatives(keys: Any) -> None:
    assert keys.entries["datasets"].section and keys.entries["datasets"].option.nargs == "many"
    assert {name for name in keys.entries if name.startswith("datasets.")} == {"datasets.path", "datasets.kind", "datasets.length"}
    assert keys.entries["datasets.kind"].option.type == "str", "any text is taken where one alternative takes any"
    assert "more.path" in keys.entries and keys.entries["more"].option.nargs == "many"


def test_pydantic_unknown_keys(keys: Any) -> None:
    said = {path: section.unknown for path, section in keys.sections.items()}
    assert said == {"": "dropped", "offload": "refused", "datasets": "dropped", "more": "dropped", "open": "kept"}


PARSER = {
    "pack/cli.py": """
import argparse

def build(allow=True):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("-n", "--nodes", "--num_nodes", type=int, default=1, choices=[1, 2])
    group = parser.add_argument_group("fsdp")
    group.add_argument("--fsdp_on", action="store_true")
    parser.add_argument("--rate", action=env, type=float, default=0.5)
    parser.add_argument("--quiet", action=check_env)
    parser.add_argument("--many", nargs="*", type=str)
    parser.add_argument("--nesterov", action="store_true", default=True)
    parser.add_argument("--no_nesterov", dest="nesterov", action="store_false")
    parser.add_argument("script")
    for role in ("actor", "critic"):
        parser.add_argument(f"--{role}.lr", type=float, default=1e-6 if role == "actor" else 9e-6)
    return parser
""",
}


def test_argparse(release: Release) -> None:
    argparse_, _, _, _, _ = _readers()
    archive = release(PARSER)
    found = argparse_.read_flags(archive, "pack/cli.py", "build")
    options = {name: entry.option for name, entry in found.entries.items()}
    assert set(options) == {"nodes", "fsdp_on", "rate", "quiet", "many", "nesterov", "actor.lr", "critic.lr"}
    assert options["nodes"].spellings == ("-n", "--nodes", "--num_nodes") and options["nodes"].choices == ("1", "2")
    assert options["rate"].type == "float" and options["quiet"].nargs == "none" and options["many"].nargs == "many"
    assert options["nesterov"].negations == ("--no_nesterov",)
    assert (options["actor.lr"].default, options["critic.lr"].default) == (1e-6, 9e-6)
    assert found.parser == {"abbreviations": False}
    assert argparse_.read_groups(archive, "pack/cli.py", "build")["group"] == ["fsdp_on"]
    assert argparse_.read_flags(archive, "pack/cli.py", "missing") is None


SIGNATURE = {
    "pack/args.py": """
from dataclasses import dataclass

@dataclass
class TrainArgs:
    epochs: int = 1
    lr: float | None = None
""",
    "pack/train.py": """
from pathlib import Path
from typing import Literal
from pack.args import TrainArgs

def setup(checkpoint: Path, precision: Literal["bf16", "32"] | None = None, devices: int | str = 1,
          train: TrainArgs = TrainArgs(epochs=5), *, seed: int = 1337) -> None:
    pass

class Loader:
    @staticmethod
    def load(model_name = "x", load_in_4bit = True, dtype = None, *args, **kwargs):
        pass
""",
}


def test_signature(release: Release) -> None:
    _, _, _, _, signature = _readers()
    found = signature.read_signature(release(SIGNATURE), "pack/train.py", "setup")
    assert list(found.entries) == ["checkpoint", "precision", "devices", "train", "train.epochs", "train.lr", "seed"]
    assert found.entries["checkpoint"].option.required and found.entries["precision"].option.choices == ("bf16", "32")
    assert found.entries["train.epochs"].option.default == 5, "the default of the parameter beats that of the class"
    assert found.entries["devices"].types == ("int", "str") and found.sections[""].unknown == "refused"


def test_signature_of_a_method(release: Release) -> None:
    _, _, _, _, signature = _readers()
    archive = release(SIGNATURE)
    found = signature.read_signature(archive, "pack/train.py", "Loader.load")
    assert {name: entry.option.type for name, entry in found.entries.items()} == {
        "model_name": "str",
        "load_in_4bit": "bool",
        "dtype": "unknown",
    }
    assert found.sections[""].unknown == "kept"
    assert signature.read_signature(archive, "pack/train.py", "Loader.other") is None


READS = {
    "pack/constants.py": 'CLIP = "gradient_clipping"\nCLIP_DEFAULT = 1.0\nOPT = "optimizer"\n',
    "pack/zero.py": """
from pydantic import BaseModel
class Zero(BaseModel):
    class Config:
        extra = "forbid"
    stage: int = 0
def get_zero(d):
    return Zero(**d.get("zero", {}))
""",
    "pack/config.py": """
from .constants import *
from .zero import get_zero

def get_clip(d):
    return get_scalar_param(d, CLIP, CLIP_DEFAULT)

def get_type(d, name=OPT):
    if name in d.keys():
        return d[name]["type"]

def checkpoint(d):
    return d.get("checkpoint", {})

class Config:
    def __init__(self, d):
        self._d = copy.copy(d)
        self._read(self._d)

    def _reject_removed(self, d):
        pass

    def _read(self, d):
        self.clip = get_clip(d)
        self.type = get_type(d)
        self.zero = get_zero(d)
        saved = checkpoint(d)
        self.tag = saved.get("tag", "warn")
        for name in ("wandb", "comet"):
            d.get(name, {})
""",
}


def _read_keys(archive: Any, path: str, owner: str, attributes: bool = False) -> Any:
    _, _, _, reads, _ = _readers()
    from surface_entry import Found, Section

    modules, module = archive.module(path)
    found = Found(source=path, sections={"": Section("dropped", path)})
    collector = reads.Reads(modules, found, attributes=attributes)
    node = module.definitions[owner]
    assert isinstance(node, ast.ClassDef)
    collector.methods(node, module, "_d", ("d", "cfg"))
    return found


def test_keys_that_code_reads(release: Release) -> None:
    found = _read_keys(release(READS), "pack/config.py", "Config")
    assert set(found.entries) == {
        *("gradient_clipping", "optimizer", "optimizer.type", "zero", "zero.stage", "checkpoint", "checkpoint.tag", "wandb", "comet")
    }
    assert found.entries["gradient_clipping"].option.default == 1.0
    assert found.entries["checkpoint.tag"].option.default == "warn" and found.entries["checkpoint"].section
    assert found.sections["zero"].unknown == "refused" and found.sections[""].unknown == "dropped"


def test_attributes_that_a_recipe_reads(release: Release) -> None:
    recipe = """
class Recipe:
    def __init__(self, cfg):
        self.out = cfg.output_dir
        self.every = cfg.get("log_every", 1)
        self.kind = cfg.checkpointer.model_type
        self.setup(cfg_model=cfg.model)
    def setup(self, cfg_model):
        self.depth = cfg_model.num_layers
"""
    found = _read_keys(release({"recipes/train.py": recipe}), "recipes/train.py", "Recipe", attributes=True)
    assert {"output_dir", "log_every", "checkpointer", "checkpointer.model_type", "model", "model.num_layers"} == set(found.entries)
    assert found.entries["output_dir"].option.required and not found.entries["log_every"].option.required
    assert found.entries["log_every"].option.default == 1
