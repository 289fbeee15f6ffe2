"""Reading guards of whole programs: a small package of its own, followed as released ones are."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from guard_models import read_model
from guard_nodes import Nodes
from guard_programs import ProgramReader
from surface_archive import Archive

from lintune.surfaces.guard_values import Evaluator

FILES: Mapping[str, str] = {
    "demo/__init__.py": "",
    "demo/kinds.py": 'from enum import Enum\n\nclass Kind(str, Enum):\n    FULL = "full"\n    LORA = "lora"\n\nBITS = (4, 8)\n',
    "demo/base.py": """
from .kinds import BITS, Kind

class Base:
    def __post_init__(self):
        self._prepare()
        if self.bits is not None and self.bits not in BITS:
            raise ValueError(f"bits: {self.bits}")

    def _prepare(self):
        if self.rank is None:
            self.rank = 8

    @property
    def adapts(self):
        return self.kind == Kind.LORA
""",
    "demo/options.py": """
from other import stranger
from .base import Base

class Options(Base):
    def __post_init__(self):
        super().__post_init__()
        assert self.rank > 0, "rank"
        if not self.adapts and self.bits is not None:
            raise ValueError("bits of a full run")
        try:
            if self.kind == "x":
                raise ValueError("caught")
        except ValueError:
            pass
        stranger(self)
        if self.kind == "y":
            raise ValueError("after a stranger had it")

def check(options, data):
    if data.streaming:
        return
    if options.steps < 1 and not data.rows:
        raise ValueError("no rows")
""",
    "demo/model.py": """
from pydantic import BaseModel, field_validator, model_validator

class Config(BaseModel):
    @model_validator(mode="before")
    @classmethod
    def fill(cls, data):
        if data.get("packing") is None:
            data["packing"] = True
        return data

    @model_validator(mode="before")
    @classmethod
    def check_packing(cls, data):
        if data.get("packing") and data.get("rl"):
            raise ValueError("packing with rl")
        return data

    @model_validator(mode="after")
    def check_steps(self):
        if self.eval_steps and self.save_steps % self.eval_steps:
            raise ValueError("steps")
        return self

    @field_validator("alpha", mode="before")
    @classmethod
    def positive(cls, value):
        if value <= 0:
            raise ValueError("alpha")
        return value
""",
}


def archive() -> Archive:
    """The package as if it were unpacked."""
    return Archive(frozenset(FILES), FILES.get)


def said(nodes: Nodes, raised: list[Any], options: Mapping[str, Any]) -> list[str]:
    """The messages of the guards that certainly raise."""
    values = Evaluator(nodes.table, options)
    return [guard.message for guard in raised if values.truth(guard.condition) is True]


def reader() -> ProgramReader:
    """A reader of the options of the package."""
    return ProgramReader(Nodes(), archive(), ("bits", "rank", "kind", "steps", "streaming", "rows"), {})


def test_bases_properties_enumerations_and_constants_of_other_modules() -> None:
    """What is assigned before counts, what is caught does not, and what a stranger had is unknown."""
    found = reader()
    assert found.class_init("demo/options.py", "Options")
    given = {"bits": 3, "rank": None, "kind": "lora"}
    assert said(found.nodes, found.certain(), given) == ["bits: {bits}"]
    assert said(found.nodes, found.certain(), {**given, "bits": 4}) == []
    assert said(found.nodes, found.certain(), {**given, "bits": 4, "kind": "full"}) == ["bits of a full run"]
    assert said(found.nodes, found.certain(), {**given, "bits": None, "rank": 0}) == ["rank"]
    assert [guard.message for guard in found.certain()] == ["bits: {bits}", "rank", "bits of a full run"]


def test_functions_that_get_the_options() -> None:
    """A return before a raise takes its condition away."""
    found = reader()
    assert found.function("demo/options.py", "check", ("options", "data"))
    options = {"steps": 0, "rows": (), "streaming": False}
    assert said(found.nodes, found.certain(), options) == ["no rows"]
    assert said(found.nodes, found.certain(), {**options, "streaming": True}) == []
    assert said(found.nodes, found.certain(), {"steps": 0, "rows": ()}) == []


def test_validators_of_a_model() -> None:
    """What the user gave stays; what another validator may fill in is unknown; fields have their own names."""
    nodes = Nodes()
    raised, seen = read_model(nodes, archive(), [("demo/model.py", "Config", "")], {})
    assert seen == 3
    absent = {"given:packing": None, "given:rl": None, "given:alpha": None, "eval_steps": None, "save_steps": 500}
    assert said(nodes, raised, absent) == []
    assert said(nodes, raised, {**absent, "given:packing": True, "given:rl": "dpo"}) == ["packing with rl"]
    assert said(nodes, raised, {**absent, "given:rl": "dpo"}) == []
    assert said(nodes, raised, {**absent, "eval_steps": 300}) == ["steps"]
    assert said(nodes, raised, {**absent, "given:alpha": 0}) == ["alpha"]


def test_a_plugin_has_to_be_switched_on() -> None:
    """Validators of a plugin hold where its name is listed."""
    nodes = Nodes()
    raised, _ = read_model(nodes, archive(), [("demo/model.py", "Config", "demo.Plugin")], {})
    given = {"given:packing": True, "given:rl": "dpo"}
    assert said(nodes, raised, {**given, "given:plugins": ("demo.Plugin",)}) == ["packing with rl"]
    assert said(nodes, raised, {**given, "given:plugins": ("other.Plugin",)}) == []
    assert said(nodes, raised, {**given, "given:plugins": None}) == []
