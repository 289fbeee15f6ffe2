"""Reading what a launch refers to before its framework is known: the folder, the entry script, the pins, the flags given."""

from posixpath import dirname, normpath

from lintune.frameworks.context import Context, Reading
from lintune.frameworks.paths import resolve, source_of
from lintune.frameworks.pins import pins_in_force
from lintune.launch.launchers import Launch
from lintune.scripts.entry import EntryScript
from lintune.source.text import Source


def read_around(launch: Launch, context: Context) -> Reading:
    """The launch with its entry script read, where that is at hand."""
    folder, corroborated = context.project.folder_of(launch, context.script)
    reading = Reading(launch, context, folder, corroborated, None, None, None)
    reading.words = frozenset(_flag(word.text) for word in launch.args if word.text.startswith("-"))
    path = _entry_path(launch)
    if path is not None:
        found = resolve(reading, path)
        reading.entry = found.path or path
        if found.exists:
            reading.source = source_of(reading, found)
    if reading.source is not None and reading.source.name.endswith(".py"):
        base = normpath(folder) if launch.module else dirname(reading.source.path)
        reading.script = script_of(context, reading.source, "" if base == dirname(reading.source.path) else base)
    near = reading.entry if reading.source is not None and reading.entry else context.script
    filed = context.project.pins_near(near)
    reading.versions = pins_in_force(context, filed)
    reading.filed = filed if dirname(near) == dirname(context.script) else context.project.pins_near(context.script)
    return reading


def script_of(context: Context, source: Source, base: str = "") -> EntryScript:
    """The entry script that a source is, read once per check; `base` is where its imports start if not in its own folder."""
    key = (source.path, base) if source.part_of is None else (f"{source.path} {id(source)}", base)
    found = context.scripts.get(key)
    if found is None:
        from lintune.scripts.entry import read_entry_script

        found = context.scripts[key] = read_entry_script(source, context.project.read, base)
    else:
        for path in found.paths_read:  # this launch rests on them too
            context.project.read(path)
    return found


def _flag(text: str) -> str:
    return text.lstrip("-").partition("=")[0].replace("-", "_")


def _entry_path(launch: Launch) -> str | None:
    """The entry script's path as the launch names it; a module name as a path."""
    if launch.entry is None or not launch.entry.known:
        return None
    text = launch.entry.text
    return text.replace(".", "/") + ".py" if launch.module else text


def args_file(reading: Reading, script: EntryScript) -> Source | None:
    """The file `<script>.args` beside the entry script, where its parser looks for one and it is there."""
    if not script.looks_for_args_file or reading.source is None:
        return None
    path = reading.source.path.removesuffix(".py") + ".args"
    return reading.context.project.read(path) if reading.context.project.exists(path) else None
