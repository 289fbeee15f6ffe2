"""Writes the guards of released library classes under `schemas/guards/`.

Usage: python tools/refresh_guards.py [--cache FOLDER] [--counts] [NAME ...]

For every release: each `raise` of `TrainingArguments.__post_init__` (helpers followed into), of the programs of
`guard_packages.py` and of the validators of axolotl's models that options alone decide, with its condition, message and place.
Releases are read from the archives that `refresh_surfaces.py` downloads (what is missing is downloaded one by one); their source
is read by syntax, never imported. Running it again with nothing new changes nothing.
"""

import argparse
import ast
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from guard_nodes import Nodes  # type: ignore[import-not-found,unused-ignore]
from guard_packages import PROGRAMS, Program  # type: ignore[import-not-found,unused-ignore]
from guard_reader import GuardReader, Raised  # type: ignore[import-not-found,unused-ignore]
from refresh_surfaces import download  # type: ignore[import-not-found,unused-ignore]
from surface_archive import open_archive  # type: ignore[import-not-found,unused-ignore]

from lintune.surfaces.surface import Surface, load_surface
from lintune.values.version import Version

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
PACKAGE, CLASS, FILE = "transformers", "TrainingArguments", "training_args.py"
_ENUM_FILES = (FILE, "trainer_utils.py", "debug_utils.py", "utils/generic.py")


def wheel_of(version: Version, cache: Path) -> zipfile.ZipFile | None:
    """A release's wheel: from the cache, or downloaded into it; None where there is none to be had."""
    folder = cache / PACKAGE
    found = sorted(folder.glob(f"{PACKAGE}-{version}-*.whl"))
    if not found:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(folder)]
        subprocess.run([*command, f"{PACKAGE}=={version}"], capture_output=True, check=False)
        found = sorted(folder.glob(f"{PACKAGE}-{version}-*.whl"))
    return zipfile.ZipFile(found[0]) if found else None


def read_enums(trees: Sequence[ast.Module]) -> dict[str, dict[str, str]]:
    """The text members of every enumeration, by class."""
    found: dict[str, dict[str, str]] = {}
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
                members = {
                    each.targets[0].id: each.value.value
                    for each in node.body
                    if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name) and isinstance(each.value, ast.Constant)
                }
                found[node.name] = {name: value for name, value in members.items() if isinstance(value, str)}
    return found


def read_release(wheel: zipfile.ZipFile, options: Sequence[str], nodes: Nodes) -> tuple[list[Raised], int]:
    """The guards of one release, and how many raises there are in all."""
    held = set(wheel.namelist())
    trees = {name: ast.parse(wheel.read(f"{PACKAGE}/{name}")) for name in _ENUM_FILES if f"{PACKAGE}/{name}" in held}
    reader = GuardReader(nodes, trees[FILE], CLASS, options, read_enums(list(trees.values())))
    return reader.read(), reader.seen


class Windows:
    """The guards of a program over releases: equal ones joined."""

    def __init__(self) -> None:
        self.nodes = Nodes()
        self.found: dict[tuple[int, str, str], list[list[int]]] = {}
        self.order: dict[tuple[int, str, str], int] = {}

    def add(self, index: int, raised: list[Raised]) -> None:
        """The guards of one release, by its index."""
        for place, guard in enumerate(raised):
            key = (guard.condition, guard.message, guard.source)
            self.order[key] = max(self.order.get(key, 0), place)
            windows = self.found.setdefault(key, [])
            if windows and windows[-1][1] == index - 1:
                windows[-1][1] = index
            elif not windows or windows[-1][1] != index:
                windows.append([index, index])


def collect(surface: Surface, cache: Path, counts: bool) -> dict[str, Any]:
    """The guards of every release of `TrainingArguments`."""
    windows = Windows()
    for index, version in enumerate(surface.releases):
        wheel = wheel_of(version, cache)
        if wheel is None:
            print(f"{PACKAGE} {version}: no wheel", file=sys.stderr)
            continue
        raised, seen = read_release(wheel, list(surface.options_at(version)), windows.nodes)
        if counts:
            print(f"{version}: {len(raised)} of {seen} raises are decided by options")
        windows.add(index, raised)
    return document(PACKAGE, CLASS, surface.releases, windows)


def collect_program(program: Program, cache: Path, counts: bool) -> dict[str, Any]:
    """The guards of every release of a program of another package."""
    surface = load_surface(program.package, program.surface)
    if surface is None:
        raise SystemExit(f"refresh_surfaces.py {program.package} has to run first")
    windows = Windows()
    for index, version in enumerate(surface.releases):
        path = download(program.package, version, cache)
        if path is None:
            print(f"{program.package} {version}: no archive", file=sys.stderr)
            continue
        raised, seen = program.read(open_archive(path), windows.nodes, cache)
        if counts:
            print(f"{program.package} {program.name} {version}: {len(raised)} of {seen} raises are decided by options")
        windows.add(index, raised)
    return document(program.package, program.name, surface.releases, windows)


def document(package: str, name: str, releases: Sequence[Version], windows: Windows) -> dict[str, Any]:
    """The data file: only the nodes that a guard needs, numbered anew."""
    nodes, found, order = windows.nodes, windows.found, windows.order
    numbers: dict[int, int] = {}
    table: list[list[Any]] = []

    def renumbered(number: int) -> int:
        if number not in numbers:
            kind, *operands = nodes.table[number]
            if kind == "isinstance":
                operands = [renumbered(operands[0]), operands[1]]
            elif kind not in ("k", "f", "?"):
                operands = [renumbered(each) for each in operands]
            numbers[number] = len(table)
            table.append([kind, *operands])
        return numbers[number]

    guards = [
        [spans, renumbered(key[0]), key[1], key[2], sorted(nodes.options_of(key[0]))]
        for key, spans in sorted(found.items(), key=lambda pair: (order[pair[0]], pair[1], pair[0][1:]))
    ]
    return {
        "package": package,
        "class": name,
        "releases": [str(version) for version in releases],
        "guards": guards,
        "nodes": table,
    }


def write(path: Path, data: dict[str, Any]) -> bool:
    """Writes compact JSON, a line per guard; whether anything changed."""
    head = {key: value for key, value in data.items() if key not in ("guards", "nodes")}

    def lines(rows: list[Any]) -> str:
        return ",\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows)

    nodes = json.dumps(data["nodes"], separators=(",", ":"), ensure_ascii=False)
    text = f'{json.dumps(head, separators=(",", ":"))[:-1]},\n"guards":[\n{lines(data["guards"])}\n],\n"nodes":{nodes}}}\n'
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def main() -> None:
    """Reads every release and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    parser.add_argument("--cache", type=Path, default=Path(home) / "lintune-surfaces")
    parser.add_argument("--counts", action="store_true", help="print how many raises of each release are decided")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the files to write (all): trl.SFTConfig, axolotl.config ...")
    asked = parser.parse_args()
    surface = load_surface(PACKAGE, CLASS)
    if surface is None:
        raise SystemExit(f"refresh_surfaces.py {PACKAGE} has to run first")
    if not asked.names or f"{PACKAGE}.{CLASS}" in asked.names:
        report(collect(surface, asked.cache, asked.counts))
    for program in PROGRAMS:
        if not asked.names or f"{program.package}.{program.name}" in asked.names:
            report(collect_program(program, asked.cache, asked.counts))


def report(data: dict[str, Any]) -> None:
    """Writes one file, and says what it holds."""
    name = f"{data['package']}.{data['class']}"
    if not data["guards"]:
        print(f"{name}: none")
        return
    changed = write(SCHEMAS / "guards" / f"{name}.json", data)
    print(f"{name}: {len(data['guards'])} guards over {len(data['releases'])} releases{'' if changed else ', unchanged'}")


if __name__ == "__main__":
    main()
