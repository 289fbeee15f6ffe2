"""The ways out of a finding: what each costs, and the edits that take it, where the text to change stands literally in a file."""

import re
from collections.abc import Mapping

from lintune.engine.finding import Way
from lintune.engine.rule import Rule, RuleWay
from lintune.engine.scope import Scope
from lintune.engine.template import parse_template, plain, render, render_known, template_names
from lintune.source.edits import Edit
from lintune.source.text import Site, Span
from lintune.values.value import Data, Known, Value, is_default

_FLAG = re.compile(r"(--?[A-Za-z][\w.-]*)(?:(=|\s+(?:\\\n\s*)?)(.*))?", re.S)
_KEY = re.compile(r"(\"?[\w.-]+\"?\s*:\s*)(.*)", re.S)
_CONTINUED = re.compile(r"[ \t]*\\\r?\n([ \t]*)")
_NOT_SHELL = (".yaml", ".yml", ".json", ".toml", ".py", ".ipynb")
_PLAIN_WORD = re.compile(r"[\w./:@%+,-]+")


def ways_out(rule: Rule, scope: Scope, certain: bool = True) -> tuple[Way, ...]:
    """The rule's ways for this run; one that cannot be made up is offered without cost or edits.

    `certain`: whether the versions in force are; else no way is safe. A renaming that cannot be made is left out.
    """
    found: list[Way] = []
    for way in rule.ways_out:
        if all(_known(name, scope) for name in template_names(way.rename)):
            made = _way(way, scope, certain)
            found += [made] if made.edits or not way.rename else []
    return tuple(found)


def _known(name: str, scope: Scope) -> bool:
    return isinstance(scope.value(name), Known)


def _way(way: RuleWay, scope: Scope, certain: bool) -> Way:
    settings = tuple((name, _setting(value, scope)) for name, value in way.settings)
    shown = tuple((name.partition(".")[2] if name.startswith("flag.") else name, plain(value)) for name, value in settings)
    edits: tuple[Edit, ...] = ()
    if way.applicability != "display":
        edits = _renaming(render(way.rename, scope.value), scope) if way.rename else edits_for(settings, scope)
    applicability = "unsafe" if way.applicability == "safe" and not certain else way.applicability
    return Way(render(way.title, scope.value), applicability, _cost(way, scope), shown, edits)


def _setting(value: Data, scope: Scope) -> Data:
    """A setting's text may show values: `{flag.fsdp} auto_wrap`."""
    return render(parse_template(value), scope.value) if isinstance(value, str) else value


def _renaming(text: str, scope: Scope) -> tuple[Edit, ...]:
    """The item's flag under another name; `text` is written as in `schemas/replacements.json`.

    `--new`: the value stays; `--new value`: in the place of a switch that is on, or the same flag with its value;
    `--new with the same number`: for a ratio; `no flag`: it is taken away.
    """
    item, site = scope.item, scope.item.site if scope.item is not None else None
    flag, name = (value_text(scope.value(f"item.{field}")) for field in ("flag", "name"))
    words = text.split()
    if item is None or site is None or not flag or not words or not site.text.startswith(flag):
        return ()
    value = scope.value(f"flag.{name}")
    if text.startswith("no flag"):
        return edits_for(((f"flag.{name}", None),), scope)
    if text.endswith(" with the same number"):
        ratio = value.value if isinstance(value, Known) else None
        words = words[:1] if isinstance(ratio, float) and 0 <= ratio < 1 else []
    match words:
        case [new] if new.startswith("--"):
            return (Edit(Site(site.source, Span(site.span.start, site.span.start + len(flag))), new),)
        case [new] if new.isidentifier() and flag.isidentifier():  # a keyword of a call
            return (Edit(Site(site.source, Span(site.span.start, site.span.start + len(flag))), new),)
        case [new, _] if new == flag == site.text:
            return (Edit(site, text),)
        case [new, _] if new.startswith("--") and value_is(value, True):
            step = value.origin[0] if value.origin else None
            return (Edit(step.site, text),) if step is not None and step.site is not None and step.kind == "flag" else ()
    return ()


def value_text(value: Value) -> str:
    """A value that is a text; empty for anything else."""
    return value.value if isinstance(value, Known) and isinstance(value.value, str) else ""


def _cost(way: RuleWay, scope: Scope) -> str:
    """What the run would be with the settings of the way; empty where that cannot be told."""
    if not way.cost:
        return ""
    run = scope.run
    if way.settings and run.what_if is None:
        return ""
    try:
        then = run.what_if(dict(way.settings)) if way.settings and run.what_if is not None else run
        return render_known(way.cost, Scope(then, scope.item).value)
    except Exception:  # a cost is an extra: a launch that cannot be thought through otherwise still has its finding
        return ""


def edits_for(settings: tuple[tuple[str, Data], ...], scope: Scope) -> tuple[Edit, ...]:
    """The edits that make the settings; none at all unless every one of them can be made exactly."""
    edits: list[Edit] = []
    for name, wanted in settings:
        value = scope.value(name)
        if isinstance(value, Known) and not is_default(value) and value.value == wanted and type(value.value) is type(wanted):
            continue
        edit = _edit(name, value, wanted, scope)
        if edit is None:
            return ()
        edits.append(edit)
    return () if _overlap(edits) or any(map(_breaks_notebook, edits)) else _merged(edits)


def _breaks_notebook(edit: Edit) -> bool:
    """Whether the text would have to be written otherwise in the JSON of a notebook."""
    return edit.site.source.path.endswith(".ipynb") and any(letter in edit.text for letter in '"\\\n')


def _overlap(edits: list[Edit]) -> bool:
    ordered = sorted(edits, key=lambda edit: (id(edit.site.source), edit.site.span.start, edit.site.span.end))
    return any(
        one.site.source is other.site.source and one.site.span.end > other.site.span.start
        for one, other in zip(ordered, ordered[1:], strict=False)  # noqa: RUF007 -- itertools is not needed otherwise
    )


def _edit(name: str, value: Value, wanted: Data, scope: Scope) -> Edit | None:
    step = value.origin[0] if value.origin else None
    if step is None or step.kind == "default" or step.site is None:
        return _insertion(name, wanted, scope) if wanted is not None and name.startswith("flag.") else None
    match step.kind:
        case "flag":
            return _flag_edit(step.site, value, wanted)
        case "config" | "deepspeed" | "accelerate":
            return _key_edit(step.site, value, wanted)
        case "script":
            return _keyword_edit(step.site, value, wanted)
    return None


def _flag_edit(site: Site, value: Value, wanted: Data) -> Edit | None:
    found = _FLAG.fullmatch(site.text)
    if found is None:
        return None
    flag, _, written = found.groups()
    bare = written is None and value_is(value, True) and _stands_alone(site)
    if wanted is None:
        literal = bare or (written is not None and _is_literal(written, value))
        return Edit(_with_continuation(site), "") if literal else None
    if bare and isinstance(wanted, bool):
        return Edit(site, f"{flag} {shell_word(wanted)}")
    if written is not None and _is_literal(written, value):
        start = site.span.end - len(written)
        return Edit(Site(site.source, Span(start, site.span.end)), shell_word(wanted))
    return _variable_edit(value, wanted)


def _stands_alone(site: Site) -> bool:
    """Whether no value follows the flag in the text."""
    rest = site.source.text[site.span.end : site.span.end + 200].replace("\\\n", " ").replace("\\\r\n", " ").lstrip(" \t")
    return not rest or rest[0] in "-\r\n;&|><#)\"'"


def _variable_edit(value: Value, wanted: Data) -> Edit | None:
    """The whole value came from one assignment: the edit is made there."""
    written = [step.site for step in value.origin[1:] if step.kind == "variable" and step.site is not None]
    sites = [site for site in written if not site.text.startswith("$")]
    if len(sites) == 1 and _is_literal(sites[0].text, value):
        return Edit(sites[0], shell_word(wanted))
    return None


def _key_edit(site: Site, value: Value, wanted: Data) -> Edit | None:
    """A YAML or JSON value: the site is the value, or the key with it."""
    found = _KEY.fullmatch(site.text)
    written = found[2] if found else site.text
    if wanted is None or not _is_literal(written, value):
        return None
    start = site.span.end - len(written)
    text = f'"{wanted}"' if isinstance(wanted, str) and site.source.name.endswith(".json") else plain(wanted)
    return Edit(Site(site.source, Span(start, site.span.end)), text)


def _keyword_edit(site: Site, value: Value, wanted: Data) -> Edit | None:
    """A keyword of a call whose value stands there literally: `bf16=True`."""
    name, equals, written = site.text.partition("=")
    literal = written.strip() in (repr(getattr(value, "value", None)), f'"{getattr(value, "value", None)}"')
    if not name.strip().isidentifier() or not equals or wanted is None or not literal or not isinstance(wanted, str | int | float):
        return None
    start = site.span.end - len(written.strip())
    return Edit(Site(site.source, Span(start, site.span.end)), f'"{wanted}"' if isinstance(wanted, str) else repr(wanted))


def _insertion(name: str, wanted: Data, scope: Scope) -> Edit | None:
    """`--name value` after the launch's entry word; on a line of its own where the command is written so."""
    site = scope.run.site
    source, end = site.source, site.span.end
    if "script.config" in scope.run.values:  # the options are keywords in the script, not words of the command
        return None
    if source.path.endswith(_NOT_SHELL) or any(value_is(item.fields["role"], "config") for item in scope.run.items.get("files", ())):
        return None
    option = f"--{name.partition('.')[2]} {shell_word(wanted)}"
    after = Site(source, Span(end, end))
    continued = _CONTINUED.match(source.text, end)
    return Edit(after, f" \\\n{continued[1]}{option}" if continued else f" {option}")


def _merged(edits: list[Edit]) -> tuple[Edit, ...]:
    """Insertions at the same place become one edit, so that their order is kept."""
    by_place: dict[tuple[int, int, int], Edit] = {}
    for edit in edits:
        key = (id(edit.site.source), edit.site.span.start, edit.site.span.end)
        earlier = by_place.get(key)
        by_place[key] = edit if earlier is None else Edit(edit.site, earlier.text + edit.text)
    return tuple(by_place.values())


def _with_continuation(site: Site) -> Site:
    """The site with the blanks, and the continued line end, before it: what taking the words away has to take along."""
    text, start = site.source.text, site.span.start
    while start > 0:
        if text[start - 1] in " \t":
            start -= 1
        elif text.endswith("\\\n", 0, start):
            start -= 2
        elif text.endswith("\\\r\n", 0, start):
            start -= 3
        else:
            break
    return Site(site.source, Span(start, site.span.end))


def _is_literal(written: str, value: Value) -> bool:
    """Whether the text is the value itself, quoted or not, and nothing that is computed."""
    if not isinstance(value, Known):
        return False
    bare = written[1:-1] if len(written) >= 2 and written[0] == written[-1] and written[0] in "\"'" else written
    if any(letter in bare for letter in "$`\\\"'"):
        return False
    return bare == str(value.value) or bare.lower() == plain(value.value).lower() or _same_number(bare, value.value)


def _same_number(written: str, data: object) -> bool:
    if isinstance(data, bool):
        return written.lower() in (("true", "yes", "1", "t", "y") if data else ("false", "no", "0", "f", "n"))
    try:
        return isinstance(data, (int, float)) and float(written) == data
    except ValueError:
        return False


def value_is(value: Value, wanted: Data) -> bool:
    """Whether a value is known to be this one."""
    return isinstance(value, Known) and type(value.value) is type(wanted) and value.value == wanted


def shell_word(data: Data) -> str:
    """A value as one word of a shell command."""
    text = plain(data) if not isinstance(data, Mapping) else ""
    if _PLAIN_WORD.fullmatch(text):
        return text
    import shlex

    return shlex.quote(text)
