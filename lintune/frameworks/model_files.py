"""The config.json of a launch's model where one is at hand: in the folder that it names, or in the hub's cache of this machine."""

from collections.abc import Callable

from lintune.frameworks.context import Reading
from lintune.frameworks.paths import resolve
from lintune.launch.project import Project
from lintune.models.at_hand import config_at_hand
from lintune.run.known import text
from lintune.run.run import Run
from lintune.source.text import Problem, Source
from lintune.values.value import Unknown


def reader_of(run: Run, reading: Reading) -> Callable[[str], Source | Problem | None]:
    """Finds the config.json of a model by its path, seen from the launch's folder, or by its name on the hub."""
    project = reading.context.project

    def find(name: str) -> Source | Problem | None:
        found = resolve(reading, name)
        if found.exists and found.path is not None:
            return project.folder_config(found.path)
        return _cached(run, project, name)

    return _once(find)


def reader_in(run: Run, project: Project, folder: str) -> Callable[[str], Source | Problem | None]:
    """The same for a run file in a folder."""
    from posixpath import join

    def find(name: str) -> Source | Problem | None:
        path = join(folder, name)
        return project.folder_config(path) if project.is_dir(path) else _cached(run, project, name)

    return _once(find)


def _once(find: Callable[[str], Source | Problem | None]) -> Callable[[str], Source | Problem | None]:
    """The same, looking once for each name."""
    known: dict[str, Source | Problem | None] = {}

    def found(name: str) -> Source | Problem | None:
        if name not in known:
            known[name] = find(name)
        return known[name]

    return found


def _cached(run: Run, project: Project, name: str) -> Source | Problem | None:
    from lintune.launch.hub_cache import is_hub_name

    if not is_hub_name(name):
        return None
    asked = (run.get("flag.model_revision"), run.get("flag.revision"))
    if any(isinstance(value, Unknown) for value in asked):
        return None
    revision = next((found for value in asked if (found := text(value))), "")
    return project.hub_config(f"{name}@{revision}" if revision else name)


def add_config_facts(run: Run) -> None:
    """Let the facts of the run's model come from its config.json, where one is at hand; without one, nothing changes.

    Sizes, type, tied head, quantisation and block class that it does not tell are unknown, not those of the table.
    """
    name = text(run.get("model.id"))
    found = config_at_hand(run, name) if name else None
    if found is None:
        return
    from lintune.frameworks.config_facts import add_facts

    add_facts(run, found)
