"""A surface is read when it is asked for, not before, and once."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import sys
opened = []
sys.addaudithook(lambda event, details: opened.append(str(details[0])) if event == "open" else None)
import lintune.cli.main, lintune.cli.check, lintune.cli.schema, lintune.frameworks.registry
import lintune.surfaces.config_formats, lintune.surfaces.json_schema, lintune.surfaces.keys, lintune.surfaces.programs
read = lambda: [name for name in opened if name.endswith(".json") and "schemas" in name]
assert read() == [], read()
from lintune.surfaces.surface import load_surface
for _ in range(3):
    load_surface("peft", "LoraConfig")
assert [name.replace(chr(92), "/").rpartition("/schemas/")[2] for name in read()] == ["surfaces/peft/LoraConfig.json"], read()
"""


def test_only_the_surface_that_is_asked_for_is_read() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
