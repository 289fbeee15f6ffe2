"""The check: from paths to a result. The one place where files, frameworks and rules meet."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lintune.engine.catalogue import Catalogue, load_catalogue
from lintune.engine.evaluate_rules import Outcome, evaluate_rules, internal_error, unreadable_file
from lintune.engine.finding import in_order, whole_file
from lintune.engine.result import CheckedFile, CheckOptions, FileRole, OptionError, Result
from lintune.engine.rule import Rule
from lintune.engine.select import select_rules
from lintune.engine.subjects import deepspeed_run, file_run, looks_like_deepspeed
from lintune.launch.discover import FoundFile, discover, role_of
from lintune.launch.project import Project
from lintune.run.assumptions import Assumptions
from lintune.run.run import Run
from lintune.source.read import decode_problem, source_from_bytes
from lintune.source.record import dataclass, field, replace
from lintune.source.text import Problem, Source
from lintune.syntax.suppression import Suppression
from lintune.syntax.tree import Document, Mapping
from lintune.values.value import Known, Step

if TYPE_CHECKING:
    from lintune.engine.shell_file import Scripts
    from lintune.values.version import Version

STDIN = "-"


def check(paths: Sequence[str], options: CheckOptions, stdin_name: str = "") -> Result:
    """Check what the paths stand for; `-` is standard input, called `stdin_name` in reports.

    Raises `OptionError` for an unknown rule in `select` or `ignore` and a GPU that is none, `PageError` for a house rule
    that cannot be used. What is wrong with one file never stops the others.
    """
    catalogues = [load_catalogue()]
    if options.house_rules:
        catalogues.append(_house_rules(options.house_rules))
    rules = select_rules([rule for catalogue in catalogues for rule in catalogue.rules], options.select, options.ignore)
    named = [path for path in paths if path != STDIN]
    found = discover(named)
    project = Project([*(file.path for file in found.files), *([stdin_name or "."] if STDIN in paths else ())] or named)
    work = Work(project, rules, assumptions_of(options))
    for file in found.files:
        work.guarded(file.path, lambda file=file: work.check_file(file))  # type: ignore[misc]
    if STDIN in paths:
        name = stdin_name or "<stdin>"
        work.guarded(name, lambda: work.check_stdin(name))
    result = _finished(work, catalogues, options)
    result.missing = found.missing
    result.notes = (*work.notes, *_folder_notes(paths, work, found.cut), *_page_notes(catalogues[0]))
    return result


def _house_rules(folder: str) -> Catalogue:
    catalogue = load_catalogue(folder, house=True)
    for path, line, message in catalogue.errors:
        from lintune.engine.page import PageError

        raise PageError(f"{folder.rstrip('/')}/{path}", line, message)
    return catalogue


def assumptions_of(options: CheckOptions) -> Assumptions:
    """What the user said of the run, as the frameworks read it. Raises `OptionError` for a GPU that is none."""
    gpu = None
    if options.gpu:
        from lintune.run.gpu import parse_gpu

        try:
            gpu = parse_gpu(options.gpu)
        except ValueError as error:
            raise OptionError(f"--gpu: {error}") from None
    return Assumptions(
        pins={pin.package: pin for pin in options.pins},
        gpu=gpu,
        gpu_origin=(Step("assumed", None, f"--gpu {options.gpu}"),) if options.gpu else (),
        environment=options.environment or None,
        arguments=options.arguments,
    )


@dataclass(slots=True)
class Work:
    """A check under way: what was read, and what was found so far."""

    project: Project
    rules: Sequence[Rule]
    assumptions: Assumptions
    outcome: Outcome = field(default_factory=Outcome)
    files: dict[str, CheckedFile] = field(default_factory=dict)
    launches: list[Run] = field(default_factory=list)
    suppressions: dict[str, tuple[Suppression, ...]] = field(default_factory=dict)
    """By path, of every file whose comments were read."""
    notes: list[str] = field(default_factory=list)
    scripts: "Scripts" = field(default_factory=dict)

    def guarded(self, path: str, read: Callable[[], None]) -> None:
        """Read one file; an error of lintune's own becomes a finding, so that the other files are still read."""
        try:
            read()
        except RecursionError:
            self.notes.append(f"{path}: nested too deeply; not checked")
        except Exception as error:  # see above
            run = Run("file", path, whole_file(self.project.read(path) or Source(path, "")), "file")
            self.outcome.findings.append(internal_error("", error, run))
            self.outcome.crashed.append("reading")

    def check_stdin(self, name: str) -> None:
        """Check standard input."""
        import sys

        data = sys.stdin.buffer.read(10_000_001)
        source = source_from_bytes(data, name)
        self._check_source(FoundFile(name, role_of(name, data[:1000]), True), source)

    def check_file(self, file: FoundFile) -> None:
        """Check a file by its role."""
        self._check_source(file, self.project.load(file.path))

    def _check_source(self, file: FoundFile, source: Source | Problem) -> None:
        if isinstance(source, Problem):
            if file.named:
                self.files[file.path] = CheckedFile(file.path, "other")
                self.outcome.findings.append(unreadable_file(source))
            return
        if file.named and not source.text.strip():
            self.files[file.path] = CheckedFile(file.path, "other")
            self.notes.append(f"{file.path} is empty")
            return
        match file.role:
            case "shell":
                self._check_shell(file, source)
            case "yaml" | "json":
                self._check_data(file, source)
            case _ if file.named:
                role: FileRole = "script" if file.role in ("python", "notebook") else "config"
                self.files[file.path] = CheckedFile(file.path, role)
                self.notes.append(f"{file.path}: checked as part of the launch that starts it; give the launch script")

    def _check_shell(self, file: FoundFile, source: Source) -> None:
        from lintune.engine.shell_file import read_shell

        read = read_shell(source, self.project, self.assumptions, self.scripts)
        if not read.runs and not file.named:
            return
        framework = read.runs[0].framework if read.runs else ""
        role: FileRole = "launch" if read.runs else "other"
        self.files[file.path] = CheckedFile(file.path, role, framework, len(read.runs))
        self.suppressions[file.path] = read.suppressions
        if not read.runs:
            self.notes.append(f"{file.path} starts no fine-tuning launch: only its shell text was checked")
        self.evaluate(file_run(source, "shell", {"shell.problems": read.problems, "file.problems": _text_problems(source)}))
        for run in read.runs:
            self.launches.append(run)
            self.evaluate(run)
            self._check_referenced(run)

    def _check_referenced(self, run: Run) -> None:
        """The data files that a launch names, once each, as files."""
        for item in run.items.get("files", ()):
            path = item.fields.get("found")
            if isinstance(path, Known) and isinstance(path.value, str) and path.value not in self.files:
                role = role_of(path.value)
                if role in ("json", "yaml") and isinstance(source := self.project.load(path.value), Source):
                    self.files[path.value] = CheckedFile(path.value, "config")
                    self._check_document(source, role, alone=False)

    def _check_data(self, file: FoundFile, source: Source) -> None:
        alone = file.path not in self.files
        known = self._check_document(source, file.role, alone)
        if file.named and alone and not known:
            self.notes.append(f"{file.path}: only its syntax was checked; give the launch that uses it")
        if known or file.named:
            self.files.setdefault(file.path, CheckedFile(file.path, "config"))

    def _check_document(self, source: Source, role: str, alone: bool) -> bool:
        """A YAML or JSON file; returns whether it belongs to fine-tuning as far as can be told."""
        document = _parsed(source, role)
        problems = (*document.problems, *_text_problems(source))
        deepspeed = role == "json" and looks_like_deepspeed(document.root)
        if role == "yaml" and source.path not in self.suppressions:
            from lintune.syntax.suppression import find_suppressions

            self.suppressions[source.path] = find_suppressions(source, None, "yaml")
        if isinstance(document.root, Mapping) and alone and role == "json":
            problems = (*problems, *self._check_json(source, document.root))
        self.evaluate(file_run(source, "deepspeed" if deepspeed else role, {"file.problems": problems}))
        return deepspeed or source.path in self.files

    def _check_json(self, source: Source, root: Mapping) -> tuple[Problem, ...]:
        """A JSON file on its own: a run file, or a DeepSpeed file; what is wrong with a run file."""
        from lintune.engine.run_file import is_run_file, read_run_file

        if is_run_file(root):
            launch, problems = read_run_file(source, root)
            if launch is not None:
                self.launches.append(launch)
                self.files[source.path] = CheckedFile(source.path, "launch", launch.framework, 1)
                self.evaluate(launch)
            return problems
        if looks_like_deepspeed(root):
            self.files[source.path] = CheckedFile(source.path, "config", "deepspeed")
            alone = evaluate_rules(self.rules, deepspeed_run(source, root), _releases)
            # What waits here waits for the launch, which was not asked about.
            self.outcome.add(replace(alone, waits=[], undecided=set()))
        return ()

    def evaluate(self, run: Run) -> None:
        """The rules over one run."""
        self.outcome.add(evaluate_rules(self.rules, run, _releases))


def _releases(package: str) -> Sequence["Version"]:
    from lintune.surfaces.releases import recent_releases

    return recent_releases(package)


def _parsed(source: Source, role: str) -> Document:
    if role == "yaml":
        from lintune.syntax.yaml import parse_yaml

        return parse_yaml(source)
    from lintune.syntax.json import parse_json

    return parse_json(source)


def _text_problems(source: Source) -> tuple[Problem, ...]:
    problem = decode_problem(source)
    return (problem,) if problem is not None else ()


def _finished(work: Work, catalogues: Sequence[Catalogue], options: CheckOptions) -> Result:
    """Suppressed, held back, sorted: the result without what concerns the paths themselves."""
    outcome = work.outcome
    selected = {rule.name for rule in work.rules}
    comments = [each for found in work.suppressions.values() for each in found]
    findings, silenced = in_order(outcome.findings), 0
    if comments:
        from lintune.engine.suppress import apply_suppressions

        findings, silenced = apply_suppressions(findings, comments, catalogues, selected - outcome.undecided)
    findings = [finding for finding in findings if finding.name in selected or finding.name == "internal-error"]
    kept = [finding for finding in findings if options.pedantic or finding.confidence != "possible"]
    undecided = outcome.undecided
    return Result(
        files=tuple(work.files.values()),
        findings=tuple(in_order(kept)),
        waits=tuple(dict.fromkeys(outcome.waits)),
        suppressed=silenced,
        held_back=len(findings) - len(kept),
        launches=tuple(work.launches),
        decided=len(outcome.decided - undecided),
        undecided=len(undecided),
        crashed=tuple(dict.fromkeys(outcome.crashed)),
    )


def _folder_notes(paths: Sequence[str], work: Work, cut: Sequence[str]) -> list[str]:
    import os

    notes = [f"{path} holds more files than are looked at: name its launch scripts" for path in cut]
    if not work.files:
        notes += [f"{path} holds no fine-tuning launch" for path in paths if os.path.isdir(path)]
    return notes


def _page_notes(catalogue: Catalogue) -> list[str]:
    return [f"rules/{path}:{line}: {message}; the rule is left out" for path, line, message in catalogue.errors]
