"""lintune's evaluation against the real bash: the same calls, word by word, with the same exported variables."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.launch.shell_cases import ARGUMENTS, CASES, LIBRARY

pytestmark = pytest.mark.skipif(shutil.which("bash") is None and "CI" not in os.environ, reason="bash is not here; in CI that is an error")


@pytest.fixture(scope="module")
def agreement() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "bash_agreement.py"
    spec = importlib.util.spec_from_file_location("bash_agreement", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["bash_agreement"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sandbox(agreement: ModuleType) -> Iterator[object]:
    made = agreement.Sandbox(confined=False)
    yield made
    made.close()


@pytest.mark.parametrize("name", CASES)
def test_calls_are_foreseen(name: str, agreement: ModuleType, sandbox: object, tmp_path: Path) -> None:
    (tmp_path / "script.sh").write_text(CASES[name])
    (tmp_path / "lib.sh").write_text(LIBRARY)
    commands = [c for c in agreement.foreseen(tmp_path, "script.sh", ARGUMENTS) if c.argv[0].text not in agreement.UTILITIES]
    calls, _ = sandbox.run(tmp_path, "script.sh", ARGUMENTS)
    if name in ("background", "pipe"):
        calls.sort(key=lambda call: call.argv)
        commands.sort(key=lambda command: [word.text for word in command.argv])
    assert [[word.text for word in command.argv] for command in commands] == [list(call.argv) for call in calls]
    assert all(word.known for command in commands for word in command.argv)
    for command, call in zip(commands, calls, strict=True):
        assert {key: word.text for key, word in command.env.items()} == call.env
    assert all(command.certain for command in commands)


def test_enough_features() -> None:
    assert len(CASES) >= 80
