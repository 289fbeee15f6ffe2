"""The top-level `rules/`, `schemas/` and `models/` work from a wheel as from an editable install."""

import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = "#!/bin/bash\ntorchrun finetune.py --model_name_or_path openbmb/MiniCPM-V-2_6 --llm_type qwen --use_lora true --output_dir out\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout with the environment's own build tools."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_wheel_holds_rules_compiled_rules_schemas_and_models(wheel: Path) -> None:
    """Pages, their compiled form, schemas and model facts are in it, under 5 MB; the tests are not."""
    names = ZipFile(wheel).namelist()
    assert any(name.startswith("lintune/_data/rules/") and name.endswith(".md") for name in names)
    assert "lintune/_data/rules/compiled.bin" in names
    assert any(name.startswith("lintune/_data/schemas/") for name in names)
    assert any(name.startswith("lintune/_data/models/") for name in names)
    assert not any(name.startswith(("tests/", "rules/", "schemas/")) for name in names)
    assert wheel.stat().st_size < 5_000_000


def run_check(python: Path | str, folder: Path) -> str:
    """What `check` prints, concisely, about a launch that must be refused."""
    (folder / "finetune_lora.sh").write_text(LAUNCH, encoding="utf-8")
    command = [str(python), "-I", "-m", "lintune", "check", "--format", "concise", "finetune_lora.sh"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_same_findings_from_the_wheel_and_from_the_editable_install(wheel: Path, tmp_path: Path) -> None:
    """An environment with nothing but the wheel (and this one's dependencies) says the same as this environment."""
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    target = next((home / "lib").glob("python*/site-packages"))
    with ZipFile(wheel) as archive:
        archive.extractall(target)
    own = Path(
        subprocess.run([sys.executable, "-c", "import yaml; print(yaml.__file__)"], capture_output=True, text=True, check=True).stdout
    )
    (target / "dependencies.pth").write_text(str(own.parents[1]) + "\n", encoding="utf-8")
    from_wheel = run_check(home / "bin" / "python", tmp_path)
    assert "lora-with-full-llm-tuning" in from_wheel
    assert run_check(sys.executable, tmp_path) == from_wheel
