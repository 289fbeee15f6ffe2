"""Where a script saves the model on one rank only, with a call in which every rank must take part under ZeRO-3."""

import ast
from collections.abc import Iterator

from lintune.scripts.modules import Module
from lintune.source.text import Site

_RANKS = frozenset(("local_rank", "rank", "global_rank", "process_index"))
_ALONE = frozenset(("should_save", "is_world_process_zero", "is_local_process_zero", "is_main_process", "is_local_main_process"))


def rank0_save(modules: Iterator[Module]) -> Site | None:
    """The condition around a `save_model` call that only rank 0 enters; None where there is none.

    `Trainer.save_model` gathers ZeRO-3 weights with a collective call, `save_pretrained` and `_save` do not.
    """
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.If) and _one_rank(node.test) and any(_saves(each) for part in node.body for each in ast.walk(part)):
                return module.site(node.test)
    return None


def _one_rank(test: ast.expr) -> bool:
    """Whether a condition lets only one rank pass."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return any(_one_rank(value) for value in values)
        case ast.Compare(left=ast.Name(id=name) | ast.Attribute(attr=name), ops=[ast.Eq()], comparators=[ast.Constant(value=0)]):
            return name in _RANKS
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[]) | ast.Attribute(attr=name):
            return name in _ALONE
    return False


def _saves(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "save_model"
