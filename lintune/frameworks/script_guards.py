"""Which guards of the entry script raise with the options of this launch, and which options the script never reads."""

import re
from collections.abc import Collection

from lintune.launch.project import Project
from lintune.run.run import Guard, Item, Run
from lintune.scripts.conditions import decide
from lintune.scripts.entry import EntryScript
from lintune.values.option import Option
from lintune.values.value import Known, Step, Unknown, Value, site_of

_MOST_FILES = 2000
"""How many Python files of a project are looked through for the use of an option."""


def add_guards(run: Run, script: EntryScript | None, prefix: str) -> None:
    """Set `script.raises.OPTION.OPTION` (names in alphabetical order), for the pages that explain one guard.

    `prefix` is where the options stand: `flag` or `option`. Options that a library defines too are not decided: its own
    `__post_init__` may have changed them.
    """
    if script is None or not run.script_read:
        run.unread["script.raises"] = Unknown("the entry script was not read", settle="the entry script")
        return
    own = {name for found in script.dataclasses for name in found.options} | {option.name for option in script.arguments}

    def option(name: str) -> Value:
        return run.get(f"{prefix}.{name}") if name in own else Unknown("not an option of the script itself")

    for guard in run.guards:
        _remember(run, guard, decide(guard.condition, option) if guard.condition is not None else None)


def _remember(run: Run, guard: Guard, raises: bool | None) -> None:
    """The strongest of what the guards over the same options say; one that is not decided says nothing."""
    name = "script.raises." + ".".join(sorted(guard.names))
    before = run.values.get(name)
    if raises or (raises is False and before is None):
        run.values[name] = Known(raises, (Step("script", guard.site, guard.message),))


def add_never_read(run: Run, script: EntryScript | None, given: frozenset[str], project: Project) -> None:
    """The `raw.dead` items: options that the script defines, the launch gives, and no Python file of the project names.

    What the script imports is looked at first; then every Python file of the project, since recipes and plugins are
    loaded by name. A project too large to be looked through says nothing.
    """
    if script is None or not run.script_read or not script.complete:
        return
    unread: dict[str, Item] = {}
    for owner in script.dataclasses:
        for name in given & owner.options.keys():
            item = _item_of(run, owner.options[name])
            if item is not None and not script.matches(_use_of(name)) and not _is_inherited(run, name, owner.bases):
                unread[name] = item
    named = _named_elsewhere(project, run.path, unread.keys()) if unread else frozenset()
    run.items["raw.dead"] = tuple(unread[name] for name in sorted(unread) if name not in named)


def _item_of(run: Run, option: Option) -> Item | None:
    value = run.get(f"flag.{option.name}")
    site = site_of(value)
    if site is None or option.site is None:
        return None
    defined = Known(option.name, (Step("script", option.site, "defined here"),))
    return Item({"name": Known(option.name), "value": value, "defined": defined}, site)


def _use_of(name: str) -> str:
    """A pattern of the name anywhere but where a field of that name is defined."""
    word = re.escape(name)
    return rf"(?m:\S[ \t]*\b{word}\b|^[ \t]*{word}\b(?![ \t]*:))"


def _named_elsewhere(project: Project, path: str, names: Collection[str]) -> Collection[str]:
    """Those of the names that a Python file of the project uses; all of them where there are too many files to look through."""
    files = [file for file in project.files_below(project.root_of(path)) if file.endswith(".py")]
    if len(files) > _MOST_FILES:
        return names
    uses = {name: re.compile(_use_of(name)) for name in names}
    found: set[str] = set()
    for source in map(project.read, files):
        if source is not None:
            found.update(name for name, use in uses.items() if name not in found and name in source.text and use.search(source.text))
        if len(found) == len(uses):
            break
    return found


def _is_inherited(run: Run, name: str, bases: tuple[str, ...]) -> bool:
    """Whether a library class defines the option too, or cannot be looked at: then the library may read it."""
    if not bases:
        return False
    from lintune.frameworks.option_table import library_table

    table = library_table(*bases, pins=run.versions, unread="")
    return name in table.options or bool(table.unread)
