"""Imports go one way: each package may import the layers above it in this table, never its own siblings or those below."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "lintune"
LAYERS: list[set[str]] = [
    {"source"},
    {"syntax"},
    {"launch", "values"},
    {"run", "models"},
    {"surfaces", "scripts", "models"},
    {"frameworks", "memory"},
    {"engine"},
    {"plan"},
    {"report"},
    {"cli", "lsp", "dryrun"},
]
ALONE = {"dryrun"}
"""Packages that no other may import: they run in a process of their own."""
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if len(path.relative_to(PACKAGE).parts) > 1)


def imported_packages(path: Path) -> set[str]:
    """The lintune packages that a module imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the layer"
            names = [node.module or ""]
            if node.module == "lintune":
                names = [f"lintune.{alias.name}" for alias in node.names]
        found.update(package_of(name) for name in names if name.startswith("lintune.") and name != "lintune.__version__")
    return found


def package_of(name: str) -> str:
    """The package of a dotted name; the protocol, by which the dry run's child process is spoken to, is one of its own."""
    return "protocol" if name.startswith("lintune.dryrun.protocol") else name.split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_up(path: Path) -> None:
    """A module imports its own package and the layers above it only."""
    own = path.relative_to(PACKAGE).parts[0]
    wrong = {
        other for other in imported_packages(path) if other != own and other in LEVEL and (other in ALONE or not LEVEL[other] < LEVEL[own])
    }
    assert not wrong, f"{own} must not import {sorted(wrong)}"


def test_only_the_dry_run_imports_what_is_heavy() -> None:
    """torch and what is built on it stay in the child process; the protocol, which the parent imports, needs none of it."""
    heavy = {"torch", "transformers", "peft", "accelerate", "deepspeed", "huggingface_hub"}
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE).parts[0] == "dryrun" and path.name != "protocol.py"
        imported = {name.partition(".")[0] for name in all_imports(path)}
        assert inside or not imported & heavy, f"{path} imports {sorted(imported & heavy)}"


def all_imports(path: Path) -> set[str]:
    """The modules that a module imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_every_package_has_a_layer() -> None:
    """No package stands outside the table."""
    packages = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name not in ("__pycache__", "_data")}
    assert packages <= set(LEVEL), packages - set(LEVEL)
