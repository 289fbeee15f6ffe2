"""Files that the entry script reads itself before training, and that are not here."""

from collections.abc import Iterator

from lintune.frameworks.script_walk import stands_in, trace_of
from lintune.run.known import data
from lintune.run.run import Item, Run
from lintune.source.record import replace
from lintune.values.value import Known, Step, Value, is_default, site_of


def missing_opened(run: Run) -> Iterator[Item]:
    """The files that are certainly read and are not there, while one of nearly the name is; those that other rules speak of are left out.

    Fields: those of `files`, and place (the statement that reads it).
    """
    trace = trace_of(run)
    if trace is None or run.file_of is None or any(end.certain for end in trace.ends):
        return
    told = {value.value for item in run.items.get("files", ()) if isinstance(value := item.fields["path"], Known)}
    for each in trace.opened:
        given = [value for name in sorted(each.names) if site_of(value := _value(run, name)) is not None and not is_default(value)]
        if not each.certain or each.stage == "last-save" or each.path in told or stands_in(each.path) or not given:
            continue
        item = run.file_of(each.path, given[0].origin)
        said = {name: data(value) for name, value in item.fields.items()}
        if said["exists"] is False and said["near"] and said["corroborated"] and not said["elsewhere"]:
            place = Known(each.path, (Step("script", each.site),))
            yield replace(item, fields={**item.fields, "place": place}, site=site_of(given[0]))


def _value(run: Run, name: str) -> Value:
    return run.get(f"{'flag' if f'flag.{name}' in run.values else 'option'}.{name}")
