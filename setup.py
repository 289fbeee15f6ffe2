"""The build: `rules/`, `schemas/` and `models/` of the top level become package data, and the rule pages are compiled once."""

import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
DATA_FOLDERS = ("rules", "schemas", "models")


class BuildWithCompiledRules(build_py):
    """`build_py` that also ships the rule pages in their compiled form, so that start-up parses no page."""

    def run(self) -> None:
        """Copy the package and its data, then compile the pages into the build folder (not in an editable install)."""
        super().run()
        if self.editable_mode:
            return
        sys.path.insert(0, str(ROOT))
        from lintune.engine.compile import compile_rules

        folder = Path(self.build_lib) / "lintune" / "_data" / "rules"
        (folder / "compiled.bin").write_bytes(compile_rules(folder))


def data_files(folder: str) -> list[str]:
    """Every file below a data folder, relative to it."""
    root = ROOT / folder
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


setup(
    packages=[*find_packages(include=["lintune", "lintune.*"]), *(f"lintune._data.{folder}" for folder in DATA_FOLDERS)],
    package_dir={f"lintune._data.{folder}": folder for folder in DATA_FOLDERS},
    package_data={"lintune": ["py.typed"], **{f"lintune._data.{folder}": data_files(folder) for folder in DATA_FOLDERS}},
    cmdclass={"build_py": BuildWithCompiledRules},
)
