"""The options that released classes set themselves, in `__post_init__` or another method: `schemas/assigned_options.json`.

    tools/refresh_assigned.py WHEELS

WHEELS holds a folder per package with wheels of its releases (`transformers`, `trl`). A walk through a script takes every other option of
such a class as it was given. Methods that a script calls itself (`set_*`) do not count; what a base sets counts for the class as well.
"""

import ast
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_FILES = {"transformers": ("training_args.py", "training_args_seq2seq.py"), "trl": ("_config.py", "utils.py", "model_config.py")}
_ENDS = ("Config", "Arguments")


def main() -> int:
    """Read every wheel and write the file."""
    folder = Path(sys.argv[1])
    own: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    fields: set[str] = set()
    for package, endings in _FILES.items():
        for wheel in sorted((folder / package).glob("*.whl")):
            for text in _texts(wheel, package, endings):
                _read(ast.parse(text), package, own, bases, fields)
    found = {name: sorted(_with_bases(name, own, bases, set()) & fields) for name in sorted(own)}
    path = ROOT / "schemas" / "assigned_options.json"
    path.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(found)} classes, {path.stat().st_size} bytes")
    return 0


def _texts(wheel: Path, package: str, endings: tuple[str, ...]) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(f"{package}/") and name.endswith(endings) and name.count("/") <= 4:
                yield archive.read(name).decode("utf-8")


def _read(tree: ast.Module, package: str, own: dict[str, set[str]], bases: dict[str, set[str]], fields: set[str]) -> None:
    for node in tree.body:
        if not isinstance(node, ast.ClassDef) or not node.name.endswith(_ENDS) or not _is_dataclass(node):
            continue
        name = f"{package}.{node.name}"
        own.setdefault(name, set()).update(_assigned(node))
        fields.update(each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name))
        for base in node.bases:
            last = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
            bases.setdefault(name, set()).update((f"{package}.{last}", f"transformers.{last}"))


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(each) for each in node.decorator_list)


def _assigned(node: ast.ClassDef) -> Iterator[str]:
    for method in node.body:
        if not isinstance(method, ast.FunctionDef) or method.name.startswith("set_"):
            continue
        for each in ast.walk(method):
            match each:
                case ast.Attribute(value=ast.Name(id="self"), attr=attr, ctx=ast.Store()):
                    yield attr
                case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id="self"), ast.Constant(value=str(attr)), *_]):
                    yield attr
                case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id="self"), *_]):
                    yield from _listed(node)


def _listed(node: ast.ClassDef) -> Iterator[str]:
    """Texts in lists that the class holds: names that a loop may set."""
    for each in ast.walk(node):
        if isinstance(each, ast.List | ast.Tuple | ast.Set):
            yield from (item.value for item in each.elts if isinstance(item, ast.Constant) and isinstance(item.value, str))


def _with_bases(name: str, own: dict[str, set[str]], bases: dict[str, set[str]], seen: set[str]) -> set[str]:
    if name in seen or name not in own:
        return set()
    seen.add(name)
    return own[name].union(*(_with_bases(base, own, bases, seen) for base in bases.get(name, ())))


if __name__ == "__main__":
    raise SystemExit(main())
