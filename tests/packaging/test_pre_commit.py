"""The hook works in a real `pre-commit run` on a repository of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROKEN = "#!/bin/bash\ntorchrun finetune.py --model_name_or_path openbmb/MiniCPM-V-2_6 --llm_type qwen --use_lora true --output_dir out\n"
CONFIG = """\
repos:
  - repo: {repo}
    rev: {rev}
    hooks:
      - id: lintune
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, as a person without any configuration would."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def hook_repository(tmp_path: Path) -> tuple[Path, str]:
    """The working tree as a commit of its own, so that uncommitted work is tested too."""
    copy = tmp_path / "lintune-repository"
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv*", "build", "*.egg-info", ".*_cache", "__pycache__", ".hypothesis")
    )
    git(copy, "init", "-q")
    git(copy, "add", "-A")
    git(copy, "commit", "-q", "-m", "working tree")
    return copy, git(copy, "rev-parse", "HEAD")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_hook_refuses_and_accepts(hook_repository: tuple[Path, str], tmp_path: Path) -> None:
    """A launch with the conflict fails the hook; the corrected one and files that are no launch pass."""
    repository, revision = hook_repository
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "-q")
    (project / ".pre-commit-config.yaml").write_text(CONFIG.format(repo=repository, rev=revision), encoding="utf-8")
    (project / "notes.json").write_text('{"a": 1,}\n', encoding="utf-8")
    (project / "finetune_lora.sh").write_text(BROKEN, encoding="utf-8")
    git(project, "add", "-A")
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    run = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
    failed = subprocess.run(run, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "lora-with-full-llm-tuning" in failed.stdout
    assert "notes.json" not in failed.stdout
    (project / "finetune_lora.sh").write_text(BROKEN.replace("--use_lora true", "--use_lora true --tune_llm false"), encoding="utf-8")
    git(project, "add", "-A")
    passed = subprocess.run(run, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert passed.returncode == 0, passed.stdout + passed.stderr
