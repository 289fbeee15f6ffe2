"""Functions and modules stay short, public names have docstrings."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "lintune"
MAX_BODY_LINES = 60
MAX_FILE_LINES = 500
P95_BODY_LINES = 40
TORCH_NAMES = {"forward", "backward"}
"""Methods whose meaning torch gives."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def functions() -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function of the package with where it stands."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, FUNCTIONS):
                found.append((f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}", node))
    return found


def test_function_bodies_are_short() -> None:
    """No body over the maximum, and 95 of 100 within the target."""
    sizes = sorted((body_lines(node), where) for where, node in functions())
    too_long = [f"{where}: {lines}" for lines, where in sizes if lines > MAX_BODY_LINES]
    assert not too_long, "\n".join(too_long)
    assert sizes[int(len(sizes) * 0.95)][0] <= P95_BODY_LINES


def test_modules_are_short() -> None:
    """One idea per module."""
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    too_long = {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES}
    assert not too_long, too_long


def test_public_names_have_docstrings() -> None:
    """Modules, public classes and public functions say what they are."""
    missing = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if ast.get_docstring(tree) is None:
            missing.append(f"{path.relative_to(PACKAGE)}: module")
        for node in tree.body:
            members = node.body if isinstance(node, ast.ClassDef) else []
            for each in (node, *members):
                if not isinstance(each, (*FUNCTIONS, ast.ClassDef)) or each.name.startswith("_") or each.name in TORCH_NAMES:
                    continue
                if ast.get_docstring(each) is None:
                    missing.append(f"{path.relative_to(PACKAGE)}:{each.lineno} {each.name}")
    assert not missing, "\n".join(missing)


def test_module_names_come_from_the_field() -> None:
    """No drawer for odds and ends."""
    assert not [path for path in PACKAGE.rglob("*.py") if path.stem in {"utils", "util", "helpers", "helper", "common", "misc"}]
