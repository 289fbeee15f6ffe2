"""Compares lintune's reading of command lines with the real `HfArgumentParser` of released transformers.

Usage: python tools/parser_oracle.py [--cache FOLDER] [--lines N] [RELEASE ...]

`hf_argparser.py` of a release runs alone (standard library and PyYAML only) on a dataclass that is cut out of
`training_args.py` by syntax; torch and transformers are never imported. Needs the archives that
`tools/refresh_surfaces.py` downloaded. Prints, for every release, how many options agree in name, choices, default
and number of words, and how many random command lines agree in outcome and in every value.
"""

import argparse
import ast
import contextlib
import dataclasses
import enum
import importlib.util
import io
import json
import os
import random
import sys
import tempfile
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from refresh_surfaces import download
from surface_reader import Archive, open_archive

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.option_table import OptionTable, library_table
from lintune.launch.word import Piece, Word
from lintune.source.text import Site, Source, Span
from lintune.surfaces.surface import load_surface
from lintune.values.value import Known, Unknown
from lintune.values.version import Pin, Specifiers, Version

ENUM_FILES = ("trainer_utils.py", "utils/generic.py", "debug_utils.py", "training_args.py")
FAILING = ("raw.invalid", "raw.unknown", "raw.windowed", "raw.required")
TRUTHS = ("true", "false", "True", "yes", "no", "t", "0", "1")
NUMBERS = ("1e-5", "3", "4.0", "0.1", "-1", "-0.5")
NAMES = ("steps", "epoch", "none", "wandb", "linear", "cosine", "adamw_torch", "adamw_hf", "x/y")
WORDS = (*TRUTHS, *NUMBERS, *NAMES)


class ExplicitEnum(str, enum.Enum):
    """Stands for `transformers.utils.ExplicitEnum`."""


def real_parser(archive: Archive, release: str) -> Any:
    """The release's own parser over its own `TrainingArguments`, fields only."""
    name = "oracle_" + release.replace(".", "_")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}_hf.py"
        path.write_text(archive.read("transformers/hf_argparser.py") or "", encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    scope = types.ModuleType(name)
    sys.modules[name] = scope
    names = scope.__dict__
    names.update({"dataclass": dataclasses.dataclass, "field": dataclasses.field, "Enum": enum.Enum, "ExplicitEnum": ExplicitEnum})
    names.update({item: getattr(typing, item) for item in typing.__all__})
    levels = ("detail", "debug", "info", "warning", "error", "critical", "passive")
    names["trainer_log_levels"] = dict.fromkeys(levels if "detail" in (archive.read("transformers/utils/logging.py") or "") else levels[1:])
    names["ParallelismConfig"] = type("ParallelismConfig", (), {})
    for file_name in ENUM_FILES:
        _define_enums(archive.read(f"transformers/{file_name}") or "", names)
    _define_class(archive.read("transformers/training_args.py") or "", names)
    return module.HfArgumentParser(names["TrainingArguments"])


def _define_enums(text: str, names: dict[str, Any]) -> None:
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases) and node.name != "ExplicitEnum":
            node.decorator_list = []
            node.body = [item for item in node.body if not isinstance(item, ast.FunctionDef)]
            with contextlib.suppress(Exception):
                exec(compile(ast.Module([node], []), "enums", "exec"), names)


def _define_class(text: str, names: dict[str, Any]) -> None:
    node = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == "TrainingArguments")
    node.body = [item for item in node.body if isinstance(item, ast.AnnAssign) or _is_plain_assignment(item)]
    decorator = ast.parse("dataclass").body[0]
    assert isinstance(decorator, ast.Expr)
    node.decorator_list = [decorator.value]
    node.bases = []
    stubs = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)} - names.keys() - set(dir(__builtins__))
    names.update({stub: (lambda *_: True) for stub in stubs if stub.startswith("is_")})
    exec(compile(ast.fix_missing_locations(ast.Module([node], [])), "training_args", "exec"), names)


def _is_plain_assignment(item: ast.stmt) -> bool:
    return isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant)


def table_of(release: str) -> OptionTable:
    """lintune's table for the same release."""
    pin = Pin("transformers", Specifiers.parse(f"=={release}"))
    return library_table("transformers.TrainingArguments", pins={"transformers": pin}, unread="")


def compare_options(parser: Any, table: OptionTable) -> list[str]:
    """What differs between the parser's actions and the table."""
    problems: list[str] = []
    actions = {action.dest: action for action in reversed(parser._actions) if action.dest != "help"}
    here = {name: found.option for name, found in table.options.items() if found.presence == "all"}
    problems += [f"only in {'parser' if name in actions else 'table'}: {name}" for name in actions.keys() ^ here.keys()]
    for name in actions.keys() & here.keys():
        action, option = actions[name], here[name]
        many_of_enum = option.nargs == "many" and option.type == "enum"
        if option.choices != tuple(str(choice) for choice in action.choices or ()) and not many_of_enum:
            problems.append(f"{name}: choices")
        if action.required != option.required:
            problems.append(f"{name}: required")
        words = {"?": "optional", "+": "many", None: "one"}[action.nargs]
        if words != option.nargs:
            problems.append(f"{name}: words")
        default = parser._get_value(action, action.default) if isinstance(action.default, str) else action.default
        if option.default_known and not option.required and _plain(default) != _plain(option.default):
            problems.append(f"{name}: default {default!r} {option.default!r}")
    return problems


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def random_line(generator: random.Random, parser: Any) -> list[str]:
    """A random command line, right or wrong in the ways that people are."""
    skipped = ("help", "parallelism_config")  # the latter is a class of accelerate, which is not at hand
    spellings = [text for text, action in parser._option_string_actions.items() if action.dest not in skipped]
    words = ["--output_dir", "out"]
    for _ in range(generator.randint(1, 4)):
        flag = generator.choice(spellings)
        action = parser._option_string_actions[flag]
        if generator.random() < 0.12:
            flag = flag[: generator.randint(4, len(flag))]
        elif generator.random() < 0.06:
            flag = generator.choice(("--evaluation_strategy", "--eval_strategy", "--lora_r", "--no_cuda", "-x", "--report-to"))
        values = [generator.choice(WORDS) for _ in range(generator.choice((0, 1, 1, 1, 1, 2)))]
        if action.choices and generator.random() < 0.7:
            values = [str(generator.choice(list(action.choices)))]
        words += [f"{flag}={values[0]}"] if len(values) == 1 and generator.random() < 0.2 else [flag, *values]
    return words


def run_real(parser: Any, line: list[str]) -> dict[str, Any] | None:
    """The values of the real parser, or None where it refuses the line."""
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            found = parser.parse_args_into_dataclasses(args=list(line), look_for_args_file=False)[0]
        except (SystemExit, ValueError):
            return None
    return {item.name: getattr(found, item.name) for item in dataclasses.fields(found) if item.init}


def words_of(line: Sequence[str]) -> list[Word]:
    """The words of a line with sites in a text of its own."""
    source, at, words = Source("line", " ".join(line)), 0, []
    for text in line:
        site = Site(source, Span(at, at + len(text)))
        words.append(Word(site, (Piece(text, site),)))
        at += len(text) + 1
    return words


def agrees(real: dict[str, Any] | None, parsed: Parsed, table: OptionTable) -> bool:
    """Whether both refuse, or both accept with the same values."""
    refused = any(parsed.items.get(name) for name in FAILING)
    if (real is None) or refused:
        return (real is None) and refused
    for name, value in real.items():
        ours = parsed.values[name]
        if isinstance(ours, Unknown):
            continue
        mine = ours.value if isinstance(ours, Known) else None
        if table.options[name].option.type == "dict" and isinstance(value, str) and value.startswith("{"):
            value = json.loads(value)
        if _plain(value) != _plain(mine):
            return False
    return True


def main() -> None:
    """Runs the comparison and prints what differs; exits with 1 where anything does."""
    options = argparse.ArgumentParser(description=__doc__)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    options.add_argument("--cache", type=Path, default=Path(home) / "lintune-surfaces")
    options.add_argument("--lines", type=int, default=400)
    options.add_argument("releases", nargs="*")
    chosen = options.parse_args()
    surface = load_surface("transformers", "TrainingArguments")
    assert surface
    names = chosen.releases or [str(version) for version in surface.releases]
    right = total = same = checked = 0
    for release in names:
        archive = download("transformers", Version.parse(release), chosen.cache)
        if archive is None:
            continue
        parser, table = real_parser(open_archive(archive), release), table_of(release)
        problems = compare_options(parser, table)
        checked, same = checked + len(table.options), same + len(table.options) - len(problems)
        print(release, *problems[:8], sep="\n    ") if problems else None
        generator, wrong = random.Random(release), 0
        for _ in range(chosen.lines):
            line = random_line(generator, parser)
            real, parsed = run_real(parser, line), parse_command_line(words_of(line), table)
            total += 1
            if agrees(real, parsed, table):
                right += 1
            elif (wrong := wrong + 1) <= 3:
                print(release, "differs:", " ".join(line), "-> refused" if real is None else "-> accepted", list(parsed.items))
    print(f"{len(names)} releases: {same} of {checked} options and {right} of {total} command lines agree")
    sys.exit(0 if right == total and same == checked else 1)


if __name__ == "__main__":
    main()
