"""What the config of a model says, where no config.json is at hand.

A checkpoint may say anything; but one that holds adapters of its own class is rare enough that switches for these are taken as
the class of the config leaves them: `use_llm_lora=0`. Nothing else is assumed.
"""

import ast
import re
from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import Class, Data, Function, Instance, Library, Open, Value

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_SWITCH = re.compile(r"lora|adapter|peft|freeze|tune")


def new_config(made: Class) -> Instance:
    """The config that a class of configs of the project reads from a checkpoint."""
    return Instance(Library(made.name), dict(_switched_off(made)))


def config_for(walk: "Walk", made: Class, keywords: dict[str, Value]) -> Instance:
    """The config with which a model of the project is made: the one that is given, else one of its `config_class`."""
    from lintune.scripts.walk.attributes import read
    from lintune.scripts.walk.scopes import member

    given = keywords.get("config")
    if isinstance(given, Instance):
        return given
    named = read(walk, made, "config_class", made.node) if member(made, "config_class") is not None else Open()
    return new_config(named) if isinstance(named, Class) else Instance(Library("transformers.config"))


def _switched_off(made: Class) -> dict[str, Value]:
    """The parameters of its constructor that speak of adapters and freezing and are off unless they are given."""
    from lintune.scripts.walk.scopes import member

    start = member(made, "__init__")
    if not isinstance(start, Function):
        return {}
    spec = start.node.args
    places = [*spec.posonlyargs, *spec.args]
    defaults = [
        *zip(places[len(places) - len(spec.defaults) :], spec.defaults, strict=True),
        *zip(spec.kwonlyargs, spec.kw_defaults, strict=True),
    ]
    return {
        place.arg: Data(default.value)
        for place, default in defaults
        if isinstance(default, ast.Constant) and not default.value and _SWITCH.search(place.arg)
    }
