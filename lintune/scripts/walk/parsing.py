"""Parsers of command lines: what their calls give are the options of the launch."""

import ast
from collections import Counter
from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import Class, Data, Instance, Items, Library, Open, Parsed, Value, names_of, sequence
from lintune.scripts.walk.classes import fields_of, run_post_init
from lintune.scripts.walk.scopes import ancestry
from lintune.scripts.walk.walker import Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_PARSERS = ("HfArgumentParser", "TrlParser", "ArgumentParser")
_WHOLE = frozenset(("parse_args_into_dataclasses", "parse_json_file", "parse_yaml_file", "parse_dict"))


def make_parser(walk: "Walk", last: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value | None:
    """The parser that a call makes; None where it makes none."""
    if last not in _PARSERS:
        return None
    classes = args[0] if args else keywords.get("dataclass_types", Open())
    return Instance(Library(f"parsers.{last}"), {"classes": classes})


def parser_method(walk: "Walk", owner: Instance, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value | None:
    """What a method of a parser gives; None for objects that are none."""
    last = owner.name
    if last not in _PARSERS:
        return None
    if name == "error":
        message = str(args[0].value) if args and isinstance(args[0], Data) else getattr(args[0], "text", "") if args else ""
        walk.end("parser-error", message, "SystemExit", node, names_of(args[0]) if args else frozenset())
        raise Stopped
    if name == "exit":
        from lintune.scripts.walk.libraries import leave

        return leave(walk, args, node)
    if name in ("add_argument_group", "add_mutually_exclusive_group"):
        return owner
    if last != "ArgumentParser" and (name in _WHOLE or name == "parse_args_and_config"):
        return _instances(walk, owner, name, keywords, node)
    if name in ("parse_args", "parse_known_args"):
        made = _namespace(walk, node) if not keywords and _is_command_line(args, node) else Parsed(None)
        return sequence("tuple", (made, Open("the words that were not understood"))) if name == "parse_known_args" else made
    return Open(f"`{name}()` of the parser")


_COMMAND_LINE = frozenset(("sys.argv[1:]", "argv[1:]", "None"))


def _is_command_line(args: list[Value], node: ast.AST) -> bool:
    """Whether a parser is given the words of the command line."""
    if not args or (len(args) == 1 and isinstance(args[0], Data) and args[0].value is None):
        return True
    return isinstance(node, ast.Call) and len(node.args) == 1 and ast.unparse(node.args[0]) in _COMMAND_LINE


def _namespace(walk: "Walk", node: ast.AST) -> Value:
    """What `parse_args()` gives: the same object wherever it is called, since the command line is one."""
    script = walk.script
    if script.kind == "argparse" and not script.complete and script.holds:
        counts = Counter(option.name for option in (*script.arguments, *script.positionals))
        once = frozenset(name for name, count in counts.items() if count == 1)
        return Parsed(once)  # one of several parsers, or one with commands: other attributes may be there as well
    if 0 not in walk.parsed:
        complete = script.complete and script.kind == "argparse"
        walk.parsed[0] = Parsed(walk.option_names if complete else None, whole=complete)
    return walk.parsed[0]


def _instances(walk: "Walk", owner: Instance, name: str, keywords: dict[str, Value], node: ast.AST) -> Value:
    """The dataclass instances that a parser of transformers or TRL gives."""
    classes = owner.slots["classes"]
    if isinstance(classes, Class | Library):
        classes = sequence("tuple", (classes,))
    if not isinstance(classes, Items) or classes.open:
        return Open("the classes of the parser are not known")
    made = [_instance(walk, each, node) for each in classes.items]
    extra = keywords.get("return_remaining_strings")
    if isinstance(extra, Data) and extra.value:
        made.append(Open("the words that were not understood"))
    if name == "parse_args_and_config" and len(made) == 1:
        return made[0]
    return sequence("tuple", made)


def _instance(walk: "Walk", made: Value, node: ast.AST) -> Value:
    key = id(made.node) if isinstance(made, Class) else hash(getattr(made, "dotted", "")) or 1
    if key in walk.parsed:
        return walk.parsed[key]
    if isinstance(made, Class):
        classes, outside, known = ancestry(made)
        fields = frozenset(field for field, *_ in fields_of(made))
        plain = known and not outside and not any("__getattr__" in each.members for each in classes)
        parsed = Parsed(fields, made, plain, library=bool(outside) or not known)
        walk.parsed[key] = parsed
        run_post_init(walk, parsed, node)
        return parsed
    parsed = Parsed(frozenset(), None, False, library=True)
    walk.parsed[key] = parsed
    return parsed
