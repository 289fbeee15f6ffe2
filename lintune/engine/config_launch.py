"""A training configuration of a framework, named itself, as the launch that it stands for."""

from lintune.engine.shell_file import Scripts
from lintune.frameworks.context import Context
from lintune.frameworks.registry import read_config_file
from lintune.launch.project import Project
from lintune.memory.floor import add_floor
from lintune.run.assumptions import Assumptions
from lintune.run.run import Run
from lintune.source.text import Source
from lintune.syntax.tree import Mapping


def read_config(source: Source, root: Mapping, project: Project, assumptions: Assumptions, scripts: Scripts) -> Run | None:
    """The run of a YAML file; None where it is not a configuration that a framework trains from."""
    run = read_config_file(root, Context(project, source.path, assumptions, assumptions.environment, scripts))
    if run is not None:
        add_floor(run)
    return run
