"""Where a value comes from, in words and as data."""

from collections.abc import Callable, Iterable

from lintune.engine.finding import Json, place_json
from lintune.values.value import Origin, Step, Value

_INPUTS = 3
"""So many of the settings that a derived value rests on are named."""

Place = Callable[[Step], str]
"""How a step's place is written: `finetune.sh:44`, or nothing for a step that is not written anywhere."""


def full_place(step: Step) -> str:
    """With the whole path."""
    return f"{step.site.source.path}:{step.site.line}" if step.site else ""


def short_places(values: Iterable[Value]) -> Place:
    """Places by the file's name alone, where no two files of these values share it."""
    paths = {step.site.source.path for value in values for step in value.origin if step.site}
    names = [path.rpartition("/")[2] for path in paths]
    short = {path: name for path, name in zip(paths, names, strict=True) if names.count(name) == 1}

    def place(step: Step) -> str:
        if step.site is None:
            return ""
        path = step.site.source.path
        return f"{short.get(path, path)}:{step.site.line}"

    return place


def origin_text(origin: Origin, place: Place = full_place) -> str:
    """An origin chain in one line: "finetune.sh:44 --tune_llm, from finetune.sh:3 TUNE="."""
    if origin and origin[0].kind == "derived" and origin[0].note:
        inputs = list(dict.fromkeys(text for step in origin[1:] if (text := _input_text(step, place))))
        more = f" and {len(inputs) - _INPUTS} more" if len(inputs) > _INPUTS else ""
        return origin[0].note + (f" ({', '.join(inputs[:_INPUTS])}{more})" if inputs else "")
    parts = [text for step in origin if (text := _step_text(step, place))]
    return ", from ".join(dict.fromkeys(parts))


def _input_text(step: Step, place: Place) -> str:
    """A setting that a derived value rests on: the flag's name suffices, its own row says where it stands."""
    if step.kind in ("derived", "model"):
        return ""
    return (_written(step) if step.kind == "flag" else "") or _step_text(step, place)


def _step_text(step: Step, place: Place) -> str:
    where = place(step)
    match step.kind:
        case "default":
            return _default(step.note or "default", where)
        case "derived" | "model" | "assumed":
            return " ".join(part for part in (step.note or step.kind, f"({where})" if where else "") if part)
        case _:
            written = _written(step)
            return " ".join(part for part in (where, written) if part) or step.kind


def _default(note: str, where: str) -> str:
    """`default of finetune.py:53 TrainingArguments`: the line beside the file's name, where the note names it."""
    path, _, line = where.rpartition(":")
    name = path.rpartition("/")[2]
    if not where:
        return note
    return note.replace(name, f"{name}:{line}", 1) if name in note else f"{note} ({where})"


def _written(step: Step) -> str:
    """The name at the place: the flag, the variable or the key."""
    if step.note:
        return step.note
    if step.site is None:
        return ""
    text = step.site.text.strip()
    if step.kind == "flag":
        return text.split()[0].partition("=")[0] if text.startswith("-") else ""
    if step.kind == "variable":
        name = text.removeprefix("export ").partition("=")[0].strip()
        return f"{name}=" if "=" in text and name.isidentifier() else ""
    return ""


def origin_json(value: Value) -> list[Json]:
    """An origin chain as data: the nearest step first."""
    steps: list[Json] = []
    for step in value.origin:
        entry: dict[str, Json] = {"kind": step.kind, "note": step.note}
        if step.site:
            entry.update(place_json(step.site))
        steps.append(entry)
    return steps
