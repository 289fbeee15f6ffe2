"""What a script's own `__post_init__` does before the library's: whether it calls it at all, and which fields it sets."""

import ast

from lintune.scripts.fields import ScriptDataclass


def fields_set(found: ScriptDataclass) -> frozenset[str] | None:
    """The fields that the script's `__post_init__` may set; None where the library's is not called from it."""
    for definition in reversed(found.definitions):
        for node in getattr(definition.node, "body", ()):
            if isinstance(node, ast.FunctionDef) and node.name == "__post_init__":
                return _set_in(node) if _calls_base(node) else None
    return frozenset()


def _calls_base(node: ast.FunctionDef) -> bool:
    """`super().__post_init__()` or `TrainingArguments.__post_init__(self)`."""
    return any(isinstance(each, ast.Attribute) and each.attr == "__post_init__" for each in ast.walk(node))


def _set_in(node: ast.FunctionDef) -> frozenset[str]:
    found: set[str] = set()
    for each in ast.walk(node):
        match each:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id="self"), ast.Constant(value=str(name)), *_]):
                found.add(name)
    return frozenset(found)
