"""Words that a class or registry of a framework lists, where no parser compares them: of a file, or of a call in code."""

import json
from collections.abc import Iterator
from functools import lru_cache

from lintune.frameworks.option_table import admitted
from lintune.run.known import text
from lintune.run.run import Item, Run
from lintune.source.data import data_text
from lintune.surfaces.releases import releases
from lintune.surfaces.surface import Surface, surface_of
from lintune.surfaces.windows import spec_text
from lintune.values.conversion import nearest
from lintune.values.value import Absent, Known, Value, site_of
from lintune.values.version import Version

_OF_FRAMEWORK = {"llamafactory": ("llamafactory.FinetuningArguments", "llamafactory.ModelArguments", "llamafactory.DataArguments")}


def unlisted_words(run: Run) -> Iterator[Item]:
    """Options whose value is none of the words that their class lists: `name`, `value`, `nearest`, `expected`.

    An option that takes any text in one of the releases that may be in force is left out.
    """
    for dotted in _classes(run):
        surface = surface_of(dotted)
        for name in surface.names if surface is not None else ():
            value = run.values.get(f"flag.{name}")
            if surface is None or not _written(value) or not isinstance(value, Known) or not isinstance(value.value, str):
                continue
            words = _words(surface, name, run)
            if words and value.value not in words:
                near = nearest(value.value, list(words))
                fields: dict[str, Value] = {"name": Known(name), "value": Known(value.value), "expected": Known(", ".join(words))}
                yield Item({**fields, "nearest": Known(near) if near else Absent()}, site_of(value))


def _classes(run: Run) -> tuple[str, ...]:
    if run.framework in _OF_FRAMEWORK:
        return _OF_FRAMEWORK[run.framework]
    made, bases = run.get("script.config"), run.get("script.bases")
    if isinstance(made, Known) and isinstance(bases, Known) and isinstance(bases.value, tuple):
        return tuple(str(each) for each in bases.value if str(each).startswith("trl."))
    return ()


def _written(value: Value | None) -> bool:
    step = value.origin[0] if value is not None and value.origin else None
    return step is not None and step.site is not None and step.kind in ("config", "script")


def _words(surface: Surface, name: str, run: Run) -> tuple[str, ...]:
    """The words of every release that may be in force; empty where one of them takes any."""
    found: dict[str, None] = {}
    for index in admitted(surface.package, surface, run.versions.get(surface.package)):
        option = surface.at(name, index)
        if option is not None and not option.choices:
            return ()
        found.update(dict.fromkeys(option.choices if option is not None else ()))
    return tuple(found)


@lru_cache(maxsize=1)
def _templates() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(data_text("schemas", "templates.json"))["packages"]["llamafactory"]
    return found


def unknown_template(run: Run) -> Iterator[Item]:
    """The template that no release registers and that is nearly the name of one, or that none of those in force has.

    Fields: `name`, `nearest`, `works` (the releases that have it), `broken`.
    """
    value = run.get("flag.template")
    name, known = text(value), releases("llamafactory")
    if name is None or not known or site_of(value) is None:
        return
    window = _templates().get(name)
    has = [False for _ in known]
    if window is not None:
        first, last = (Version.parse(each) if each else None for each in window)
        has = [(first is None or version >= first) and (last is None or version <= last) for version in known]
        pin = run.versions.get("llamafactory")
        if pin is None or any(each for version, each in zip(known, has, strict=True) if pin.specifiers.contains(version)):
            return
    family = name.rstrip("0123456789._-")
    near = (family if family in _templates() else nearest(name, sorted(_templates()))) if not any(has) else None
    if near is None and not any(has):
        return  # a release that is newer than those known may have it
    fields: dict[str, Value] = {"name": Known(name), "nearest": Known(near) if near else Absent()}
    fields["works"] = Known(spec_text(known, has)) if any(has) else Absent()
    fields["broken"] = Known(spec_text(known, [not each for each in has]) if any(has) else f"<={known[-1].text}")
    yield Item(fields, site_of(value))
