"""What `dataclasses` does with objects: equality, text, copies with changes, lists of fields, dictionaries."""

import ast
from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import NONE, Class, Data, Instance, Library, Open, Parsed, Table, Value, names_of, sequence, truth
from lintune.scripts.walk.classes import construct, default_of, fields_of, is_dataclass, run_post_init
from lintune.scripts.walk.options import read_option
from lintune.scripts.walk.scopes import ancestry

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


def equal(walk: "Walk", left: Value, right: Value, wanted: bool, node: ast.AST) -> Value | None:
    """Whether two dataclass objects are equal, field by field; None for other values."""
    from lintune.scripts.walk import operators

    match left, right:
        case Instance(made_by=Class() as one), Instance(made_by=Class() as two) if one.node is two.node and is_dataclass(one):
            answers = []
            for name, *_ in fields_of(one):
                if name not in left.slots or name not in right.slots:
                    return Open("not every field is known")
                answers.append(truth(operators.compared(walk, node, ast.Eq(), left.slots[name], right.slots[name])))
            found = False if False in answers else None if None in answers else True
            names = NONE.union(*(names_of(each) for each in (*left.slots.values(), *right.slots.values())))
            return Open("not every field is known", names) if found is None else Data(found is wanted, names)
    return None


def written(walk: "Walk", made: Class, value: Instance, node: ast.AST) -> str | None:
    """`Lora(rank=4, alpha=8)`: how a dataclass object is written; None where that is not known."""
    from lintune.scripts.walk.formatting import shown

    if not is_dataclass(made) or any("repr" in ast.unparse(each) for each in made.node.decorator_list):
        return None
    parts = []
    for name, item, _ in fields_of(made):
        text = shown(walk, value.slots[name], True, node) if name in value.slots else None
        if text is None or (isinstance(item.value, ast.Call) and "repr" in ast.unparse(item.value)):
            return None
        parts.append(f"{name}={text}")
    return f"{made.name}({', '.join(parts)})"


def replaced(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool = True) -> Value:
    """`dataclasses.replace(object, field=value)`: a new object, which checks itself again."""
    match args[:1]:
        case [Instance(made_by=Class() as made, slots=slots)] if is_dataclass(made) and whole:
            fields = {name: item for name, item, _ in fields_of(made)}
            given = {name: slots[name] for name, item in fields.items() if name in slots and not _is_left_out(item)}
            return construct(walk, made, [], {**given, **keywords}, node, all(name in slots for name in fields))
        case [Parsed() as parsed] if parsed.made_by is not None and whole:
            slots = {name: value for name, value in parsed.slots.items() if name in (parsed.fields or ())}
            copy = Parsed(parsed.fields, parsed.made_by, parsed.whole, {**slots, **keywords}, parsed.library)
            run_post_init(walk, copy, node)
            return copy
    return Open("it is a copy of something unknown")


def _is_left_out(item: ast.AnnAssign) -> bool:
    """Whether a field is not one of the constructor's."""
    return isinstance(item.value, ast.Call) and any(word.arg == "init" for word in item.value.keywords)


def as_table(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`dataclasses.asdict(object)`: a dictionary of its own."""
    made = Table(state={"open": True})
    match args:
        case [Parsed() as parsed]:
            for name in sorted(parsed.fields or ()):
                value = read_option(walk, parsed, name)
                made.slots[name] = value if value is not None else Open()
            made.state["open"] = parsed.library
        case [Instance(made_by=Class() as owner, slots=slots)] if is_dataclass(owner):
            names = [name for name, *_ in fields_of(owner)]
            for name in names:
                value = slots.get(name, Open("not every field is known"))
                made.slots[name] = as_table(walk, [value], {}, node) if _is_record(value) else value
            made.state["open"] = False
    return made


def _is_record(value: Value) -> bool:
    return isinstance(value, Instance) and isinstance(value.made_by, Class) and is_dataclass(value.made_by)


def fields(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`dataclasses.fields(object or class)`."""
    owner = args[0] if args else Open()
    made = owner.made_by if isinstance(owner, Instance | Parsed) else owner
    if not isinstance(made, Class) or not is_dataclass(made):
        return Open("the fields of something unknown")
    whole = not ancestry(made)[1] and ancestry(made)[2]
    found = []
    for name, item, home in fields_of(made):
        slots: dict[str, Value] = {"name": Data(name), "type": Open("a type"), "metadata": _metadata(walk, item, home)}
        if not isinstance(item.value, ast.Call):
            slots["default"] = default_of(walk, item, home) if item.value is not None else Library("dataclasses.MISSING")
        found.append(Instance(Library("dataclasses.Field"), slots))
    return sequence("tuple", found, not whole)


def _metadata(walk: "Walk", item: ast.AnnAssign, home: Class) -> Value:
    from lintune.scripts.walk.statements import value_in

    words = item.value.keywords if isinstance(item.value, ast.Call) else []
    for word in words:
        if word.arg == "metadata":
            return value_in(walk, word.value, home.scope)
    return Table()
