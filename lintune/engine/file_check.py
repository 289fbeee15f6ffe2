"""The check of one file: what it adds to a check, whatever the other files say."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lintune.engine.evaluate_rules import evaluate_rules, internal_error, unreadable_file
from lintune.engine.finding import whole_file
from lintune.engine.outcome import FileCheck, Task
from lintune.engine.result import CheckedFile, FileRole
from lintune.engine.rule import Rule
from lintune.engine.subjects import deepspeed_run, file_run, looks_like_deepspeed
from lintune.launch.discover import FoundFile, role_of
from lintune.launch.project import Project
from lintune.run.assumptions import Assumptions
from lintune.run.run import Run
from lintune.source.read import decode_problem
from lintune.source.record import dataclass, field, replace
from lintune.source.text import Problem, Source
from lintune.syntax.tree import Document, Mapping
from lintune.values.value import Known

if TYPE_CHECKING:
    from lintune.engine.dry_run import DryRun
    from lintune.engine.shell_file import Scripts
    from lintune.values.version import Version


@dataclass(slots=True)
class Checker:
    """Checks files by the same rules, under the same assumptions."""

    project: Project
    rules: Sequence[Rule]
    assumptions: Assumptions
    scripts: "Scripts" = field(default_factory=dict)
    dry_run: "DryRun | None" = None

    def check(self, task: Task, source: Source | Problem | None = None) -> FileCheck:
        """Check a file (`source`: what was read of it already). An error of lintune's own becomes a finding, so that the others go on."""
        path, work = task.file.path, _Work(self)
        try:
            work.check_source(task, source if source is not None else self.project.load(path))
        except RecursionError:
            work.found.notes.append(f"{path}: nested too deeply; not checked")
        except Exception as error:  # see above
            run = Run("file", path, whole_file(self.project.read(path) or Source(path, "")), "file")
            work.found.outcome.findings.append(internal_error("", error, run))
            work.found.outcome.crashed.append("reading")
        return work.found


@dataclass(slots=True)
class _Work:
    """The check of a file under way."""

    checker: Checker
    found: FileCheck = field(default_factory=FileCheck)

    def check_source(self, task: Task, source: Source | Problem) -> None:
        """Check a file by its role."""
        file, files, notes = task.file, self.found.files, self.found.notes
        if isinstance(source, Problem):
            if file.named:
                files[file.path] = CheckedFile(file.path, "other")
                self.found.outcome.findings.append(unreadable_file(source))
            return
        if file.named and not source.text.strip():
            files[file.path] = CheckedFile(file.path, "other")
            notes.append(f"{file.path} is empty")
            return
        match file.role:
            case "shell" | "notebook":
                self._check_shell(file, source)
            case "yaml" | "json" | "toml":
                self._check_data(task, source)
            case "python":
                self._check_python(file, source)

    def _check_python(self, file: FoundFile, source: Source) -> None:
        """A Python file: a launch for each training configuration that it makes itself."""
        from lintune.engine.python_file import is_test, read_python
        from lintune.syntax.suppression import find_suppressions

        checker, found = self.checker, self.found
        runs = [] if is_test(file.path) and not file.named else read_python(source, checker.project, checker.assumptions, checker.scripts)
        if not runs:
            if file.named:
                found.files[file.path] = CheckedFile(file.path, "script")
                found.notes.append(f"{file.path}: checked as part of the launch that starts it; give the launch script")
            return
        found.files[file.path] = CheckedFile(file.path, "launch", runs[0].framework, len(runs))
        found.suppressions[file.path] = find_suppressions(source, None, "python")
        for run in runs:
            found.launches.append(run)
            self._evaluate(run)
            found.uses += self._used(run)

    def _check_shell(self, file: FoundFile, source: Source) -> None:
        from lintune.engine.shell_file import read_notebook, read_shell

        checker, found, is_notebook = self.checker, self.found, file.role == "notebook"
        read = (read_notebook if is_notebook else read_shell)(source, checker.project, checker.assumptions, checker.scripts)
        if is_notebook:
            from lintune.engine.python_file import read_cells

            read.runs += read_cells(source, checker.project, checker.assumptions, checker.scripts)
        if not read.runs and not file.named:
            return
        framework = read.runs[0].framework if read.runs else ""
        role: FileRole = "launch" if read.runs else "script" if is_notebook else "other"
        found.files[file.path] = CheckedFile(file.path, role, framework, len(read.runs))
        found.suppressions[file.path] = read.suppressions
        if not read.runs:
            found.notes.append(f"{file.path} starts no fine-tuning launch: only its shell text was checked")
        if read.cut:
            found.notes.append(f"{file.path}: {read.cut}")
        unread = (*read.unread, *_text_problems(source))
        self._evaluate(file_run(source, file.role, {"shell.problems": read.problems, "file.problems": unread}))
        for run in read.runs:
            found.launches.append(run)
            self._evaluate(run)
            found.uses += self._used(run)

    def _used(self, run: Run) -> list[str]:
        """The data files that a launch names and that can be read."""
        paths = [item.fields.get("found") for item in run.items.get("files", ())]
        known = [path.value for path in paths if isinstance(path, Known) and isinstance(path.value, str)]
        return [path for path in known if role_of(path) in ("json", "yaml") and self.checker.project.read(path) is not None]

    def _check_data(self, task: Task, source: Source) -> None:
        """A YAML, JSON or TOML file: reported where it belongs to fine-tuning as far as can be told."""
        file, found = task.file, self.found
        document = _parsed(source, file.role)
        problems = (*document.problems, *_text_problems(source))
        deepspeed = file.role == "json" and looks_like_deepspeed(document.root)
        if file.role == "yaml":
            from lintune.syntax.suppression import find_suppressions

            found.suppressions[source.path] = find_suppressions(source, None, "yaml")
        if isinstance(document.root, Mapping) and task.alone and file.role == "json":
            problems = (*problems, *self._check_json(source, document.root))
        if isinstance(document.root, Mapping) and task.alone and file.role == "yaml":
            self._check_config(source, document.root)
        self._evaluate(file_run(source, "deepspeed" if deepspeed else file.role, {"file.problems": problems}))
        known = deepspeed or not task.alone or file.path in found.files
        if file.named and task.alone and not known:
            found.notes.append(f"{file.path}: only its syntax was checked; give the launch that uses it")
        if known or file.named:
            found.files.setdefault(file.path, CheckedFile(file.path, "config"))

    def _check_json(self, source: Source, root: Mapping) -> tuple[Problem, ...]:
        """A JSON file on its own: a run file, or a DeepSpeed file; what is wrong with a run file."""
        from lintune.engine.run_file import is_run_file, read_run_file

        if is_run_file(root):
            launch, problems = read_run_file(source, root, self.checker.project)
            if launch is not None:
                self.found.launches.append(launch)
                self.found.files[source.path] = CheckedFile(source.path, "launch", launch.framework, 1)
                self._evaluate(launch)
            return problems
        if looks_like_deepspeed(root):
            self.found.files[source.path] = CheckedFile(source.path, "config", "deepspeed")
            alone = evaluate_rules(self.checker.rules, deepspeed_run(source, root), _releases)
            # What waits here waits for the launch, which was not asked about.
            self.found.outcome.add(replace(alone, waits=[], undecided=set()))
        return ()

    def _check_config(self, source: Source, root: Mapping) -> None:
        """A YAML file on its own: a launch, where it is a framework's training configuration."""
        from lintune.engine.config_launch import read_config

        checker, found = self.checker, self.found
        run = read_config(source, root, checker.project, checker.assumptions, checker.scripts)
        if run is not None:
            found.launches.append(run)
            found.files[source.path] = CheckedFile(source.path, "launch", run.framework, 1)
            self._evaluate(run)
            found.uses += self._used(run)

    def _evaluate(self, run: Run) -> None:
        if self.checker.dry_run is not None and run.subject == "launch":
            self.checker.dry_run.add_to(run)
        self.found.outcome.add(evaluate_rules(self.checker.rules, run, _releases))


def _releases(package: str) -> Sequence["Version"]:
    from lintune.surfaces.releases import recent_releases

    return recent_releases(package)


def _parsed(source: Source, role: str) -> Document:
    if role == "yaml":
        from lintune.syntax.yaml import parse_yaml

        return parse_yaml(source)
    if role == "toml":
        from lintune.syntax.toml import parse_toml

        return parse_toml(source)
    from lintune.syntax.json import parse_json

    return parse_json(source)


def _text_problems(source: Source) -> tuple[Problem, ...]:
    problem = decode_problem(source)
    return (problem,) if problem is not None else ()
