"""Which local names of a script hold parsed options, so that `training_args.use_lora` is known to read `use_lora`."""

import ast

from lintune.scripts.parsers import Reached
from lintune.source.record import dataclass, field

_WHOLE = frozenset({"parse_args_into_dataclasses", "parse_args_and_config", "parse_json_file", "parse_yaml_file", "parse_dict"})
_SINGLE = frozenset({"parse_args", "parse_known_args"})


@dataclass(slots=True)
class Bindings:
    """The names of one scope that hold parsed values."""

    holders: set[str] = field(default_factory=set)
    """Names of whole dataclass instances or namespaces."""
    options: dict[str, str] = field(default_factory=dict)
    """Local names that are plain copies of one option: `use_liger = training_args.use_liger`."""

    def read(self, expression: ast.AST) -> set[str]:
        """The options that an expression reads."""
        found: set[str] = set()
        for node in ast.walk(expression):
            option = self.option(node)
            if option:
                found.add(option)
        return found

    def option(self, node: ast.AST) -> str:
        """The one option that a node reads, or nothing."""
        match node:
            case ast.Attribute(value=ast.Name(id=holder), attr=name) if holder in self.holders:
                return name
            case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[ast.Name(id=holder), ast.Constant(value=str() as name), *_]):
                return name if holder in self.holders else ""
            case ast.Name(id=name):
                return self.options.get(name, "")
        return ""


def bind(scopes: list[Reached]) -> dict[int, Bindings]:
    """The bindings of every scope, by the identity of its node; parameters are bound through the call that led there."""
    found: dict[int, Bindings] = {}
    shared = Bindings()
    for scope in scopes:
        bindings = Bindings(set(shared.holders))
        if scope.called is not None:
            _bind_parameters(scope, found[id(scope.called[1].node)], bindings)
        for node in scope.statements:
            if isinstance(node, ast.Assign):
                _bind_assignment(node, bindings)
        if scope.called is None:
            shared = bindings
        else:
            _share_globals(scope, bindings, shared)
        found[id(scope.node)] = bindings
    return found


def _share_globals(scope: Reached, bindings: Bindings, shared: Bindings) -> None:
    for node in scope.statements:
        if isinstance(node, ast.Global):
            shared.holders.update(name for name in node.names if name in bindings.holders)


def _bind_assignment(node: ast.Assign, bindings: Bindings) -> None:
    target = node.targets[0]
    match node.value:
        case ast.Call(func=ast.Attribute(attr=name)) if name in _WHOLE or name in _SINGLE:
            _bind_targets(target, bindings, first_only=name == "parse_known_args")
        case ast.Call(func=ast.Name(id=name)) if isinstance(target, ast.Tuple) or target_name(target).endswith("args"):
            if "arg" in name:
                _bind_targets(target, bindings, first_only=False)
        case _ if isinstance(target, ast.Name):
            option = bindings.option(node.value)
            if option:
                bindings.options[target.id] = option
            else:
                bindings.options.pop(target.id, None)
            if isinstance(node.value, ast.Name) and node.value.id in bindings.holders:
                bindings.holders.add(target.id)


def target_name(target: ast.expr) -> str:
    """The name that is assigned, or nothing."""
    return target.id if isinstance(target, ast.Name) else ""


def _bind_targets(target: ast.expr, bindings: Bindings, first_only: bool) -> None:
    items = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    for item in items[:1] if first_only else items:
        if isinstance(item, ast.Starred):
            continue
        bindings.holders.update(filter(None, [target_name(item)]))


def _bind_parameters(scope: Reached, outer: Bindings, inner: Bindings) -> None:
    if scope.called is None or isinstance(scope.node, ast.Module):
        return
    call, parameters = scope.called[0], [*scope.node.args.posonlyargs, *scope.node.args.args]
    pairs: list[tuple[str, ast.expr]] = [(parameter.arg, value) for parameter, value in zip(parameters, call.args, strict=False)]
    pairs += [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg]
    for name, value in pairs:
        if isinstance(value, ast.Name) and value.id in outer.holders:
            inner.holders.add(name)
        elif outer.option(value):
            inner.options[name] = outer.option(value)
