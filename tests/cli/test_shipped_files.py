"""What stands beside the package says the same as the package does: READMEs, the hook, the action."""

import re
from pathlib import Path

import pytest
import yaml

from lintune.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
_CODE = re.compile(r"```\w*\n(.*?)```|((?:^    [^\n]*\n)+)", re.DOTALL | re.MULTILINE)


def code(name: str) -> list[str]:
    """The blocks of code of a page: fenced, or four blanks in; explanations behind `#` left out."""
    found = [fenced or indented for fenced, indented in _CODE.findall((ROOT / name).read_text(encoding="utf-8"))]
    return [re.sub(r" +# .*", "", block) for block in found if "make " not in block]


def test_both_readmes_show_the_same_commands() -> None:
    """The translation is not left behind."""
    assert code("README.zh-CN.md") == code("README.md")


@pytest.mark.parametrize("name", READMES)
def test_links_lead_somewhere(name: str) -> None:
    """Every file that a README points at is there."""
    links = re.findall(r"\]\((?!http)([^)#]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert links and [link for link in links if not (ROOT / link).exists()] == []


def test_the_example_of_the_readme(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What the README shows is what the command prints, notes folded or not."""
    monkeypatch.chdir(ROOT / "examples" / "minicpm-v")
    monkeypatch.setenv("LINTUNE_CACHE", "off")
    main(["check", "--gpu", "2xA100-40G", "finetune_lora.sh"])
    printed = " ".join(capsys.readouterr().out.split())
    shown = re.search(r"```console\n\$ (.*?)\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None and shown[1] == "lintune check --gpu 2xA100-40G finetune_lora.sh"
    assert " ".join(shown[2].split()) in printed


def test_the_action_uses_what_it_is_given() -> None:
    """Every input reaches the command through the environment, never as text of the script."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (step,) = action["runs"]["steps"]
    given = set(re.findall(r"inputs\.(\w+)", " ".join(step["env"].values())))
    assert given == set(action["inputs"]) and "${{" not in step["run"]
    assert set(re.findall(r"\$(\w+)", step["run"])) - {"RUNNER_TEMP"} == set(step["env"])
    assert 'lintune" check --format github' in step["run"]


def test_hooks_are_commands_that_exist() -> None:
    """The words of each hook are accepted."""
    from lintune.cli.check import parser

    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")):
        command, *words = hook["entry"].split()[1:]
        assert command == "check"
        assert parser().parse(words)
