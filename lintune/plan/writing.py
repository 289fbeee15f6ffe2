"""A plan as edits of the launch script and its files: flags in the command, keys in a YAML file, the DeepSpeed file's block.

Flags and keys that stand there literally are edited as the ways out of findings are; a key that a YAML file lacks is put at its end,
a keyword that a call lacks behind another one, and what its block lacks after the stage of the DeepSpeed file. What cannot be written
exactly is named instead.
"""

from collections.abc import Sequence

from lintune.engine.scope import Scope
from lintune.engine.template import plain
from lintune.engine.ways import edits_for
from lintune.plan.change import Change
from lintune.plan.spelling import spelled
from lintune.run.run import Run
from lintune.source.edits import Edit, EditRefused, apply_edits
from lintune.source.record import dataclass
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Data, Known, Value


@dataclass(frozen=True, slots=True)
class Written:
    """What takes a plan."""

    settings: tuple[tuple[str, str], ...]
    """Options and keys with their values, as people read them."""
    edits: tuple[Edit, ...]
    left: tuple[str, ...]
    """What has to be done by hand, and why."""


def written(run: Run, changes: Sequence[Change]) -> Written:
    """The edits of these changes in a launch; of a change that cannot be made as a whole nothing is written."""
    settings: list[tuple[str, str]] = []
    wanted: dict[str, Data] = {}
    left: list[str] = []
    for change in changes:
        made = spelled(run, change)
        settings += [(_shown(name), "(taken away)" if value is None else _text(value)) for name, value in made.settings]
        missing = {name: value for name, value in made.settings if not _holds(run.get(name), value)}
        computed = [name for name in missing if _computed(run, name)] if change.knob == "micro" else []
        missing = {name: value for name, value in missing.items() if name not in computed}
        failed = _edits(run, missing)[1]
        left += [f"{change.title}: {made.missing}"] if made.missing else []
        left += [f"`{_shown(name)}` = {_text(missing[name])}: it does not stand where it can be changed exactly" for name in failed]
        left += [f"the script computes `{_shown(name)}`: see that it becomes {_text(dict(made.settings)[name])}" for name in computed]
        wanted |= {} if failed else missing
    edits, failed = _edits(run, wanted)
    left += [f"`{_shown(name)}` = {_text(wanted[name])}: it meets another change" for name in failed]
    if edits and not _still_reads(edits):
        return Written(tuple(settings), (), (*left, "the files would not read as they should: edit them by hand"))
    return Written(tuple(settings), edits, tuple(left))


def _computed(run: Run, name: str) -> bool:
    """Whether a value is worked out in the script, as an accumulation from the batch is, so that it follows other settings."""
    value = run.get(name)
    if not isinstance(value, Known) or len(value.origin) < 2:
        return False
    return any(step.site is not None and "$((" in step.site.text for step in value.origin)


def _shown(name: str) -> str:
    return name.partition(".")[2] if name.startswith(("flag.", "ds.")) else name


def _text(value: Data) -> str:
    import json

    return json.dumps(value) if isinstance(value, (dict, tuple, list)) else plain(value)


def _holds(value: Value, wanted: Data) -> bool:
    """Whether nothing has to be written."""
    if wanted is None:
        return isinstance(value, Absent) or value == Known(None)
    return isinstance(value, Known) and value.value == wanted and type(value.value) is type(wanted)


def _edits(run: Run, wanted: dict[str, Data]) -> tuple[tuple[Edit, ...], list[str]]:
    """The edits, and the names for which there is none."""
    scope = Scope(run)
    literal: dict[str, Data] = {}
    others: list[Edit] = []
    failed: list[str] = []
    keys: dict[str, Data] = {}
    for name, value in wanted.items():
        if name.startswith("ds.zero_optimization.") and isinstance(run.get(name), Absent):
            block = _block_edit(run, name, value)
            others += [block] if block else []
            failed += [] if block else [name]
        elif edits_for(((name, value),), scope):
            literal[name] = value
        else:
            keys[name] = value
    source, call = _config_source(run), _keyword_site(run)
    if keys and call is not None and all(_can_be_key(run, name, value) for name, value in keys.items()):
        others.append(_further_keywords(call, {_shown(name): value for name, value in keys.items()}))
    elif keys and source is not None and all(_can_be_key(run, name, value) for name, value in keys.items()):
        others.append(_appended(source, {_shown(name): value for name, value in keys.items()}))
    else:
        failed += keys
    edits = edits_for(tuple(literal.items()), scope) if literal else ()
    if literal and not edits:
        failed += literal
    return _in_one(edits, others), failed


def _in_one(edits: tuple[Edit, ...], others: Sequence[Edit]) -> tuple[Edit, ...]:
    """An insertion right behind an edit becomes part of it."""
    found = list(edits)
    for new in others:
        at = next((index for index, old in enumerate(found) if _meet(old, new)), None)
        if at is None:
            found.append(new)
        else:
            found[at] = Edit(found[at].site, found[at].text + new.text)
    return tuple(found)


def _meet(old: Edit, new: Edit) -> bool:
    same = old.site.source is new.site.source
    return same and new.site.span.start == new.site.span.end == old.site.span.end


def _block_edit(run: Run, name: str, block: Data) -> Edit | None:
    """A key of the DeepSpeed file's `zero_optimization` that is not there yet, after the stage."""
    stage = run.get("ds.zero_optimization.stage")
    site = stage.origin[0].site if stage.origin and stage.origin[0].kind == "deepspeed" else None
    if site is None or not site.source.path.endswith(".json"):
        return None
    line = site.source.line_text(site.line)
    own_line = line.lstrip().startswith('"stage"')
    start = f",\n{line[: len(line) - len(line.lstrip())]}" if own_line else ", "
    end = Span(site.span.end, site.span.end)
    return Edit(Site(site.source, end), f'{start}"{name.rpartition(".")[2]}": {_text(block)}')


def _config_source(run: Run) -> Source | None:
    """The YAML file that holds the launch's settings at its top, in block style."""
    for name, value in run.values.items():
        if not name.startswith("flag.") or name.count(".") != 1 or not value.origin:
            continue
        site = value.origin[0].site
        if value.origin[0].kind == "config" and site is not None and site.source.path.endswith((".yaml", ".yml")):
            return site.source if _is_block(site.source, name[5:]) else None
    return None


def _is_block(source: Source, key: str) -> bool:
    """Whether keys stand at the beginning of lines, in a file of one document."""
    lines = [line.rstrip() for line in source.text.splitlines()]
    starts = any(line.startswith((f"{key}:", f'"{key}":', f"'{key}':")) for line in lines)
    return starts and lines.count("---") <= 1 and "..." not in lines


_SURE_KEYWORDS = ("output_dir", "per_device_train_batch_size", "gradient_accumulation_steps", "num_train_epochs", "learning_rate", "bf16")
"""Keywords of the call that makes a training configuration, and of no other."""


def _keyword_site(run: Run) -> Site | None:
    """A keyword of the call by which a Python file makes the launch's configuration: `bf16=True`."""
    for name in _SURE_KEYWORDS:
        value = run.get(f"flag.{name}")
        site = value.origin[0].site if value.origin and value.origin[0].kind == "script" else None
        if site is not None and site.source.path.endswith(".py") and site.text.replace(" ", "").startswith(f"{name}="):
            return site
    return None


def _further_keywords(site: Site, keys: dict[str, Data]) -> Edit:
    """More keywords behind one that is there, each on a line of its own where that one is."""
    line = site.source.line_text(site.line)
    indent = line[: len(line) - len(line.lstrip())]
    own_line = line.lstrip().startswith(site.text.splitlines()[0])
    start = f",\n{indent}" if own_line else ", "
    text = "".join(f"{start}{key}={list(value) if isinstance(value, tuple) else value!r}" for key, value in keys.items())
    return Edit(Site(site.source, Span(site.span.end, site.span.end)), text)


def _can_be_key(run: Run, name: str, value: Data) -> bool:
    """Whether a setting is a key at the top of a file that does not have it yet."""
    given = run.get(name)
    return (
        name.startswith("flag.")
        and name.count(".") == 1
        and value is not None
        and (isinstance(given, Absent) or not given.origin or given.origin[0].kind == "default")
    )


def _appended(source: Source, keys: dict[str, Data]) -> Edit:
    end = len(source.text)
    break_first = "" if not source.text or source.text.endswith("\n") else "\n"
    lines = "".join(f"{key}: {_text(value)}\n" for key, value in keys.items())
    return Edit(Site(source, Span(end, end)), break_first + lines)


def _still_reads(edits: Sequence[Edit]) -> bool:
    """Whether the JSON and YAML files among them parse after the edits."""
    for source in {id(edit.site.source): edit.site.source for edit in edits}.values():
        try:
            text = apply_edits(source, [edit for edit in edits if edit.site.source is source])
        except EditRefused:
            return False
        if source.path.endswith(".json"):
            import json

            try:
                json.loads(text)
            except ValueError:
                return False
        elif source.path.endswith(".py"):
            import ast

            try:
                ast.parse(text)
            except (SyntaxError, ValueError):
                return False
        elif source.path.endswith((".yaml", ".yml")):
            from lintune.syntax.yaml import parse_yaml

            if parse_yaml(Source(source.path, text)).problems:
                return False
    return True
