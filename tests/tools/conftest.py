"""The tools are scripts, not a package: their folder is put on the path, and small packages are written for them to read."""

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))


@pytest.fixture(name="release")
def write_release(tmp_path: Path) -> Callable[[dict[str, str]], Any]:
    """Writes a wheel with the given files and opens it."""
    from surface_archive import open_archive  # type: ignore[import-not-found,unused-ignore]

    def build(files: dict[str, str]) -> Any:
        path = tmp_path / f"package-1.{len(list(tmp_path.iterdir()))}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, text in files.items():
                wheel.writestr(name, text)
        return open_archive(path)

    return build
