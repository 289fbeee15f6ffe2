"""Single signs in a training script that rules speak of: callbacks that thaw parameters, early stopping, input gradients."""

import ast
from collections.abc import Callable, Iterator, Mapping

from lintune.scripts.modules import Module
from lintune.scripts.token_signs import adds_tokens, pads_without_token, reads_dropped_columns, trains_if_asked
from lintune.source.text import Site

_HOOKS = frozenset(("on_train_begin", "on_epoch_begin", "on_step_begin", "on_step_end", "on_epoch_end"))


def late_thaw(modules: Iterator[Module]) -> Site | None:
    """Where a Trainer callback sets `requires_grad` to True.

    The Trainer makes its optimizer of the parameters that require gradients when training starts (trainer.py
    `create_optimizer`), before the first hook; what is thawed later is in no group of it.
    """
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ClassDef) or not any("Callback" in ast.unparse(base) for base in node.bases):
                continue
            hooks = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name in _HOOKS]
            freezes = any(_sets(each, False) for each in ast.walk(node))
            for hook in hooks:
                for each in ast.walk(hook):
                    if _sets(each, True) and not freezes:
                        return module.site(each)
    return None


def early_stopping(modules: Iterator[Module]) -> Site | None:
    """Where the script makes transformers' `EarlyStoppingCallback`."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "EarlyStoppingCallback":
                return module.site(node)
    return None


def starts_processes(modules: Iterator[Module]) -> Site | None:
    """Where the script starts its processes itself: `xmp.spawn(...)` of torch_xla, `torch.multiprocessing.spawn(...)`."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "spawn" and node.args:
                return module.site(node)
    return None


def _sets(node: ast.AST, value: bool) -> bool:
    match node:
        case ast.Assign(targets=[ast.Attribute(attr="requires_grad")], value=ast.Constant(value=given)):
            return given is value
        case ast.Call(func=ast.Attribute(attr="requires_grad_"), args=[ast.Constant(value=given)]):
            return given is value
        case ast.Call(func=ast.Attribute(attr="requires_grad_"), args=[], keywords=[]):
            return value
    return False


SIGNS: Mapping[str, tuple[str, Callable[[Iterator[Module]], Site | None]]] = {
    "late_thaw": ("requires_grad", late_thaw),
    "starts_processes": ("spawn(", starts_processes),
    "early_stopping": ("EarlyStoppingCallback", early_stopping),
    "pads_without_token": ("tokenizer", pads_without_token),
    "adds_tokens": ("", adds_tokens),
    "reads_dropped_columns": ("data_collator", reads_dropped_columns),
    "trains_if_asked": (".train(", trains_if_asked),
}
"""By name: a word that the files hold, and what finds the place."""
