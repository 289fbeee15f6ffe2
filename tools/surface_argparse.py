"""The flags that the `add_argument` calls of a function, or of a whole file, define."""

import ast
import copy
from collections.abc import Iterator

from surface_archive import Archive  # type: ignore[import-not-found,unused-ignore]
from surface_entry import Entry, Found  # type: ignore[import-not-found,unused-ignore]

from lintune.scripts.argparse_calls import read_add_argument
from lintune.scripts.modules import Module, Modules
from lintune.source.record import replace
from lintune.values.value import Data

_ACTIONS = {"env": "store", "check_env": "store_true"}
"""Actions of torch (distributed/argparse_util.py) that read a `PET_` variable and otherwise do what argparse's do."""


def read_flags(archive: Archive, path: str, function: str = "") -> Found | None:
    """The flags of a file; of one function where one is named. None where the release has no such parser."""
    opened = archive.module(path)
    if opened is None:
        return None
    modules, module = opened
    root: ast.AST | None = module.definitions.get(function) if function else module.tree
    if root is None:
        return None
    found = Found(source=f"{path} {function}".strip(), parser=_parser(module))
    parsed = 0 if function else _first_parse(root)
    for call in _calls(root):
        if not parsed or call.lineno < parsed:
            _add(found, call, module, modules)
    return found if found.entries else None


def _first_parse(root: ast.AST) -> int:
    """The line that parses the words; what is added to the parser after it is never accepted. 0 where there is none."""
    lines = [node.lineno for node in ast.walk(root) if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "parse_args"]
    return min(lines, default=0)


def read_groups(archive: Archive, path: str, function: str) -> dict[str, list[str]]:
    """The names of a function's flags by the variable of their argument group (`fsdp_args.add_argument(...)`)."""
    opened = archive.module(path)
    root = opened[1].definitions.get(function) if opened else None
    found: dict[str, list[str]] = {}
    for call in _calls(root) if root is not None else ():
        name = _first_name(call)
        if name:
            found.setdefault(getattr(getattr(call.func, "value", None), "id", ""), []).append(name)
    return found


def _first_name(call: ast.Call) -> str:
    spelled = [item.value for item in call.args if isinstance(item, ast.Constant) and str(item.value).startswith("--")]
    return str(spelled[0])[2:].replace("-", "_") if spelled else ""


def _calls(root: ast.AST) -> Iterator[ast.Call]:
    """Every `add_argument` call; those in a loop over constant names once for each name, with the name written in."""
    for node in ast.iter_child_nodes(root):
        match node:
            case ast.For(target=ast.Name(id=name), iter=ast.Tuple(elts=items) | ast.List(elts=items), body=body):
                for item in items:
                    for statement in body:
                        if isinstance(item, ast.Constant):
                            yield from _calls(ast.Module([_Written(name, item).visit(copy.deepcopy(statement))], []))
                continue
            case ast.Call(func=ast.Attribute(attr="add_argument")):
                yield node
        yield from _calls(node)


class _Written(ast.NodeTransformer):
    """Writes a constant in the place of a name, and folds what becomes constant by it."""

    def __init__(self, name: str, value: ast.Constant) -> None:
        """The name and what it stands for."""
        self.name, self.value = name, value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The constant, where it is this name."""
        return ast.copy_location(ast.Constant(self.value.value), node) if node.id == self.name else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        """The text, where every part of it is constant now."""
        self.generic_visit(node)
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        if not all(isinstance(part, ast.Constant) for part in parts):
            return node
        return ast.copy_location(ast.Constant("".join(str(getattr(part, "value", "")) for part in parts)), node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """The arm that is taken, where the test compares constants now."""
        self.generic_visit(node)
        match node.test:
            case ast.Compare(left=ast.Constant(value=one), ops=[ast.Eq()], comparators=[ast.Constant(value=other)]):
                return node.body if one == other else node.orelse
        return node


def _add(found: Found, call: ast.Call, module: Module, modules: Modules) -> None:
    for keyword in call.keywords:
        named = getattr(keyword.value, "id", "") if keyword.arg == "action" else ""
        if named in _ACTIONS:
            keyword.value = ast.Constant(_ACTIONS[named])
    option = read_add_argument(call, module, modules)
    if option is None or not option.spellings or option.name == "help":
        return
    if option.spellings == (f"--{option.name}",):
        option = replace(option, spellings=())
    known = found.entries.get(option.name)
    if known is None:
        found.add(option.name, Entry(option))
    elif _sets(option.default) and any(keyword.arg == "action" for keyword in call.keywords):
        spelled = option.spellings or (f"--{option.name}",)
        found.add(option.name, Entry(replace(known.option, negations=(*known.option.negations, *spelled))))


def _sets(default: object) -> bool:
    """Whether a second definition for the same destination turns it off (`store_false`)."""
    return default is True


def _parser(module: Module) -> dict[str, Data]:
    """How the parser of this file departs from argparse's defaults."""
    found: dict[str, Data] = {}
    text = module.source.text
    if "allow_abbrev=False" in text:
        found["abbreviations"] = False
    if "CustomArgumentParser" in text or "_CustomParser" in text:
        found["dashed"] = True  # accelerate accepts every flag with dashes too (commands/utils.py _StoreAction)
    return found
