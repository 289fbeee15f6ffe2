"""`lintune show` for people: each launch's settings by section, with where each comes from; then what is unknown."""

import json
from collections.abc import Mapping, Sequence

from lintune.report.cells import harmless, width, wrapped
from lintune.report.origin import Place, origin_text, short_places
from lintune.report.paint import Paint
from lintune.report.show_json import pins, plain, unit
from lintune.report.shown import Shown, ShownLaunch
from lintune.report.summary import count
from lintune.values.value import Absent, Known, Unknown, Value, is_default

SECTIONS = (
    *("launch", "gpu", "pins", "task", "model", "tune", "adapter", "optim", "sched", "precision", "batch"),
    *("seq", "media", "par", "mem", "data", "run", "rl", "derived", "memory", "env", "ds", "flag"),
)
"""The order in which sections are shown; others follow by name."""
_PACKAGES = (
    *("transformers", "trl", "peft", "accelerate", "deepspeed", "torch", "bitsandbytes", "flash-attn"),
    *("datasets", "tokenizers", "liger-kernel", "xformers", "timm"),
)
"""Pins of other packages are shown with `--all`."""
_DETAILS = ("memory.components", "model.notes", "launch.certain", "launch.background", "launch.module")
"""Shown with `--all` only."""
_VALUE_CELLS = 44
"""A longer value is cut in the table; JSON has it whole."""


def render_show(shown: Shown, paint: Paint, everything: bool = False) -> str:
    """All launches; `everything` adds defaults of the framework's own options and settings that are absent."""
    blocks = [_launch(launch, paint, everything) for launch in shown.launches]
    others = len(shown.commands) - sum(launch.command is not None for launch in shown.launches)
    if not blocks:
        blocks.append("No fine-tuning launch was found.")
    if others > 0:
        blocks.append(
            f"{count(others, 'other launcher command')} that {'does' if others == 1 else 'do'} not train: --format json lists them."
        )
    return "\n\n".join(blocks) + "\n"


def _launch(launch: ShownLaunch, paint: Paint, everything: bool) -> str:
    run = launch.run
    start = run.site.source.position(run.site.span.start)
    head = harmless(run.site.text.replace("\\\n", " "))
    title = f"{run.path}:{start.line}:{start.column}: {' '.join(head.split())} ({run.framework or 'no framework recognised'})"
    values = {**run.values, **pins(run)}
    sections: dict[str, dict[str, Value]] = {}
    for name, value in values.items():
        sections.setdefault(name.partition(".")[0], {})[name] = value
    place = short_places(values.values())
    blocks = [paint("bold", title)]
    order = [name for name in SECTIONS if name in sections] + sorted(set(sections) - set(SECTIONS))
    for section in order:
        block = _section(section, sections[section], paint, place, everything)
        if block:
            blocks.append(block)
    unknown = _unknown(launch, paint)
    return "\n\n".join([*blocks, *([unknown] if unknown else [])])


def _section(section: str, values: Mapping[str, Value], paint: Paint, place: Place, everything: bool) -> str:
    rows: list[tuple[str, str, str]] = []
    hidden = 0
    for name, value in sorted(values.items()):
        if everything or not _quiet(section, name, value):
            rows.append((name, value_text(name, value), origin_text(value.origin, place)))
        else:
            hidden += isinstance(value, Known)
    if not rows and not hidden:
        return ""
    lines = [paint("gutter", section)]
    lines.extend(_table(rows))
    if hidden:
        what = "option at its default" if section == "flag" else "more"
        lines.append(paint("dim", f"  {hidden} {'options at their default' if section == 'flag' and hidden > 1 else what} (--all)"))
    return "\n".join(lines)


def _quiet(section: str, name: str, value: Value) -> bool:
    """Whether a setting is left out of the short table: absent, unknown and not written, a default, a detail."""
    if isinstance(value, Absent) or (isinstance(value, Unknown) and not value.origin):
        return True
    if isinstance(value, Known) and (isinstance(value.value, Mapping) or name in _DETAILS):
        return True
    if section == "pins":
        return name.partition(".")[2] not in _PACKAGES
    return (section == "flag" and is_default(value)) or name.startswith(("launch.option.", "model.params.", "derived.trainable."))


def _table(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    first = max((width(name) for name, _, _ in rows), default=0)
    second = min(_VALUE_CELLS, max((width(value) for _, value, _ in rows), default=0))
    lines = []
    for name, value, origin in rows:
        text = f"  {_padded(harmless(name), first)}  {_padded(value, second)}  {harmless(origin)}"
        lines.append(text.rstrip())
    return lines


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - width(text))


def value_text(name: str, value: Value) -> str:
    """A value as the table shows it: sizes in GiB, counts with separators, `?` for an unknown one."""
    match value:
        case Unknown():
            return "?"
        case Absent():
            return "-"
        case Known(value=bool() as data):
            return str(data).lower()
        case Known(value=int() | float() as number) if unit(name) == "bytes":
            return f"{number / 2**30:.1f} GiB"
        case Known(value=int() as number) if abs(number) >= 100_000:
            return f"{number:,}"
        case Known(value=str() as text):
            shown = harmless(text)
        case Known(value=data):
            shown = harmless(json.dumps(plain(data), ensure_ascii=False))
    if width(shown) <= _VALUE_CELLS:
        return shown or '""'
    return shown[: _VALUE_CELLS - 1] + "…"


def _unknown(launch: ShownLaunch, paint: Paint) -> str:
    """What is unknown, why, and the one thing that would settle it; things with the same answer together."""
    rules: dict[str, set[str]] = {}
    for wait in launch.waits:
        rules.setdefault(wait.name, set()).add(wait.rule)
    found: dict[tuple[str, str], list[str]] = {}
    for name, value in [*launch.run.unread.items(), *launch.run.values.items()]:
        if isinstance(value, Unknown):
            found.setdefault((value.reason, value.settle), []).append(name)
    named = {name for names in found.values() for name in names}
    for wait in launch.waits:
        if wait.name not in named:
            names = found.setdefault((wait.reason, wait.settle), [])
            if wait.name not in names:
                names.append(wait.name)
    if not found:
        return ""
    lines = [paint("gutter", "unknown")]
    for (reason, settle), names in found.items():
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        lines.extend(wrapped(f"{', '.join(names[:4])}{more}: {reason or 'not known'}", "  ", "      ", 120))
        waiting = len(set().union(*(rules.get(name, set()) for name in names)))
        tail = f" ({count(waiting, 'rule')} waiting)" if waiting else ""
        if settle or tail:
            lines.extend(wrapped(f"{f'settle with {settle}' if settle else 'nothing settles it'}{tail}", "      ", "      ", 120))
    return "\n".join(lines)
