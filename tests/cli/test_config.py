"""Finding and reading a config, and what is said of one that cannot be taken."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from lintune.cli.config import Config, find_config
from lintune.cli.config_reader import read_config, toml
from lintune.cli.patterns import matches_any
from lintune.cli.settings import Given, options_for
from lintune.cli.usage import UsageError

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "lintune-config.schema.json"
FULL = """\
select = ["TUN", "oom"]
ignore = ["DAT001"]
fail-on = "warning"
gpu = "8xA100-80G"
env = ".venv/bin/python"
house-rules = "rules"
exclude = ["third_party"]

[assume]
transformers = "4.51.3"
peft = ">=0.12"
DATA_DIR = "/data"

[per-file-ignores]
"examples/**" = ["MEM"]
"""


def written(folder: Path, text: str, name: str = "lintune.toml") -> str:
    """The path of a config with this text."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full config; paths in it are relative to it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub" / "rules").mkdir(parents=True)
    config = read_config(written(tmp_path / "sub", FULL))
    assert config.path == "sub/lintune.toml"
    assert (config.select, config.ignore, config.fail_on, config.gpu) == (("TUN", "oom"), ("DAT001",), "warning", "8xA100-80G")
    assert [(pin.package, pin.specifiers.text) for pin in config.pins] == [("transformers", "==4.51.3"), ("peft", ">=0.12")]
    assert config.pins[0].origin[0].note == "sub/lintune.toml:10"
    assert config.variables == {"DATA_DIR": "/data"}
    assert (config.env, config.house_rules) == ("sub/.venv/bin/python", "sub/rules")
    assert config.per_file_ignores == (("examples/**", ("MEM",)),)
    assert config.exclude == ("third_party",)


def test_the_schema_knows_the_same_keys() -> None:
    """What the reader takes and what the schema allows are one list."""
    from lintune.cli.config_reader import _KEYS

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == set(_KEYS)
    Draft202012Validator(schema).validate(toml.loads(FULL))


def test_pyproject_counts_only_with_our_table(tmp_path: Path) -> None:
    """The nearest file with settings wins; a pyproject.toml of others is passed over."""
    (tmp_path / ".git").mkdir()
    root = written(tmp_path, '[tool.lintune]\ngpu = "1xA100-40G"\n', "pyproject.toml")
    written(tmp_path / "a", "[tool.ruff]\nline-length = 100\n", "pyproject.toml")
    own = written(tmp_path / "b", "", "lintune.toml")
    assert find_config(str(tmp_path / "a" / "run.sh")) == root
    assert find_config(str(tmp_path / "b")) == own
    assert read_config(root).gpu == "1xA100-40G"


def test_nothing_is_read_above_the_repository(tmp_path: Path) -> None:
    """A config outside of the repository, or above the working folder without one, is not ours."""
    written(tmp_path, "")
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    assert find_config(str(tmp_path / "repo" / "run.sh")) == ""
    (tmp_path / "loose").mkdir()
    assert find_config(str(tmp_path / "loose" / "run.sh")) == ""


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('gpu = "x"\nselct = ["TUN"]\n', 2, "there is no key `selct` (did you mean `select`?)"),
        ('fail-on = "warn"\n', 1, "`fail-on` is error, warning or info, not `warn` (did you mean `warning`?)"),
        ("\nselect = 3\n", 2, "`select` is a list of texts"),
        ("gpu = 8\n", 1, "`gpu` is a text"),
        ('assume = [\n  "transformers==4.51.3",\n  "peft",\n]\n', 1, "`peft` is neither a requirement"),
        ('[assume]\ntransformers = "four"\n', 2, "not a version clause: 'four'"),
        ("[assume]\npeft = 1\n", 2, "`peft` under `assume` is a text"),
        ('[per-file-ignores]\n"a/**" = "MEM"\n', 2, "`a/**` under `per-file-ignores` is a list of rules"),
        ("assume = 1\n", 1, "`assume` is a list such as"),
        ('gpu = "x\n', 1, "not TOML"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: int, message: str) -> None:
    """One sentence with the file, the line and what is expected."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        read_config(written(tmp_path, text))
    assert str(caught.value).startswith(f"lintune.toml:{line}:")
    assert message in str(caught.value)


def test_the_command_line_wins(tmp_path: Path) -> None:
    """Over the config's GPU and pins; ignored rules add up."""
    (tmp_path / "rules").mkdir()
    config = read_config(written(tmp_path, FULL.replace('env = ".venv/bin/python"\n', "")))
    options = options_for(config, Given(ignore=("X",), gpu="1xT4", assume=("transformers==4.40.0", "DATA_DIR=/other")))
    assert options.gpu == "1xT4"
    assert options.ignore == ("X", "DAT001")
    assert {pin.package: pin.specifiers.text for pin in options.pins} == {"transformers": "==4.40.0", "peft": ">=0.12"}
    assert options.environment == {"DATA_DIR": "/other"}


def test_installed_packages_are_read_from_folder_names(tmp_path: Path) -> None:
    """Without starting the interpreter; an assumed version wins."""
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in ("transformers-4.51.3.dist-info", "Flash_Attn-2.7.4+cu12.dist-info", "old-1.0-py3.8.egg-info", "readme.txt"):
        (site / name).mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("", encoding="utf-8")
    options = options_for(Config(), Given(env=str(tmp_path / "bin" / "python"), assume=("old==2.0",)))
    assert {pin.package: pin.specifiers.text for pin in options.pins} == {
        "old": "==2.0",
        "flash-attn": "==2.7.4",
        "transformers": "==4.51.3",
    }
    with pytest.raises(UsageError, match="no such file or folder"):
        options_for(Config(), Given(env=str(tmp_path / "missing")))


@pytest.mark.parametrize(
    ("path", "glob", "expected"),
    [
        ("a/b/run.sh", "run.sh", True),
        ("a/b/run.sh", "*.sh", True),
        ("a/b/run.sh", "b", True),
        ("a/b/run.sh", "a/*.sh", False),
        ("a/b/run.sh", "a/**/*.sh", True),
        ("a/run.sh", "a/**/*.sh", True),
        ("a/b/run.sh", "a/**", True),
        ("a/b/run.sh", "b/run.sh", False),
        ("a/b/run.sh", "ru?.sh", True),
        ("a/b/run_sh", "run.sh", False),
    ],
)
def test_globs(path: str, glob: str, expected: bool) -> None:
    """A bare name matches at any depth, a folder covers what lies in it."""
    assert matches_any(path, (glob,), ".") is expected
