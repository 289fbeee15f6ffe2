"""Assignments and `declare`: scalars, arrays, attributes."""

import re
from itertools import pairwise

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_braces import has_braces, spread_braces
from lintune.launch.shell_expand import expand_text, expand_words
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_pieces import Pieces, known_text, slice_pieces, unknown_piece
from lintune.launch.shell_state import Variable
from lintune.launch.word import Piece, Word
from lintune.source.text import Site
from lintune.syntax.shell.nodes import Assignment, ShellWord

_NAMED = re.compile(r"[A-Za-z_]\w*(?:\[.*\])?(?:\+?=|$)", re.DOTALL)
"""What `export` takes for the beginning of a name."""


def assign(machine: Machine, node: Assignment, export: bool = False) -> None:
    """Runs one assignment."""
    name, site = node.name, machine.site(node.span)
    if node.items is not None:
        _assign_array(machine, node, site)
    elif node.index is not None:
        _assign_element(machine, node, site)
    else:
        value = expand_text(machine, node.value, True)
        old = machine.state.variables.get(name)
        integer = old is not None and old.integer
        if node.append and integer:
            before = known_text((old.scalar() if old else None) or ()) or "0"
            value = (Piece(before + "+", site), *value)
        elif node.append:
            value = (*_old_value(machine, name, site), *value)
        if integer:
            number = arithmetic(machine, value, site)
            value = (unknown_piece(site, number),) if isinstance(number, str) else (Piece(str(number), site),)
        machine.assign(name, value, site)
    if export:
        set_exported(machine, name, True)


def _old_value(machine: Machine, name: str, site: Site) -> Pieces:
    variable = machine.state.variables.get(name)
    if variable is not None:
        return variable.scalar() or ()
    if machine.is_open(name) and name not in machine.provided:
        return ()
    return machine.variable(name, site) or ()


def _assign_array(machine: Machine, node: Assignment, site: Site) -> None:
    old = machine.state.variables.get(node.name)
    associative = old is not None and old.associative
    items: dict[str, Word] = {}
    if node.append and old is not None:
        items = dict(old.items) if old.items is not None else ({} if old.value is None else {"0": Word(site, old.value)})
    following = 1 + max([int(key) for key in items if key.isdigit()], default=-1)
    for item in node.items or ():
        if item.key is not None:
            key_text = expand_text(machine, item.key)
            key = known_text(key_text) if associative else _index(machine, key_text, site)
            if key is None:
                continue
            items[key] = Word(machine.site(item.value.span), expand_text(machine, item.value))
            following = int(key) + 1 if key.isdigit() else following
            continue
        for word in expand_words(machine, [item.value]):
            items[str(following)] = word
            following += 1
    items = _ordered(items, associative)
    machine.produce(len(items))
    machine.assigned.setdefault(node.name, site)
    exported = old.exported if old is not None else False
    machine.state.variables[node.name] = Variable(None, site, items, associative, exported)
    machine.state.unset.discard(node.name)


def _ordered(items: dict[str, Word], associative: bool) -> dict[str, Word]:
    """Elements in the order in which bash lists them: by index, or by the buckets of its table of keys."""
    keys = list(items)
    if associative:
        places = {key: (_bucket(key), -place) for place, key in enumerate(keys)}
        return {key: items[key] for key in sorted(keys, key=lambda key: places[key])}
    numbers = [int(key) for key in keys]
    if all(low < high for low, high in pairwise(numbers)):
        return items
    return {str(number): items[str(number)] for number in sorted(numbers)}


def _bucket(key: str) -> int:
    """Where a key lies in bash's table (hashlib.c, `hash_string`: FNV-1, 1,024 buckets)."""
    value = 2166136261
    for byte in key.encode("utf-8", "surrogateescape"):
        value = (value * 16777619 & 0xFFFFFFFF) ^ byte
    return value & 1023


def _index(machine: Machine, pieces: Pieces, site: Site) -> str | None:
    number = arithmetic(machine, pieces, site)
    return None if isinstance(number, str) else str(number)


def _assign_element(machine: Machine, node: Assignment, site: Site) -> None:
    old = machine.state.variables.get(node.name)
    items = dict(old.items) if old is not None and old.items is not None else {}
    associative = old is not None and old.associative
    key_text = expand_text(machine, node.index)
    key = known_text(key_text) if associative else _index(machine, key_text, site)
    value = expand_text(machine, node.value, True)
    if key is None:
        items[str(len(items))] = Word(site, (unknown_piece(site, f"an element of `{node.name}` is set at an unknown place"),), True)
    else:
        if node.append and key in items:
            value = (*items[key].pieces, *value)
        items[key] = Word(site, value)
        items = _ordered(items, associative)
    machine.produce(len(items))
    machine.assigned.setdefault(node.name, site)
    machine.state.variables[node.name] = Variable(None, site, items, associative, old.exported if old else False)


def set_exported(machine: Machine, name: str, exported: bool) -> None:
    """Marks a variable as reaching programs, or not."""
    old = machine.state.variables.get(name)
    if old is None:
        (machine.exports.add if exported else machine.exports.discard)(name)
    elif old.exported != exported:
        machine.state.variables[name] = Variable(old.value, old.site, old.items, old.associative, exported, old.integer, old.fold)


def declare(machine: Machine, builtin: str, words: list[Word], declarations: tuple[Assignment, ...]) -> None:
    """`export`, `declare`, `local`, `readonly`, `typeset`."""
    flags, names = "", list[tuple[str, Site]]()
    for word in words:
        text = known_text(word.pieces)
        if text is None or word.many:
            machine.state.opaque = machine.state.opaque or f"`{builtin}` of a text that is not known"
        elif text.startswith(("-", "+")) and not names:
            flags += text[1:] if text[0] == "-" else "".join(f"+{letter}" for letter in text[1:])
        elif not _NAMED.match(text) and builtin in ("export", "declare", "readonly", "local", "typeset"):
            machine.problem("not-a-name", f"`{text}` is no name for `{builtin}`: an assignment has no blanks around its `=`", word.site)
        elif "=" in text:
            name, _, _ = text.partition("=")
            names.append((name, word.site))
            _declare_text(machine, builtin, flags, name, word)
        else:
            names.append((text, word.site))
    if "f" in flags or "p" in flags:
        machine.exports_functions = machine.exports_functions or (builtin == "export" and "f" in flags)
        return
    export = (builtin == "export" and "n" not in flags) or ("x" in flags and "+x" not in flags)
    for name, site in names:
        _attributes(machine, builtin, flags, name, site)
    for node in declarations:
        _attributes(machine, builtin, flags, node.name, machine.site(node.span))
        if node.value is not None and has_braces(node.value.parts):
            names += _assign_spread(machine, builtin, flags, node)
            continue
        assign(machine, node)
    if export or builtin == "export":
        for name in [name for name, _ in names] + [node.name for node in declarations]:
            set_exported(machine, name, export)


def _assign_spread(machine: Machine, builtin: str, flags: str, node: Assignment) -> list[tuple[str, Site]]:
    """`export A={a,b}$X` is `export A=a$X A=b$X`, words that are split as any other: the last one stays, and the rest of it are names."""
    parts = node.value.parts if node.value is not None else ()
    span = node.value.span if node.value is not None else node.span
    spread = [expand_words(machine, [ShellWord(span, tuple(each))]) for each in spread_braces(parts)]
    names: list[tuple[str, Site]] = []
    for words in spread:
        machine.assign(node.name, words[0].pieces if words else (), machine.site(node.span))
        for word in words[1:]:
            name, equals, _ = word.text.partition("=")
            if word.many or not word.known or not name.isidentifier():
                machine.state.opaque = machine.state.opaque or f"`{builtin}` of a text that is not known"
                continue
            if equals:
                _declare_text(machine, builtin, flags, name, word)
            names.append((name, word.site))
    return names


def _declare_text(machine: Machine, builtin: str, flags: str, name: str, word: Word) -> None:
    """`export "$name=value"`: the assignment is only seen after expansion."""
    _attributes(machine, builtin, flags, name, word.site)
    machine.assign(name, slice_pieces(word.pieces, len(name) + 1, len(word.text)), word.site)


def _attributes(machine: Machine, builtin: str, flags: str, name: str, site: Site) -> None:
    variables = machine.state.variables
    old = variables.get(name)
    if machine.locals and "g" not in flags and builtin in ("local", "declare", "typeset"):
        scope = machine.locals[-1]
        if name not in scope:
            scope[name] = old
            old = None
            variables[name] = Variable(None, site)
    if "A" in flags or "a" in flags:
        if old is None or old.items is None:
            value = old.value if old is not None else None
            variables[name] = Variable(None, site, {} if value is None else {"0": Word(site, value)}, "A" in flags)
        return
    fold = next((letter for letter in flags if letter in "lu"), "")
    if "i" in flags or fold:
        value = old.value if old is not None else None
        variables[name] = Variable(value, site, None, False, old is not None and old.exported, "i" in flags, fold)
