#!/usr/bin/env python3
"""Make `schemas/exports.json` and `schemas/templates.json` anew: names that packages export in some of their releases only.

Usage: python tools/refresh_exports.py [--cache FOLDER]

Reads the archives that `tools/refresh_surfaces.py` downloaded: the import table of a package's `__init__.py`, and of
transformers the `__all__` of its model files. Only names that training scripts import are kept.
"""

import argparse
import ast
import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lintune.values.version import Version

_PACKAGES = ("transformers", "trl", "peft")
_ALL = re.compile(r"__all__\s*(?:=|\+=|\.extend\()\s*(\[.*?\])", re.DOTALL)
_LEFT_OUT = re.compile(r"(?:TF|Flax|_)|.*ARCHIVE|load_tf|Path$|OptionalDependencyNotAvailable$")
_FUNCTIONS = re.compile(r"(?:prepare|setup|get|create)_")
_OF_TRANSFORMERS = re.compile(
    r"For(?:CausalLM|ConditionalGeneration|SequenceClassification|ImageTextToText|MaskedLM|TokenClassification|Seq2SeqLM|Vision2Seq)$"
    r"|^Auto\w+$|Trainer$|^AdamW$|^Adafactor$|(?:Quant|GPTQ|Awq|Hqq|Ao|Quanto|Fp8|FP8|Mxfp4)Config$|Callback$|^get_\w+schedule\w*$"
    r"|DataCollator\w+$|VLProcessor$|VLMoeFor\w+$"
)
_ALIASED = re.compile(r"(?:Fast|Tokenizer|ImageProcessor)$")
"""Newer releases of transformers still find these under their old names."""


def exported(archive: zipfile.ZipFile, package: str) -> set[str]:
    """The names that a release's import tables hold."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(archive.read(f"{package}/__init__.py").decode())):
        if isinstance(node, ast.Assign) and any("import_structure" in ast.unparse(target) for target in node.targets):
            found |= set(_strings(node.value))
        elif isinstance(node, ast.Call) and "import_structure" in ast.unparse(node.func):
            found |= set(_strings(node))
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    if package == "transformers":
        for name in archive.namelist():
            if re.match(r"transformers/(?:models|integrations)/.*\.py$", name):
                for match in _ALL.finditer(archive.read(name).decode("utf-8", "replace")):
                    found |= set(re.findall(r"[\"'](\w+)[\"']", match[1]))
    return {name for name in found if name.isidentifier()}


def _strings(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def windows(package: str, cache: Path) -> dict[str, list[str]]:
    """First and last release of each name that is not in all, empty at the ends of what was read; names with a gap are left out."""
    per: dict[str, set[str]] = {}
    for path in sorted((cache / package).glob(f"{package}-*.whl")):
        per[path.name.split("-")[1]] = exported(zipfile.ZipFile(path), package)
    order = sorted(per, key=Version.parse)
    found: dict[str, list[str]] = {}
    for name in sorted(set().union(*per.values())):
        has = [index for index, version in enumerate(order) if name in per[version]]
        first, last = has[0], has[-1]
        if len(has) == len(order) or last - first + 1 != len(has) or not _kept(package, name):
            continue
        found[name] = [order[first] if first else "", order[last] if last < len(order) - 1 else ""]
    return found


def _kept(package: str, name: str) -> bool:
    if _LEFT_OUT.match(name) or (name[0].islower() and not _FUNCTIONS.match(name)):
        return False
    return package != "transformers" or (_OF_TRANSFORMERS.search(name) is not None and not _ALIASED.search(name))


def templates(cache: Path) -> dict[str, list[str]]:
    """The templates of LLaMA-Factory, likewise: those of every release have both ends empty."""
    per: dict[str, set[str]] = {}
    for path in (cache / "llamafactory").glob("*.whl"):
        text = zipfile.ZipFile(path).read("llamafactory/data/template.py").decode()
        per[path.name.split("-")[1]] = set(re.findall(r'register_template\(\s*name="([^"]+)"', text))
    order = sorted(per, key=Version.parse)
    found: dict[str, list[str]] = {}
    for name in sorted(set().union(*per.values())):
        has = [index for index, version in enumerate(order) if name in per[version]]
        found[name] = [order[has[0]] if has[0] else "", order[has[-1]] if has[-1] < len(order) - 1 else ""]
    return found


def write(name: str, packages: dict[str, dict[str, list[str]]]) -> None:
    """Write a file, with the note that it has."""
    target = Path(__file__).parent.parent / "schemas" / name
    note = json.dumps(json.loads(target.read_text())["note"])
    blocks = [
        f'  "{package}": {{\n' + ",\n".join(f'   "{name}": ["{first}", "{last}"]' for name, (first, last) in names.items()) + "\n  }"
        for package, names in packages.items()
    ]
    target.write_text("{\n " + f'"note": {note},\n "packages": {{\n' + ",\n".join(blocks) + "\n }\n}\n")


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    parser.add_argument("--cache", type=Path, default=Path(home) / "lintune-surfaces")
    cache = parser.parse_args().cache
    write("templates.json", {"llamafactory": templates(cache)})
    write("exports.json", {package: windows(package, cache) for package in _PACKAGES})


if __name__ == "__main__":
    main()
