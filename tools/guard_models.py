"""Reads the guards of a pydantic model: what its validators raise on, each followed on its own.

A validator of mode `before` sees what the user wrote, one of mode `after` the fields with their defaults. What other validators
fill in on the way is unknown where the user gave nothing.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guard_nodes import Nodes  # type: ignore[import-not-found,unused-ignore]
from guard_programs import Facts, ProgramReader  # type: ignore[import-not-found,unused-ignore]
from guard_reader import Raised, State  # type: ignore[import-not-found,unused-ignore]
from surface_archive import Archive  # type: ignore[import-not-found,unused-ignore]

from lintune.scripts.modules import Definition


@dataclass(slots=True)
class Validator:
    """A validator of a model."""

    node: ast.FunctionDef
    home: Definition
    before: bool
    field: str
    """The field that it is for; empty for one of the whole model."""
    condition: str = ""
    """The plugins that bring it, joined by commas; empty where it is always there."""


def read_model(
    nodes: Nodes, archive: Archive, models: Sequence[tuple[str, str, str]], facts: Facts, filled: frozenset[str] = frozenset()
) -> tuple[list[Raised], int]:
    """The guards of models given by file, class and plugins, and how many raises there are in all.

    `filled`: keys that other code may fill in before the models see them.
    """
    reader = ProgramReader(nodes, archive, (), facts)
    validators: list[tuple[list[Definition], Validator]] = []
    for path, name, plugins in models:
        chain = reader.chain_of(path, name)
        validators += [(chain, each) for each in _validators(chain, plugins)]
    writes = [written_keys(each.node) for _, each in validators]
    keys = frozenset(key for _, each in validators for key in _keys(each.node))
    for index, (chain, each) in enumerate(validators):
        others = frozenset(name for at, names in enumerate(writes) if at != index for name in names) | filled
        _follow(reader, chain, each, keys | others, others)
    # those of the whole model that see the raw mapping come first
    order = sorted(reader.certain(), key=lambda found: not found.source.endswith("(before)"))
    return [Raised(each.condition, each.message, each.source.removesuffix(" (before)"), each.line) for each in order], reader.seen


def _follow(reader: ProgramReader, chain: list[Definition], each: Validator, keys: frozenset[str], others: frozenset[str]) -> None:
    nodes = reader.nodes
    own = next((index for index, found in enumerate(chain) if found.node is each.home.node), 0)
    reader.state, reader.prefix = State(), "given:" if each.before else ""
    reader.options, reader.written = keys, others
    path, names = _switched_on(nodes, each.condition), {}
    parameters = [argument.arg for argument in each.node.args.args]
    last = parameters[-1] if parameters else "self"
    if each.field:
        value = nodes.option(f"given:{each.field}")
        path = nodes.both(path, nodes.operation("is not", value, nodes.none))
        names = {parameters[1]: value} if len(parameters) > 1 else {}
        objects = frozenset[str]()
    else:
        objects = frozenset((last if each.before else "self",))
    count = len(reader.raised)
    reader.enter_method(each.node, chain, own, objects, names, path)
    for found in reader.raised[count:]:
        found.source = f"{getattr(each.home.node, 'name', '')}.{each.node.name}" + (" (before)" if each.before else "")


def _switched_on(nodes: Nodes, plugins: str) -> int:
    if not plugins:
        return int(nodes.true)
    listed = nodes.option("given:plugins")
    tests = [nodes.operation("in", nodes.constant(name), listed) for name in plugins.split(",")]
    return int(nodes.both(nodes.operation("is not", listed, nodes.none), nodes.chain("or", tests)))


def _validators(chain: Sequence[Definition], plugins: str) -> Iterator[Validator]:
    seen: set[str] = set()
    for home in chain:
        for node in getattr(home.node, "body", ()):
            if not isinstance(node, ast.FunctionDef) or node.name in seen:
                continue
            for mark in node.decorator_list:
                kind = ast.unparse(mark.func) if isinstance(mark, ast.Call) else ""
                words = {word.arg: ast.unparse(word.value).strip("'\"") for word in getattr(mark, "keywords", ())}
                if kind.endswith("model_validator"):
                    seen.add(node.name)
                    yield Validator(node, home, words.get("mode") == "before", "", plugins)
                elif kind.endswith("field_validator"):
                    seen.add(node.name)
                    fields = [each.value for each in getattr(mark, "args", ()) if isinstance(each, ast.Constant)]
                    yield from (Validator(node, home, True, str(name), plugins) for name in fields)


def written_keys(node: ast.AST) -> frozenset[str]:
    """The fields that a validator sets or takes away."""
    found: set[str] = set()
    for each in ast.walk(node):
        match each:
            case ast.Subscript(slice=ast.Constant(value=str(key)), ctx=ast.Store() | ast.Del()):
                found.add(key)
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.Call(func=ast.Attribute(attr="pop" | "setdefault"), args=[ast.Constant(value=str(key)), *_]):
                found.add(key)
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(key)), _]):
                found.add(key)
    return frozenset(found)


def _keys(node: ast.FunctionDef) -> Iterator[str]:
    """The names by which a validator reads fields."""
    for each in ast.walk(node):
        match each:
            case ast.Subscript(slice=ast.Constant(value=str(key))):
                yield key
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(key)), *_]):
                yield key
            case ast.Compare(left=ast.Constant(value=str(key)), ops=[ast.In() | ast.NotIn()]):
                yield key
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if not name.startswith("_"):
                yield name
