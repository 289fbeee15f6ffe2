"""The dry run seen from the check: what is asked of the child for a run, and its answer as facts and items of the run."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lintune.dryrun.protocol import Action, Json, Launch, Options, Request, Result, Trouble
from lintune.run.run import Item, Run
from lintune.source.record import dataclass, field
from lintune.values.value import Absent, Data, Known, Step, Unknown, Value, site_of

if TYPE_CHECKING:
    from lintune.engine.child_process import Child

_TOLD = ("torch", "transformers", "trl", "peft", "accelerate", "deepspeed", "bitsandbytes")
"""Packages whose exact release the child is told (`pins.*`): a trace depends on it, whatever release the child has."""
PROBLEMS = "dry_run.problems"
"""The list of what kept a dry run from answering."""


@dataclass(slots=True)
class DryRun:
    """What the user asked of dry runs, and what came of them in this check."""

    action: Action
    interpreter: str = ""
    """Empty: the one that runs lintune."""
    model_config: dict[str, Json] | None = None
    options: Options = field(default_factory=Options)
    progress: Callable[[str, float], None] | None = None
    """Told of which launch the child is doing what, and for how many seconds; of nothing when it is done."""
    child: "Child | None" = None
    """The process that answers, from the first request to `close`."""
    answered: dict[str, Result] = field(default_factory=dict)
    """Results by request, so that equal launches are run once."""
    results: list[tuple[Run, Result]] = field(default_factory=list)
    """Of every run, for reports."""

    def add_to(self, run: Run) -> None:
        """Run the launch dry and put what was found into its values and items."""
        from lintune.dryrun.protocol import to_json

        request = request_of(run, self)
        key = to_json(request)
        if key not in self.answered:
            self.answered[key] = self._asked(request, run.path)
        result = self.answered[key]
        self.results.append((run, result))
        add_facts(run, result)

    def _asked(self, request: Request, path: str) -> Result:
        from lintune.engine.child_process import Child

        if self.child is None:
            self.child = Child(self.interpreter)
        told = self.progress
        if told is None:
            return self.child.ask(request)
        try:
            return self.child.ask(request, lambda stage, seconds: told(f"{path}: {stage}", seconds))
        finally:
            told("", 0.0)

    def close(self) -> None:
        """End the child, if there is one."""
        child, self.child = self.child, None
        if child is not None:
            child.close()


def request_of(run: Run, asked: DryRun) -> Request:
    """The request for a run: its known values, the reasons of the unknown ones, the model's folder where it is there."""
    values: dict[str, Json] = {}
    unknown: dict[str, str] = {}
    for name, value in run.values.items():
        match value:
            case Known(value=data):
                values[name] = plain(data)
            case Unknown(reason=reason):
                unknown[name] = reason
    for package, pin in run.versions.items():
        if package in _TOLD and pin.specifiers.exact is not None:
            values.setdefault(f"pins.{package}", str(pin.specifiers.exact))
    return Request(asked.action, values, unknown, asked.model_config, model_folder(run), run.framework, launch_of(run), asked.options)


def plain(data: Data) -> Json:
    """A value as JSON has it."""
    if isinstance(data, tuple):
        return [plain(each) for each in data]
    if isinstance(data, Mapping):
        return {str(name): plain(each) for name, each in data.items()}
    return data


def model_folder(run: Run) -> str:
    """The absolute path of the model's folder where one is at hand: that of its config.json, else that which the run names."""
    import os

    from lintune.models.at_hand import config_at_hand

    name = run.get("model.id")
    config = config_at_hand(run, name.value) if isinstance(name, Known) and isinstance(name.value, str) and name.value else None
    if config is not None:
        return os.path.dirname(os.path.abspath(config.path))
    for item in run.items.get("files", ()):
        found = item.fields.get("found", Absent())
        if item.fields.get("role") == Known("model") and isinstance(found, Known) and isinstance(found.value, str):
            return os.path.abspath(found.value) if os.path.isdir(found.value) else ""
    return ""


def launch_of(run: Run) -> Launch:
    """How the launch starts, as far as it is known; its folder as an absolute path, since the child has one of its own."""
    import os

    args, entry, folder = run.get("launch.args"), run.get("launch.entry"), run.get("launch.folder")
    words = [each for each in args.value if isinstance(each, str)] if isinstance(args, Known) and isinstance(args.value, tuple) else []
    known = [each for each in words if "\ufffd" not in each]
    launcher = run.get("launch.launcher")
    return Launch(
        entry=entry.value if isinstance(entry, Known) and isinstance(entry.value, str) else "",
        args=known,
        cwd=os.path.abspath(folder.value if isinstance(folder, Known) and isinstance(folder.value, str) else "."),
        module=run.get("launch.module") == Known(True),
        launcher=launcher.value if isinstance(launcher, Known) and isinstance(launcher.value, str) else "",
        unknown_args=len(words) - len(known),
    )


def add_facts(run: Run, result: Result) -> None:
    """Put a result into the run: `dry_run.*` values, items, and where it failed a problem; facts that are missing then are unknown."""
    packages = ", ".join(f"{name} {result.versions[name]}" for name in ("transformers", "peft") if name in result.versions)
    origin = (Step("derived", None, f"dry run ({packages})" if packages else "dry run"),)
    for name, value in result.facts.items():
        run.values[name] = Known(_data(value), origin)
    if "dry_run.script.trained_parts" in result.facts:
        run.values["dry_run.script.differs"] = _differs(run)
    for name, rows in result.items.items():
        run.items[name] = tuple(_item(run, row, origin) for row in rows)
    run.values["dry_run.action"] = Known(result.action, origin)
    run.values["dry_run.ok"] = Known(result.ok, origin)
    run.values["dry_run.assumptions"] = Known(tuple(result.assumptions), origin)
    if result.problem is not None:
        run.unread["dry_run"] = Unknown(f"the dry run gave no answer: {result.problem.message}", origin, result.problem.help)
        run.items[PROBLEMS] = (_problem(run, result.problem),)


def _differs(run: Run) -> Value:
    """Whether the script left other parts trainable than were read from it; parts that the model does not have are left out."""
    read, done = run.get("derived.trainable_parts"), run.get("dry_run.script.trained_parts")
    if not isinstance(read, Known) or not isinstance(read.value, tuple) or not isinstance(done, Known) or not isinstance(done.value, tuple):
        return Unknown("which parts are trained was not read")
    there = {name.split(".")[2] for name in run.values if name.startswith("dry_run.parts.")}
    return Known({part for part in read.value if part in there} != set(done.value))


def _item(run: Run, row: Mapping[str, Json], origin: tuple[Step, ...]) -> Item:
    """A row as an item; it stands where the setting that it names is written (its field `about`), if that is known."""
    about = row.get("about")
    site = site_of(run.get(about)) if isinstance(about, str) else None
    return Item({name: Known(_data(value), origin) if value is not None else Absent() for name, value in row.items()}, site)


def _problem(run: Run, problem: Trouble) -> Item:
    site = site_of(run.get("model.id")) if problem.kind in ("no-config", "bad-config", "unknown-architecture", "remote-code") else None
    fields: dict[str, Value] = {name: Known(getattr(problem, name)) for name in ("kind", "message", "help")}
    return Item(fields, site)


def _data(value: Json) -> Data:
    if isinstance(value, list):
        return tuple(_data(each) for each in value)
    if isinstance(value, dict):
        return {name: _data(each) for name, each in value.items()}
    return value
