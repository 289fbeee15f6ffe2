"""Where a value comes from, in words and as data."""

from lintune.engine.finding import Json, place_json
from lintune.values.value import Origin, Step, Value


def place(step: Step) -> str:
    """`finetune.sh:44`, or nothing for a step that is not written anywhere."""
    return f"{step.site.source.path}:{step.site.line}" if step.site else ""


def origin_text(origin: Origin) -> str:
    """An origin chain in one line: "finetune.sh:44 --tune_llm, from finetune.sh:3 TUNE"."""
    parts = [text for step in origin if (text := _step_text(step))]
    return ", from ".join(dict.fromkeys(parts))


def _step_text(step: Step) -> str:
    where = place(step)
    match step.kind:
        case "default":
            note = step.note or "default"
            return (
                f"{note} ({where})"
                if where and where.partition(":")[0] not in note
                else f"{note}:{where.partition(':')[2]}"
                if where
                else note
            )
        case "derived" | "model" | "assumed":
            return " ".join(part for part in (step.note or step.kind, f"({where})" if where else "") if part)
        case _:
            written = _written(step)
            return " ".join(part for part in (where, written) if part) or step.kind


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
