"""Where the entry script stops with the options of a launch, as items for the rules that say so."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lintune.frameworks.script_walk import trace_of
from lintune.run.run import Item, Run
from lintune.values.value import Data, Known, Step, Value, site_of

if TYPE_CHECKING:
    from lintune.scripts.walk.trace import End

_FIELDS = ("first", "second", "third", "fourth")
_EARLY = ("parsing", "start")
_LONGEST = 300


def refused_at_start(run: Run) -> Iterator[Item]:
    """The end that the script certainly comes to before it loads a model.

    Fields: message, options (as text), guard (its place), exception, `first` to `fourth`: the options behind it.
    """
    for end in _certain(run):
        if end.stage in _EARLY:
            yield _item(run, end)


def refused_later(run: Run) -> Iterator[Item]:
    """The end that the script certainly comes to once a model is loaded, or after training."""
    for end in _certain(run):
        if end.stage not in _EARLY:
            yield _item(run, end)


def perhaps_refused(run: Run) -> Iterator[Item]:
    """The ends on conditions that are not known, of which options of the launch are a part."""
    trace = trace_of(run)
    for end in trace.ends if trace is not None else ():
        if not end.certain and end.status == "failure" and any(site_of(_value(run, name)) for name in end.names):
            yield _item(run, end)


def _certain(run: Run) -> list["End"]:
    """The first certain end: the script does not come to another."""
    trace = trace_of(run)
    found = [end for end in trace.ends if end.certain and end.status == "failure"] if trace is not None else []
    return found[:1]


def _value(run: Run, name: str) -> Value:
    return run.get(f"{'flag' if f'flag.{name}' in run.values else 'option'}.{name}")


def _item(run: Run, end: "End") -> Item:
    values = {name: _value(run, name) for name in sorted(end.names)}
    ordered = sorted(values.items(), key=lambda pair: (site_of(pair[1]) is None, pair[0]))
    known = [f"`{name} {_shown(value.value)}`" for name, value in ordered if isinstance(value, Known)]
    fields: dict[str, Value] = {
        "options": Known(", ".join(known[: len(_FIELDS)]) or "this launch"),
        "message": Known(_line(end.message) or f"{end.exception} without a message"),
        "exception": Known(end.exception),
        "guard": Known(end.message, (Step("script", end.site),)),
    }
    fields.update(zip(_FIELDS, (value for _, value in ordered), strict=False))
    first = next((site for _, value in ordered if (site := site_of(value)) is not None), None)
    return Item(fields, first or run.site)


def _shown(value: Data) -> str:
    """A value as it is written; empty text by its quotes."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value) if value != "" else "''"


def _line(message: str) -> str:
    text = " ".join(message.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
