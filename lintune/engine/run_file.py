"""A run file: `{"lintune_run": 1, "values": {"model.id": "...", "tune.llm.mode": "lora"}}`, a run in the common vocabulary.

`items` may hold lists by name (`{"dry_run.targets": [{"pattern": "q_proj", "matched": 0}]}`), for rules that look at each entry.
"""

from posixpath import dirname

from lintune.engine.finding import whole_file
from lintune.frameworks.config_files import plain_data
from lintune.frameworks.model_files import reader_in
from lintune.launch.project import Project
from lintune.run.run import Item, Run
from lintune.source.text import Problem, Source
from lintune.syntax.tree import Mapping, Node, Scalar, Sequence
from lintune.values.value import Known, Step
from lintune.values.version import Pin, Specifiers

VERSION = 1


def is_run_file(root: object) -> bool:
    """Whether a JSON document is a run file."""
    return isinstance(root, Mapping) and root.entry("lintune_run") is not None


def read_run_file(source: Source, root: Mapping, project: Project) -> tuple[Run | None, tuple[Problem, ...]]:
    """The run of a run file, and what is wrong with the file. Values that it leaves out are absent."""
    version, values = root.entry("lintune_run"), root.get("values")
    if version is None or not isinstance(version.value, Scalar) or version.value.value != VERSION:
        site = version.value.site if version else root.site
        return None, (Problem("run-file", f"`lintune_run` is {VERSION} in every run file that this version reads", site),)
    if not isinstance(values, Mapping):
        return None, (Problem("run-file", "a run file holds `values`: a mapping of dotted names", values.site if values else root.site),)
    run = Run("run-file", source.path, whole_file(source))
    run.config_of = reader_in(run, project, dirname(source.path))
    problems: list[Problem] = []
    for entry in values.entries:
        name = str(entry.key.value)
        run.values[name] = Known(plain_data(entry.value), (Step("config", entry.value.site),))
        if name == "launch.framework" and isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
            run.framework = entry.value.value
        if name.startswith("pins."):
            problems += _add_pin(run, name.removeprefix("pins."), entry.value)
    items = root.get("items")
    if isinstance(items, Mapping):
        for entry in items.entries:
            run.items[str(entry.key.value)] = _items(entry.value)
    return run, tuple(problems)


def _items(node: Node) -> tuple[Item, ...]:
    """The entries of a list; what is no mapping is left out."""
    rows = node.items if isinstance(node, Sequence) else ()
    return tuple(
        Item({str(each.key.value): Known(plain_data(each.value), (Step("config", each.value.site),)) for each in row.entries}, row.site)
        for row in rows
        if isinstance(row, Mapping)
    )


def _add_pin(run: Run, package: str, node: Node) -> tuple[Problem, ...]:
    text = str(node.value) if isinstance(node, Scalar) else ""
    try:
        specifiers = Specifiers.parse(text if text[:1] in "=<>!~" else f"=={text}")
    except ValueError as error:
        return (Problem("run-file", f"`pins.{package}`: {error}", node.site),)
    run.versions[package.lower().replace("_", "-")] = Pin(package, specifiers, (Step("config", node.site),))
    return ()
