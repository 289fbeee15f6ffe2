"""What a project's own Trainer overrides, where releases of transformers call it with other arguments than before."""

import ast
from collections.abc import Iterable
from typing import TypeAlias

from lintune.scripts.modules import Module
from lintune.source.text import Site

Override: TypeAlias = tuple[str, Site]
"""The name of the class, and the method's signature or the argument."""

_PLAIN = frozenset(("Trainer", "Seq2SeqTrainer"))
_Classes: TypeAlias = dict[str, tuple[Module, ast.ClassDef]]


def old_training_step(modules: Iterable[Module]) -> Override | None:
    """A `training_step` that cannot take the third argument that transformers 4.46 and later pass by position."""
    for module, node in _trainers(modules).values():
        method = _method(node, "training_step")
        if method is not None and len(method.args.posonlyargs) + len(method.args.args) < 4 and method.args.vararg is None:
            return node.name, module.site(_signature(method))
    return None


def old_compute_loss(modules: Iterable[Module]) -> Override | None:
    """A `compute_loss` without `num_items_in_batch`, where transformers' own `training_step` calls it."""
    classes = _trainers(modules)
    for module, node in classes.values():
        method = _method(node, "compute_loss")
        if method is None or method.args.kwarg is not None or "num_items_in_batch" in _parameters(method):
            continue
        if not any(_method(each, "training_step") for each in _family(node, classes)):
            return node.name, module.site(_signature(method))
    return None


def tokenizer_argument(modules: Iterable[Module]) -> Override | None:
    """`tokenizer=` given to transformers' Trainer, or to a class of the project made from it without an `__init__` of its own."""
    modules = list(modules)
    classes = _trainers(modules)
    plain = {name for name, (_, node) in classes.items() if _is_plain(node, classes)} | _PLAIN
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and _last(node.func) in plain:
                for keyword in node.keywords:
                    if keyword.arg == "tokenizer":
                        return _last(node.func), module.site(keyword)
    return None


def _trainers(modules: Iterable[Module]) -> _Classes:
    """The classes of a project that have a Trainer among their bases, by name."""
    found: _Classes = {}
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and any(_last(base).endswith("Trainer") for base in node.bases):
                found.setdefault(node.name, (module, node))
    return found


def _family(node: ast.ClassDef, classes: _Classes) -> list[ast.ClassDef]:
    """A class and those of its bases that the project defines, and the classes made from it."""
    above = [classes[_last(base)][1] for base in node.bases if _last(base) in classes and _last(base) != node.name]
    below = [other for _, other in classes.values() if any(_last(base) == node.name for base in other.bases)]
    return [node, *above, *below]


def _is_plain(node: ast.ClassDef, classes: _Classes, depth: int = 0) -> bool:
    if _method(node, "__init__") is not None or depth > 5:
        return False
    bases = [_last(base) for base in node.bases]
    return bool(_PLAIN & set(bases)) or any(base in classes and _is_plain(classes[base][1], classes, depth + 1) for base in bases)


def _method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    return next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == name), None)


def _parameters(method: ast.FunctionDef) -> set[str]:
    return {each.arg for each in (*method.args.posonlyargs, *method.args.args, *method.args.kwonlyargs)}


def _signature(method: ast.FunctionDef) -> ast.AST:
    """Stands for the method where its name and parameters are written, not its body."""
    last = max((*method.args.args, *method.args.kwonlyargs), key=lambda each: (each.lineno, each.col_offset), default=None)
    end = last.annotation if last is not None and last.annotation is not None else last
    place = ast.Pass(lineno=method.lineno, col_offset=method.col_offset)
    place.end_lineno = getattr(end, "end_lineno", None) or method.lineno
    place.end_col_offset = getattr(end, "end_col_offset", None) or method.col_offset + len("def " + method.name)
    return place


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
