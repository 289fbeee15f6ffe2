"""Compares the surfaces of command lines with the parsers that the released code itself builds.

Usage: python tools/surface_oracle.py [--cache FOLDER] [PACKAGE ...]

Only the statements that build the parser are run (cut out of the module by syntax, with stand-ins for every other name),
so nothing of the package is imported. Prints, per program, the releases in which names, spellings, defaults, choices and
numbers of words all agree, and each difference; the exit status is 1 where there is any.
"""

import argparse
import ast
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from refresh_surfaces import download  # type: ignore[import-not-found,unused-ignore]
from surface_archive import Archive, open_archive  # type: ignore[import-not-found,unused-ignore]
from surface_packages import PACKAGES  # type: ignore[import-not-found,unused-ignore]

from lintune.source.data import data_folder
from lintune.surfaces.surface import Surface, load_surface
from lintune.values.option import Option

FUNCTIONS = {
    ("accelerate", "launch"): ("accelerate/commands/launch.py", "launch_command_parser"),
    ("deepspeed", "launcher"): ("deepspeed/launcher/runner.py", "parse_args"),
    ("torch", "torchrun"): ("torch/distributed/run.py", "get_args_parser"),
}


class StandIn:
    """Something of the package that the parser's statements mention: callable, has every attribute, equals nothing."""

    def __call__(self, *_: object, **__: object) -> "StandIn":
        """Itself."""
        return self

    def __getattr__(self, name: str) -> "StandIn":
        """Itself, but for what Python asks of objects."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __iter__(self) -> Iterator[Any]:
        """Nothing."""
        return iter(())

    def __getitem__(self, _: object) -> "StandIn":
        """Itself."""
        return self

    def __add__(self, _: object) -> "StandIn":
        """Itself."""
        return self

    __radd__ = __add__


class Names(dict[str, Any]):
    """The names that the statements see."""

    def __missing__(self, name: str) -> Any:
        """A stand-in for a name that is none of Python's own."""
        import builtins

        return getattr(builtins, name, None) or StandIn()


class Done(Exception):
    """The parser was asked to parse: it is complete."""


class Parser(argparse.ArgumentParser):
    """A real parser that stops when it is complete."""

    made: "Parser | None" = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A parser with the same arguments."""
        super().__init__(*args, **{name: value for name, value in kwargs.items() if not isinstance(value, StandIn)})
        Parser.made = self

    def add_argument(self, *args: Any, **kwargs: Any) -> Any:
        """As argparse does it, without stand-ins for types and actions."""
        known = {name: value for name, value in kwargs.items() if name not in ("type", "action") or not isinstance(value, StandIn)}
        return super().add_argument(*args, **known)

    def register(self, registry: Any, value: Any, made: Any) -> None:
        """As argparse does it, without stand-ins for actions."""
        if not isinstance(made, StandIn):
            super().register(registry, value, made)

    def parse_args(self, *_: Any, **__: Any) -> Any:
        """Ends the statements."""
        raise Done

    parse_known_args = parse_args


def real_parser(archive: Archive, path: str, function: str) -> Parser | None:
    """The parser that a function, or the main part of a program, builds."""
    tree = ast.parse(archive.read(path) or "")
    Parser.made = None
    actions = {"env": argparse._StoreAction, "check_env": argparse._StoreTrueAction}
    module = SimpleNamespace(**{**vars(argparse), "ArgumentParser": Parser})
    names = Names({**vars(module), "argparse": module, "CustomArgumentParser": Parser, "__name__": "__main__", **actions})
    constants = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.List)]
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            body = [node, *ast.parse(f"{function}()").body]
        elif not function and isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            body = node.body
    with suppress(Done):
        exec(compile(ast.Module([*constants, *body], []), path, "exec"), names)
    return Parser.made


def differences(parser: Parser, options: dict[str, Option]) -> list[str]:
    """What the surface and the real parser disagree about."""
    found: list[str] = []
    real: dict[str, list[argparse.Action]] = {}
    for action in parser._actions:
        if action.option_strings and action.dest != "help":
            real.setdefault(action.dest, []).append(action)
    found += [f"{name}: only in the parser" for name in real.keys() - options.keys()]
    found += [f"{name}: only in the surface" for name in options.keys() - real.keys()]
    for name in real.keys() & options.keys():
        found += [f"{name}: {what}" for what in _unlike(real[name], options[name])]
    return found


def _unlike(actions: list[argparse.Action], option: Option) -> list[str]:
    first = actions[0]
    found: list[str] = []
    spelled = {text for action in actions for text in action.option_strings}
    ours = {*(option.spellings or (f"--{option.name}",)), *option.negations}
    if spelled != ours:
        found.append(f"spelled {sorted(spelled)}, not {sorted(ours)}")
    default = parser_default(first)
    if option.default_known and not isinstance(default, StandIn) and default != option.default and not option.required:
        found.append(f"default {default!r}, not {option.default!r}")
    computed = isinstance(first.choices, StandIn) or (first.choices is not None and not tuple(first.choices))
    unread = computed or not option.choices  # choices that the package computes from other modules are left open
    choices = option.choices if unread else tuple(str(choice) for choice in first.choices or ())
    if choices != option.choices:
        found.append(f"choices {choices}, not {option.choices}")
    if (first.nargs == 0) != (option.nargs == "none"):
        found.append(f"takes {first.nargs} words, not {option.nargs}")
    return found


def parser_default(action: argparse.Action) -> Any:
    """The default, with lists as tuples, and converted as argparse converts a text."""
    default = action.default
    if isinstance(default, str) and callable(action.type) and action.type in (int, float):
        return action.type(default)
    return tuple(default) if isinstance(default, list) else default


def compare(surface: Surface, function: tuple[str, str] | None, cache: Path) -> tuple[int, list[str]]:
    """How many releases agree entirely, and the differences of the others."""
    package = next(package for package in PACKAGES if package.name == surface.package)
    agree, found = 0, []
    for version in surface.releases:
        path = download(package.name, version, cache, package.keep)
        options = surface.options_at(version)
        if path is None or not options:
            continue
        where, name = function or (f"{surface.package}/cli/{surface.name}.py", "")
        try:
            parser = real_parser(open_archive(path), where, name)
        except argparse.ArgumentError as error:
            print(f"{surface.package} {version} {surface.name}: no run of it gets past its own parser: {error}")
            continue
        wrong = differences(parser, options) if parser is not None else ["no parser was built"]
        found += [f"{surface.package} {version} {surface.name}: {text}" for text in wrong]
        agree += not wrong
    return agree, found


def main() -> int:
    """Compares the named packages, or all."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("packages", nargs="*")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    words.add_argument("--cache", type=Path, default=Path(home) / "lintune-surfaces")
    asked = words.parse_args()
    names = [*FUNCTIONS, *(("openrlhf", path.stem) for path in sorted((data_folder("schemas") / "surfaces" / "openrlhf").glob("*.json")))]
    worst = 0
    for package, name in names:
        surface = load_surface(package, name)
        if surface is None or (asked.packages and package not in asked.packages):
            continue
        agree, found = compare(surface, FUNCTIONS.get((package, name)), asked.cache)
        print(f"{package}.{name}: {agree} releases agree, {len(found)} differences")
        print(*found[:20], sep="\n", end="\n" if found else "")
        worst = worst or bool(found)
    return int(worst)


if __name__ == "__main__":
    sys.exit(main())
