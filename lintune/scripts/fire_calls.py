"""`fire.Fire(function)`: the parameters of the function are the options.

python-fire (0.1 to 0.7, core.py `_ParseKeywordArgs`) takes `--name value`, `--name=value`, `-name`, the first letter where only
one parameter has it, and `--noname` for False; a flag without a word is True. Words are read as Python literals, or else text.
What no parameter takes is left over: the function runs, then fire fails with `Could not consume arg`.
"""

import ast
from collections import Counter

from lintune.scripts.literals import literal
from lintune.scripts.modules import Definition, External, Module, Modules
from lintune.values.option import Option

_SEEN_THROUGH = frozenset(("record", "no_grad", "inference_mode"))
"""Decorators that keep the parameters of a function visible."""


def fired_function(call: ast.Call, module: Module, modules: Modules) -> Definition | None:
    """The function of the project that a call hands to python-fire; None for any other call."""
    match modules.resolve(module, call.func):
        case External(dotted="fire.Fire" | "fire.core.Fire"):
            found = modules.resolve(module, call.args[0]) if len(call.args) == 1 and not call.keywords else None
            return found if isinstance(found, Definition) and isinstance(found.node, ast.FunctionDef) else None
    return None


def read_parameters(found: Definition, modules: Modules) -> tuple[list[Option], str]:
    """The options that the parameters are, and why there may be others (empty where there are none)."""
    node = found.node
    assert isinstance(node, ast.FunctionDef)
    spec = node.args
    names = [each.arg for each in (*spec.args, *spec.kwonlyargs)]
    letters = Counter(name[0] for name in names)
    defaults: dict[str, ast.expr] = dict(zip(names[len(spec.args) - len(spec.defaults) : len(spec.args)], spec.defaults, strict=True))
    defaults.update((each.arg, value) for each, value in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if value is not None)
    options = [
        _option(each, defaults.get(each.arg), letters[each.arg[0]] == 1, found, modules, node.name)
        for each in (*spec.args, *spec.kwonlyargs)
    ]
    unread = ""
    if spec.kwarg is not None or spec.posonlyargs:
        unread = f"`{node.name}()` takes further options"
    elif any(_last(each) not in _SEEN_THROUGH for each in node.decorator_list):
        unread = f"a decorator of `{node.name}()` decides its options"
    return options, unread


def _option(parameter: ast.arg, default: ast.expr | None, alone: bool, found: Definition, modules: Modules, function: str) -> Option:
    name = parameter.arg
    value = literal(default, modules, found.module) if default is not None else None
    texts = [name, name.replace("_", "-")] if "_" in name else [name]
    spellings = [f"{dashes}{text}" for text in texts for dashes in ("--", "-")]
    if alone and len(name) > 1:
        spellings.append(f"-{name[0]}")
    return Option(
        name,
        "literal",
        value.value if value is not None else None,
        has_default=default is not None,
        default_known=default is None or value is not None,
        required=default is None,
        nargs="optional",
        spellings=tuple(dict.fromkeys(spellings)),
        negations=tuple(f"--no{text}" for text in texts),
        site=found.module.site(parameter),
        origin=f"{found.module.source.path.rpartition('/')[2]} {function}()",
    )


def _last(node: ast.expr) -> str:
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
