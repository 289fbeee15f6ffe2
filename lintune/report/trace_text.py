"""`lintune show --trace` for people: the way through a launch's training script."""

from collections.abc import Iterable

from lintune.frameworks.script_walk import trace_of
from lintune.report.cells import harmless, width, wrapped
from lintune.report.paint import Paint
from lintune.report.shown import Shown, ShownLaunch
from lintune.scripts.walk.trace import Branch, Call, End, PartState, ScriptTrace
from lintune.source.text import Site
from lintune.values.value import Absent, Known, Unknown, Value

_LONGEST = 70
_STATES = {True: "trained", False: "frozen", None: "?"}


def render_traces(shown: Shown, paint: Paint, everything: bool = False) -> str:
    """The traces of all launches; `everything` adds branches that read no option, and every call."""
    blocks = [_launch(launch, paint, everything) for launch in shown.launches]
    return "\n\n".join(blocks or ["No fine-tuning launch was found."]) + "\n"


def _launch(launch: ShownLaunch, paint: Paint, everything: bool) -> str:
    run = launch.run
    title = paint("bold", f"{run.path}:{run.site.line}: the way through the training script with these options")
    trace = trace_of(run)
    if trace is None:
        return f"{title}\n  no training script was read"
    sections = (
        ("branches", _branches(trace, everything)),
        ("weights", [_row(each) for each in trace.parts.values()]),
        ("calls", [_call(each) for each in trace.loads if everything or each.certain]),
        ("ends", [_end(each) for each in trace.ends if everything or each.certain or each.names]),
        ("options", _options(trace)),
        ("notes", [("", note.message, _place(note.site)) for note in trace.notes]),
    )
    blocks = [title]
    for name, rows in sections:
        if rows:
            blocks.append("\n".join([paint("gutter", name), *_table(rows)]))
    return "\n\n".join([*blocks, _reached(trace)])


def _branches(trace: ScriptTrace, everything: bool) -> list[tuple[str, str, str]]:
    found = [each for each in trace.branches if everything or each.names]
    rows = [(_taken(each), _short(each.text), _place(each.site)) for each in found]
    hidden = len(trace.branches) - len(found)
    return [*rows, ("", f"{hidden} more that read no option (--all)", "")] if hidden else rows


def _taken(branch: Branch) -> str:
    return "open" if branch.taken is None else "yes" if branch.taken else "no"


def _row(part: PartState) -> tuple[str, str, str]:
    state = _STATES[part.trained]
    if part.lora is not False:
        state += ", LoRA" if part.lora else ", LoRA?"
    return state, part.path or "(the whole model)", _place(part.site)


def _call(call: Call) -> tuple[str, str, str]:
    given = ", ".join(f"{name}={_value(value)}" for name, value in call.keywords.items())
    return "" if call.certain else "perhaps", _short(f"{call.name}({given}{'' if call.complete else ', ...'})", 110), _place(call.site)


def _end(end: End) -> tuple[str, str, str]:
    told = f"{end.exception}: {end.message}" if end.message else end.exception
    return "certain" if end.certain else "perhaps", _short(told, 110), _place(end.site)


def _options(trace: ScriptTrace) -> list[tuple[str, str, str]]:
    rows = []
    for label, names in (("read", trace.reads), ("not here", trace.reads_open)):
        lines = wrapped(", ".join(sorted(names)), "", "", 100)
        rows += [(label if index == 0 else "", line, "") for index, line in enumerate(lines) if line]
    return rows


def _reached(trace: ScriptTrace) -> str:
    match trace.reaches_training:
        case True:
            return "Training starts."
        case False if any(end.certain for end in trace.ends):
            return "Training does not start."
        case False:
            return "No call that starts training was met."
    return "Whether training starts is not certain."


def _value(value: Value) -> str:
    match value:
        case Known(value=data):
            return _short(repr(data), 40)
        case Absent():
            return "None"
        case Unknown():
            return "?"


def _place(site: Site | None) -> str:
    return f"{site.source.path}:{site.line}" if site is not None else ""


def _short(text: str, most: int = _LONGEST) -> str:
    line = " ".join(harmless(text).split())
    return line if width(line) <= most else line[: most - 3] + "..."


def _table(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    rows = list(rows)
    first, second = (max((width(row[index]) for row in rows), default=0) for index in (0, 1))
    lines = []
    for left, middle, right in rows:
        lines.append(f"  {left + ' ' * (first - width(left))}  {middle + ' ' * (second - width(middle))}  {right}".rstrip())
    return lines
