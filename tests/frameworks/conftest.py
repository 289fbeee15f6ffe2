"""Runs made from a command line and a few files, without the shell."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lintune.frameworks.context import Context
from lintune.frameworks.registry import read_config_file, read_launch
from lintune.launch.launchers import Launch, unwrap
from lintune.launch.project import Project
from lintune.launch.word import Command, Piece, Word
from lintune.run.assumptions import Assumptions
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.syntax.tree import Mapping as Tree
from lintune.syntax.yaml import parse_yaml

MakeRun = Callable[..., Run]


def command_of(text: str, path: str = "finetune.sh") -> Command:
    """A command whose words stand as they are: no expansions, double quotes removed. Comment lines may stand before it."""
    source = Source(path, text)
    words = []
    head = re.match(r"(?:#[^\n]*\n)*", text)
    begin = head.end() if head else 0
    for found in re.compile(r'(?:"[^"]*"|[^\s"])+').finditer(text, begin):
        site = Site(source, Span(found.start(), found.end()))
        unknown = "$" in found[0]
        piece = Piece("\ufffd" if unknown else found[0].replace('"', ""), site, reason=f"`{found[0]}` is not set" if unknown else "")
        words.append(Word(site, (piece,)))
    return Command(tuple(words), Site(source, Span(begin, len(text))), {})


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """`make_run(command, files, assumptions)`: the run of a launch in a fresh folder with these files."""

    def make(
        text: str,
        files: Mapping[str, str] | None = None,
        assumptions: Assumptions | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Run:
        for name, content in {"finetune.sh": text, **(files or {})}.items():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        launch = unwrap(command_of(text))
        assert isinstance(launch, Launch)
        context = Context(Project(["finetune.sh"], str(tmp_path)), "finetune.sh", assumptions or Assumptions(), environment)
        run = read_launch(launch, context)
        assert run is not None
        return run

    return make


@pytest.fixture
def config_run(tmp_path: Path) -> Callable[[str], Run | None]:
    """The run of a YAML file that was named itself."""

    def make(text: str) -> Run | None:
        (tmp_path / "x.yaml").write_text(text)
        source = Source("x.yaml", text)
        root = parse_yaml(source).root
        assert isinstance(root, Tree)
        return read_config_file(root, Context(Project(["x.yaml"], str(tmp_path)), "x.yaml", Assumptions(), None))

    return make
