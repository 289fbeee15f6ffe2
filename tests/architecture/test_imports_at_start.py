"""`check` starts light: what it imports is bounded, and what it must never import is not there."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEVER = {
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "numpy",
    "pygls",
    "lsprotocol",
    "socket",
    "ssl",
    "http",
    "urllib.request",
    "asyncio",
    "subprocess",
}
NOT_FOR_A_SHELL_LAUNCH = {
    "rich",
    "jsonschema",
    "importlib.metadata",
    "email",
    "logging",
    "dataclasses",
    "inspect",
    "pathlib",
    "hashlib",
    "yaml",
}
NOT_FOR_A_KEPT_CHECK = {
    "ast",
    "json",
    "multiprocessing",
    "lintune.scripts",
    "lintune.frameworks",
    "lintune.syntax.shell",
    "lintune.engine.rule",
}
MAX_MODULES, MAX_OWN_MODULES = 90, 232
"""Own modules are small: those of the walk through the training script, its frame and its values, are some thirty of them."""
MAX_OWN_MODULES_OF_A_KEPT_CHECK = 45


def modules_after_check(*arguments: str) -> set[str]:
    """The names in `sys.modules` after `lintune check` ran in a fresh, isolated interpreter."""
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from lintune.cli.main import main\n"
        f"sys.argv = ['lintune', 'check', *{list(arguments)!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\nMODULES ' + ' '.join(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "internal error" not in done.stderr, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("MODULES ")]
    assert lines, done.stderr
    return set(lines[-1].split()[1:])


def test_check_never_imports_what_is_heavy_or_networked() -> None:
    """No torch, no network, no process module in `check`."""
    loaded = modules_after_check("examples/minicpm-v/finetune_lora.sh")
    assert not {name for name in loaded if name in NEVER}


def test_check_of_a_shell_launch_stays_in_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a plain launch does not need is not imported, and the number of modules is bounded; far less where a check was kept."""
    monkeypatch.setenv("LINTUNE_CACHE", str(tmp_path))
    modules_after_check("examples/minicpm-v/finetune_lora.sh")  # compiles the rules, which an installed wheel holds
    for kept in tmp_path.glob("checks-*"):
        kept.unlink()
    loaded = modules_after_check("examples/minicpm-v/finetune_lora.sh")
    assert not loaded & NOT_FOR_A_SHELL_LAUNCH, sorted(loaded & NOT_FOR_A_SHELL_LAUNCH)
    own = {name for name in loaded if name.startswith("lintune")}
    assert len(loaded - own) <= MAX_MODULES, len(loaded - own)
    assert len(own) <= MAX_OWN_MODULES, len(own)
    kept_check = modules_after_check("examples/minicpm-v/finetune_lora.sh")
    wrong = kept_check & (NOT_FOR_A_KEPT_CHECK | NOT_FOR_A_SHELL_LAUNCH)
    assert not wrong, sorted(wrong)
    assert len({name for name in kept_check if name.startswith("lintune")}) <= MAX_OWN_MODULES_OF_A_KEPT_CHECK
