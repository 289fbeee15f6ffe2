"""Which parser an entry script builds, from the functions that its main part reaches."""

import ast
from collections.abc import Iterator
from typing import Literal, TypeAlias

from lintune.scripts.argparse_calls import DEEPSPEED_OPTIONS, read_add_argument
from lintune.scripts.modules import Definition, External, Module, Modules
from lintune.source.record import dataclass, field
from lintune.values.option import Option

ParserKind: TypeAlias = Literal["hf", "trl", "argparse", "fire", "none"]

_KINDS: dict[str, ParserKind] = {"HfArgumentParser": "hf", "TrlParser": "trl", "ArgumentParser": "argparse"}
_PARSE_CALLS = frozenset({"parse_args_into_dataclasses", "parse_args_and_config", "parse_args", "parse_known_args"})
_PARSER_WORDS = ("ArgumentParser", "TrlParser", "add_argument", "parse_args")
_MOST_SCOPES = 48
_MOST_BASES = 6

Scope: TypeAlias = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


class Reached:
    """A function (or a module's own statements) that runs when the script starts."""

    __slots__ = ("called", "calls", "module", "node", "statements")

    def __init__(self, module: Module, node: Scope, called: "tuple[ast.Call, Reached] | None" = None) -> None:
        """`called` is the call that led here, for binding parameters; None for the entry module itself."""
        self.module = module
        self.node = node
        self.called = called
        self.statements: list[ast.AST] = list(statements_of(node))
        """Every node that runs with the scope, in the order written."""
        self.calls: list[ast.Call] = [item for item in self.statements if isinstance(item, ast.Call)]


@dataclass(slots=True)
class Parser:
    """What is known of the parser of a script."""

    kind: ParserKind = "none"
    classes: list[Definition | External] = field(default_factory=list)
    arguments: list[Option] = field(default_factory=list)
    allows_leftovers: bool = False
    config_suffixes: tuple[str, ...] = ()
    looks_for_args_file: bool = True
    abbreviates: bool = True
    """Whether a flag may be shortened (argparse's `allow_abbrev`)."""
    holds: bool = True
    """Whether the options that were read have the values of the command line, whatever further ones there are."""
    unread: str = ""
    """Why the options may be more than what was read; empty when they are all."""


def reached_scopes(modules: Modules) -> list[Reached]:
    """The entry module and the project functions that it calls, directly or through others, in order of discovery."""
    if modules.entry is None:
        return []
    found = [Reached(modules.entry, modules.entry.tree)]
    seen: set[int] = set()
    for scope in found:
        for call in map(_spawned, scope.calls):
            if not _is_worth_following(call, scope.module, modules):
                continue
            match _callee(call.func, scope.module, modules):
                case Definition(module=home, node=ast.FunctionDef() | ast.AsyncFunctionDef() as function):
                    if id(function) not in seen and len(found) < _MOST_SCOPES:
                        seen.add(id(function))
                        found.append(Reached(home, function, (call, scope)))
    return found


def _spawned(call: ast.Call) -> ast.Call:
    """`xmp.spawn(train, args=...)`: what every process calls; any other call as it is."""
    if (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "spawn"
        and call.args
        and isinstance(call.args[0], ast.Name | ast.Attribute)
    ):
        return ast.copy_location(ast.Call(func=call.args[0], args=[], keywords=[]), call)
    return call


def _callee(function: ast.expr, module: Module, modules: Modules) -> Definition | External | None:
    """What a call runs: a function of the project, or the method of a class that is named with it (`Model.add_model_specific_args`)."""
    meaning = modules.resolve(module, function)
    if meaning is not None or not isinstance(function, ast.Attribute):
        return None if isinstance(meaning, Module) else meaning
    owner = modules.resolve(module, function.value)
    for _ in range(_MOST_BASES):
        if not isinstance(owner, Definition) or not isinstance(owner.node, ast.ClassDef):
            break
        for statement in owner.node.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == function.attr:
                return Definition(owner.module, statement)
        owner = modules.resolve(owner.module, owner.node.bases[0]) if owner.node.bases else None
    return owner if isinstance(owner, External) else None


def statements_of(scope: Scope) -> Iterator[ast.AST]:
    """Every node that runs with the scope: its body without the bodies of nested classes and functions."""
    pending: list[ast.AST] = list(reversed(scope.body))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        yield node
        pending.extend(reversed(list(ast.iter_child_nodes(node))))


def _is_worth_following(call: ast.Call, module: Module, modules: Modules) -> bool:
    """Whether a call may lead to the parser or to a guard: one into another file must build a parser or get options."""
    root = call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        return False
    if root.id in module.definitions:
        return True
    source = modules.source_of(module, root.id)
    if source is None:
        return bool(module.stars)
    if any(word in source.text for word in _PARSER_WORDS):
        return True
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any("arg" in getattr(value, "id", getattr(getattr(value, "value", None), "id", "")) for value in given)


def read_parser(scopes: list[Reached], modules: Modules) -> Parser:
    """The parser that the reached scopes build, with everything they add to it."""
    parser = Parser()
    built: list[tuple[Reached, ast.Call]] = []
    for scope in scopes:
        for call in scope.calls:
            kind = _kind_of(call, scope.module, modules)
            if kind != "none":
                built.append((scope, call))
                if parser.kind == "none" or (parser.kind == "argparse" and kind != "argparse"):
                    parser.kind = kind
    if parser.kind == "none":
        return _fired(scopes, modules) or Parser(unread="no argument parser that lintune reads was found in the script")
    main = [(scope, call) for scope, call in built if _kind_of(call, scope.module, modules) == parser.kind]
    if len(main) > 1:
        parser.unread = "the script builds more than one argument parser"
    parser.abbreviates = not any(
        word.arg == "allow_abbrev" and isinstance(word.value, ast.Constant) and word.value.value is False for word in main[0][1].keywords
    )
    if parser.kind in ("hf", "trl"):
        _read_classes(parser, main[0][1], main[0][0], modules)
    for scope in scopes:
        for call in scope.calls:
            _read_call(parser, call, scope.module, modules)
        if _changes_argv(scope):
            parser.unread, parser.holds = "the script changes `sys.argv`", False
    return parser


def _fired(scopes: list[Reached], modules: Modules) -> Parser | None:
    """The function that a script hands to python-fire, as a parser."""
    calls = [(call, scope.module) for scope in scopes if "fire" in scope.module.source.text for call in scope.calls]
    if not calls:
        return None
    from lintune.scripts.fire_calls import fired_function, read_parameters

    found = [function for call, module in calls if (function := fired_function(call, module, modules)) is not None]
    if len(found) != 1:
        return None
    options, unread = read_parameters(found[0], modules)
    return Parser("fire", arguments=options, abbreviates=False, unread=unread)


def _kind_of(call: ast.Call, module: Module, modules: Modules) -> ParserKind:
    match modules.resolve(module, call.func):
        case External(dotted=dotted) as external:
            return _KINDS.get(external.last, "none") if dotted.count(".") else "none"
        case Definition(module=home, node=ast.ClassDef(bases=bases)):
            for base in bases:
                meaning = modules.resolve(home, base)
                if isinstance(meaning, External) and meaning.last in _KINDS:
                    return _KINDS[meaning.last]
    return "none"


def _class(item: ast.expr, module: Module, modules: Modules, scope: Reached) -> Definition | External | None:
    """A class that is given to the parser."""
    meaning = modules.resolve(module, item)
    if isinstance(meaning, External) or (isinstance(meaning, Definition) and isinstance(meaning.node, ast.ClassDef)):
        return meaning
    from lintune.scripts.class_picks import picked_class

    return picked_class(item, module, modules, scope.statements)


def _read_classes(parser: Parser, call: ast.Call, scope: Reached, modules: Modules) -> None:
    module = scope.module
    given = call.args[0] if call.args else next((word.value for word in call.keywords if word.arg == "dataclass_types"), None)
    if isinstance(modules.resolve(module, call.func), Definition):
        parser.unread = "the script uses a parser class of its own"
    if isinstance(given, ast.Name):
        meaning = modules.resolve(module, given)
        if meaning is None:
            from lintune.scripts.class_picks import local_value

            given = local_value(given, scope.statements) or given
        if isinstance(meaning, Definition) and isinstance(meaning.node, ast.Assign):
            given, module = meaning.node.value, meaning.module
    items = given.elts if isinstance(given, ast.Tuple | ast.List) else [given] if given is not None else []
    for item in items:
        meaning = _class(item, module, modules, scope) if item is not None else None
        if meaning is not None:
            parser.classes.append(meaning)
        else:
            parser.unread = "a dataclass given to the parser could not be found"
    if not items:
        parser.unread = "the dataclasses given to the parser could not be found"


def _read_call(parser: Parser, call: ast.Call, module: Module, modules: Modules) -> None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    keywords = {word.arg: word.value for word in call.keywords}
    match name:
        case "add_argument" if isinstance(call.func, ast.Attribute):
            option = read_add_argument(call, module, modules)
            if option is None:
                parser.unread = "an option's name is computed"
            else:
                parser.arguments.append(option)
        case "add_subparsers" if isinstance(keywords.get("dest"), ast.Constant):
            parser.unread = parser.unread or f"the script calls `{name}`"
            parser.arguments.append(Option(str(ast.literal_eval(keywords["dest"])), has_default=False, site=module.site(call)))
        case "add_subparsers" | "set_defaults" | "add_argument_group_from":
            parser.unread = parser.unread or f"the script calls `{name}`"
            parser.holds = parser.holds and name == "add_subparsers"
        case "parse_json_file" | "parse_yaml_file":
            parser.config_suffixes = (*parser.config_suffixes, *((".json",) if "json" in name else (".yaml", ".yml")))
            if _is_true(keywords.get("allow_extra_keys")):
                parser.unread = parser.unread or "keys of the config file that no class has are left out"
        case _ if name in _PARSE_CALLS:
            _read_parse_call(parser, name, call, keywords)
        case "add_config_arguments":
            meaning = modules.resolve(module, call.func)
            if isinstance(meaning, External) and meaning.dotted == "deepspeed.add_config_arguments":
                parser.arguments.extend(DEEPSPEED_OPTIONS)
        case _:
            _read_outside(parser, name, call, module, modules)


def _read_outside(parser: Parser, name: str, call: ast.Call, module: Module, modules: Modules) -> None:
    """A function that is given the parser, and was not followed, may add options that were not read."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not any(isinstance(argument, ast.Name) and argument.id in ("parser", "arg_parser", "argparser") for argument in given):
        return
    match _callee(call.func, module, modules):
        case External():
            parser.unread, parser.holds = f"`{name}` of a library is given the parser", False
        case None:
            parser.unread, parser.holds = parser.unread or f"`{name}` is given the parser", False


def _read_parse_call(parser: Parser, name: str, call: ast.Call, keywords: dict[str | None, ast.expr]) -> None:
    if name == "parse_known_args" or _is_true(keywords.get("return_remaining_strings")):
        parser.allows_leftovers = True
    look = keywords.get("look_for_args_file")
    if isinstance(look, ast.Constant) and look.value is False:
        parser.looks_for_args_file = False
    words = call.args[0] if call.args else keywords.get("args")
    if words is not None and ast.unparse(words) not in ("sys.argv[1:]", "None", "argv[1:]", "args", "argv"):
        parser.unread, parser.holds = "the script parses words of its own choosing", False
    if keywords.keys() & {"args_filename", "args_file_flag"}:
        parser.unread, parser.holds = "the script reads further options from a file", False


def _changes_argv(scope: Reached) -> bool:
    if "sys.argv" not in scope.module.source.text:
        return False
    for node in scope.statements:
        match node:
            case ast.Attribute(value=ast.Name(id="sys"), attr="argv", ctx=ast.Store()):
                return True
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="sys"), attr="argv"), attr=method)):
                if method in ("append", "extend", "insert", "remove", "pop"):
                    return True
    return False


def _is_true(expression: ast.expr | None) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is True
