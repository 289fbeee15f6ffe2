"""Requirement files of every kind, and the exact place of a pin in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.launch.pins import FilePin, package_name, pins_of
from lintune.source.text import Source

KINDS = ["requirements.txt", "pyproject.toml", "setup.py", "setup.cfg", "environment.yml", "uv.lock", "Dockerfile"]


def pins(name: str, text: str, **others: str) -> list[tuple[str, str, str]]:
    files = {path.replace("__", "/").replace("_txt", ".txt"): content for path, content in others.items()}

    def read(path: str) -> Source | None:
        return Source(path, files[path]) if path in files else None

    return [(pin.package, pin.specifier, pin.site.text) for pin in pins_of(Source(name, text), read)]


def test_requirements_txt() -> None:
    text = (
        "# comment\n--index-url https://x\ntransformers==4.51.2\nPeft >= 0.14, < 1  # why\nflash_attn\n"
        "accelerate[all]==1.2 ; python_version > '3.8'\ntorch @ https://x/torch.whl\n-e .\ngit+https://github.com/a/b\n"
    )
    assert pins("requirements.txt", text) == [
        ("transformers", "==4.51.2", "transformers==4.51.2"),
        ("peft", ">=0.14,<1", "Peft >= 0.14, < 1"),
        ("flash-attn", "", "flash_attn"),
        ("accelerate", "==1.2", "accelerate[all]==1.2"),
        ("torch", "", "torch"),
    ]


def test_included_requirements() -> None:
    found = pins("a/requirements.txt", "-r base.txt\n-c gone.txt\npeft==1\n", a__base_txt="torch==2.1\n-r requirements.txt\n")
    assert found == [("torch", "==2.1", "torch==2.1"), ("peft", "==1", "peft==1")]


def test_pyproject() -> None:
    text = """
[build-system]
requires = ["setuptools==1"]
[project]
name = "x"
dependencies = [
    "transformers==4.37.2", 'tokenizers==0.15.1',
    # "commented==1",
    "accelerate[torch]>=0.21",
]
[project.optional-dependencies]
train = ["deepspeed==0.12.6"]
[dependency-groups]
dev = [{include-group = "test"}, "ruff==0.6"]
[tool.poetry.dependencies]
python = "^3.10"
trl = "^0.9.1"
peft = {version = "~0.11", optional = true}
torch = "2.1.0"
[tool.other]
dependencies = ["no==1"]
"""
    assert pins("pyproject.toml", text) == [
        ("transformers", "==4.37.2", "transformers==4.37.2"),
        ("tokenizers", "==0.15.1", "tokenizers==0.15.1"),
        ("accelerate", ">=0.21", "accelerate[torch]>=0.21"),
        ("deepspeed", "==0.12.6", "deepspeed==0.12.6"),
        ("ruff", "==0.6", "ruff==0.6"),
        ("trl", ">=0.9.1,<0.10", 'trl = "^0.9.1"'),
        ("peft", ">=0.11,<0.12", 'peft = {version = "~0.11"'),
        ("torch", "==2.1.0", 'torch = "2.1.0"'),
    ]


def test_optional_and_locked() -> None:
    found: list[FilePin] = list(
        pins_of(Source("pyproject.toml", '[project]\n[project.optional-dependencies]\na = ["b==1"]\n'), lambda _: None)
    )
    assert [pin.optional for pin in found] == [True]
    lock = '[[package]]\nname = "transformers"\nversion = "4.51.3"\nsource = { registry = "x" }\n'
    found = list(pins_of(Source("uv.lock", lock), lambda _: None))
    assert [(pin.package, pin.specifier, pin.locked) for pin in found] == [("transformers", "==4.51.3", True)]
    assert found[0].site.text == 'name = "transformers"\nversion = "4.51.3"'


def test_setup_files() -> None:
    text = "setup(\n  install_requires=['torch>=2', \"peft==0.4\"],  # x\n  extras_require={'train': ['deepspeed==1']},\n)\n"
    assert [pin[:2] for pin in pins("setup.py", text)] == [("torch", ">=2"), ("peft", "==0.4"), ("deepspeed", "==1")]
    text = "[metadata]\nname = x\n[options]\ninstall_requires =\n    torch>=2\n    peft==0.4\n[options.extras_require]\ndev = ruff\n"
    assert [pin[:2] for pin in pins("setup.cfg", text)] == [("torch", ">=2"), ("peft", "==0.4"), ("ruff", "")]


def test_environment_yml() -> None:
    text = (
        "name: x\nchannels:\n  - pytorch\ndependencies:\n  - python=3.10\n"
        "  - pytorch::torch=2.1\n  - pip\n  - pip:\n    - transformers==4.51.2\n"
    )
    found = pins("environment.yml", text)
    assert ("torch", "==2.1.*", "torch=2.1") in found
    assert ("transformers", "==4.51.2", "transformers==4.51.2") in found
    assert "pytorch" not in [name for name, _, _ in found]


def test_dockerfile() -> None:
    text = (
        "FROM x\nRUN apt install git && pip install --no-cache-dir \\\n"
        "    transformers==4.51.2 'peft>=0.14' -r requirements.txt && echo a==b\n"
    )
    assert pins("Dockerfile", text) == [("transformers", "==4.51.2", "transformers==4.51.2"), ("peft", ">=0.14", "peft>=0.14")]


def specifiers(name: str, text: str, **others: str) -> list[tuple[str, str]]:
    return [pin[:2] for pin in pins(name, text, **others)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('project = {dependencies = ["torch==2.1"]}', [("torch", "==2.1")]),
        ('[project]\noptional-dependencies.train = ["peft==1"]', [("peft", "==1")]),
        ('[project]\ndependencies = [\n """torch==2.1""",\n  \' trl; extra == "a"\',\n]', [("torch", "==2.1"), ("trl", "")]),
        ('[tool.uv]\noverride-dependencies = ["numpy<2"]\ndev-dependencies = ["ruff==1"]', [("numpy", "<2"), ("ruff", "==1")]),
        ('[tool.pdm.dev-dependencies]\ntest = ["pytest==1"]', [("pytest", "==1")]),
        ('[tool.pixi.dependencies]\npytorch = "==2.1"', [("torch", "==2.1")]),
        ('[tool.poetry.dependencies]\na = [{version = "1.0", python = "<3"}, {version = "2.0"}]\nb = {path = "x"}', [("a", "==1.0")]),
        ('[tool.poetry.group.dev.dependencies.torch]\nversion = "^2.1"', [("torch", ">=2.1,<3")]),
        ("[project]\ndependencies = ['a==1'\nbroken\n[project.optional-dependencies]\nx = ['b==2']", [("b", "==2")]),
        ("[project]\ndependencies = 3\n[tool.poetry]\ndependencies = []", []),
    ],
)
def test_other_forms_of_pyproject(text: str, wanted: list[tuple[str, str]]) -> None:
    assert specifiers("pyproject.toml", text) == wanted


def test_a_poetry_table_with_a_header() -> None:
    text = '[tool.poetry.dependencies.torch]\nversion = "^2.1"\noptional = true\n'
    (pin,) = pins_of(Source("pyproject.toml", text), lambda _: None)
    assert (pin.site.text, pin.optional) == ('version = "^2.1"', True)


def test_setup_py_with_names_and_sums() -> None:
    text = "REQ: list = ['torch==2.1']\nsetup(install_requires=REQ + x, extras_require=dict(a=['b==1']))\n"
    assert specifiers("setup.py", text) == [("torch", "==2.1"), ("b", "==1")]
    text = "args = {'install_requires': ['a==1'] + ['b==2'], 'name': 'c==3'}\n"
    assert specifiers("setup.py", text) == [("a", "==1"), ("b", "==2")]


def test_included_from_other_files() -> None:
    included = {"base_txt": "torch==2.1\n"}
    assert specifiers("requirements.txt", "-rbase.txt\n", **included) == [("torch", "==2.1")]
    assert specifiers("requirements.txt", "--constraint=base.txt\n", **included) == [("torch", "==2.1")]
    assert specifiers("environment.yml", "dependencies:\n- pip:\n  - -r base.txt\n", **included) == [("torch", "==2.1")]
    assert specifiers("Dockerfile", "RUN pip install -r base.txt trl\n", **included) == [("torch", "==2.1"), ("trl", "")]


def test_conda_spells_torch_otherwise() -> None:
    assert specifiers("environment.yml", "dependencies:\n- pytorch=2.1.0=py3.10_cuda12\n") == [("torch", "==2.1.0.*")]


def test_lock_files_of_windows() -> None:
    assert specifiers("poetry.lock", '[[package]]\r\nname = "peft"\r\nversion = "0.14"\r\n') == [("peft", "==0.14")]


def test_dockerfile_with_comments_between() -> None:
    text = "RUN pip3.10 install \\\n# why\n  torch==2.1 \\\n  peft\n# pip install no==1\nRUN uv add trl==0.9\n"
    assert specifiers("Dockerfile", text) == [("torch", "==2.1"), ("peft", ""), ("trl", "==0.9")]


@pytest.mark.parametrize(("name", "wanted"), [("Flash_Attn", "flash-attn"), ("a.-_b", "a-b"), ("torch", "torch")])
def test_names(name: str, wanted: str) -> None:
    assert package_name(name) == wanted


@given(st.sampled_from(KINDS), st.text(st.sampled_from(list("ab1=<>,[](){}'\"\n #-@:\\")), max_size=60))
def test_no_text_is_too_strange(name: str, text: str) -> None:
    for pin in pins_of(Source(name, text), lambda _: None):
        assert pin.site.text == pin.site.text.strip()
        assert pin.package
