"""The build: `rules/`, `schemas/` and `models/` of the top level become package data, and the rule pages are compiled once."""

import shutil
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
DATA_FOLDERS = ("rules", "schemas", "models")


class BuildWithData(build_py):  # type: ignore[misc,unused-ignore]
    """`build_py` that also copies the data folders and compiles the rule pages, so that start-up parses no page."""

    def run(self) -> None:
        """Build the package; an editable install reads the top-level folders where they are."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "lintune" / "_data"
        shutil.rmtree(target, ignore_errors=True)
        for folder in DATA_FOLDERS:
            shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
        sys.path.insert(0, str(ROOT))
        from lintune.engine.compile import compile_rules

        (target / "rules" / "compiled.bin").write_bytes(compile_rules(target / "rules"))


setup(
    packages=find_packages(include=["lintune", "lintune.*"]),
    package_dir={"": "."},  # the plain layout: an editable install is then one path entry, which costs no start-up
    package_data={"lintune": ["py.typed"]},
    cmdclass={"build_py": BuildWithData},
)
