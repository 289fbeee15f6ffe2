"""What a walk through the entry script shows that has no effect: attributes of modules, options that are read elsewhere only."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lintune.frameworks.script_walk import trace_of
from lintune.run.run import Item, Run
from lintune.values.value import Known, Step, Value, site_of

if TYPE_CHECKING:
    from lintune.scripts.walk.trace import Void

_EXPLAINED = ("qwenvl", "internvl")
"""Frameworks whose pages explain what their own scripts get wrong."""


def void_gradients(run: Run) -> Iterator[Item]:
    """`module.requires_grad = value` whose weights come out otherwise.

    Fields: path, value, state (trained or frozen), statement (its place), first: an option that led there.
    """
    trace = trace_of(run)
    if trace is None or trace.reaches_training is False or run.framework in _EXPLAINED:
        return
    for void in trace.voids:
        if void.value is not None and void.trained is not None and void.value is not void.trained:
            yield _void_item(run, void)


def _void_item(run: Run, void: "Void") -> Item:
    written = [value for name in sorted(void.names) if site_of(value := run.get(f"flag.{name}")) is not None]
    fields: dict[str, Value] = {
        "path": Known(void.path),
        "value": Known(str(void.value)),
        "state": Known("trained" if void.trained else "frozen"),
        "statement": Known(void.path, (Step("script", void.site),)),
    }
    if written:
        fields["first"] = written[0]
    return Item(fields, site_of(written[0]) if written else run.site)


def read_elsewhere(run: Run) -> Iterator[Item]:
    """Options that the launch gives and the script reads only where these options do not lead.

    Every mention of the name in the files that were read must lie in a block that was not entered. Fields: name, value,
    condition (the test in front of one mention), place (where that is).
    """
    trace = trace_of(run)
    if trace is None or trace.reaches_training is not True:
        return
    for name in sorted(trace.reads_open & trace.excluded.keys()):
        value = run.get(f"flag.{name}")
        site = site_of(value)
        if site is None or not isinstance(value, Known) or value.origin[0].kind != "flag" or value.value in (None, False, "", 0):
            continue
        test = trace.excluded[name]
        fields: dict[str, Value] = {
            "name": Known(name),
            "value": value,
            "condition": Known(" ".join(test.text.split())[:100], (Step("script", test),)),
        }
        yield Item(fields, site)
