"""Where the dataclasses of a script get their values when the command line does not give them: from a file that it names."""

import ast
from collections.abc import Mapping

from lintune.scripts.bindings import Bindings
from lintune.scripts.parsers import Reached
from lintune.source.record import dataclass

_FROM_FILE = frozenset({"parse_json_file", "parse_yaml_file"})
_FROM_MAPPING = "parse_dict"
_FROM_WORDS = frozenset({"parse_args_into_dataclasses", "parse_args_and_config"})
_SAME_PATH = frozenset({"abspath", "realpath", "expanduser", "str", "Path"})


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """The file from which alone a script fills its dataclasses: transformers' `HfArgumentParser.parse_json_file` and its like."""

    option: str = ""
    """The option of the command line that names the file."""
    path: str = ""
    """The file, where the script names it itself."""
    first_word: bool = False
    """Whether it is the first word of the command line (`sys.argv[1]`)."""
    keeps_extra: bool = False
    """Whether keys that no class has are left out instead of refused."""


def config_source(scopes: list[Reached], bindings: Mapping[int, Bindings]) -> ConfigSource | None:
    """The file behind a script's dataclasses; None where the command line gives them as well."""
    found: list[ConfigSource] = []
    for scope in scopes:
        for call in scope.calls:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if name in _FROM_WORDS:
                return None
            if name in _FROM_FILE:
                found.append(_source(call, scope, bindings[id(scope.node)]))
            elif name == _FROM_MAPPING:
                found.append(ConfigSource())
    return None if not found else found[0] if found.count(found[0]) == len(found) else ConfigSource()


def _source(call: ast.Call, scope: Reached, bindings: Bindings) -> ConfigSource:
    keywords = {word.arg: word.value for word in call.keywords}
    given = call.args[0] if call.args else keywords.get("json_file", keywords.get("yaml_file"))
    extra = keywords.get("allow_extra_keys")
    keeps_extra = isinstance(extra, ast.Constant) and extra.value is True
    path = _bare(given)
    if isinstance(path, ast.Name) and not bindings.option(path):
        path = _bare(_assigned(path.id, scope))
    match path:
        case ast.Constant(value=str(text)):
            return ConfigSource(path=text, keeps_extra=keeps_extra)
        case ast.Subscript(value=ast.Attribute(value=ast.Name(id="sys"), attr="argv"), slice=ast.Constant(value=1)):
            return ConfigSource(first_word=True, keeps_extra=keeps_extra)
    option = bindings.option(path) if path is not None else ""
    return ConfigSource(option=option, keeps_extra=keeps_extra)


def _bare(path: ast.expr | None) -> ast.expr | None:
    """The path inside calls that leave the file the same."""
    while isinstance(path, ast.Call) and path.args:
        name = path.func.attr if isinstance(path.func, ast.Attribute) else getattr(path.func, "id", "")
        if name not in _SAME_PATH:
            break
        path = path.args[0]
    return path


def _assigned(name: str, scope: Reached) -> ast.expr | None:
    """What a name is assigned in a scope, where that is done once."""
    values = [node.value for node in scope.statements if isinstance(node, ast.Assign) for target in node.targets if _is(target, name)]
    return values[0] if len(values) == 1 else None


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name
