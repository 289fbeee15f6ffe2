"""The check: from paths to a result. The one place where files, frameworks and rules meet."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lintune.engine.finding import in_order
from lintune.engine.outcome import FileCheck, Task
from lintune.engine.result import CheckedFile, CheckOptions, OptionError, Result
from lintune.launch.discover import FoundFile, discover, role_of
from lintune.run.assumptions import Assumptions
from lintune.source.record import dataclass, field
from lintune.values.value import Step

if TYPE_CHECKING:
    from lintune.engine.catalogue import Catalogue
    from lintune.engine.dry_run import DryRun
    from lintune.engine.file_check import Checker
    from lintune.engine.kept_checks import KeptChecks
    from lintune.engine.questions import WatchedProject
    from lintune.engine.rule import Rule

STDIN = "-"
FEWEST_APART = 60
"""Starting processes takes longer than checking fewer files than this."""


def check(paths: Sequence[str], options: CheckOptions, stdin_name: str = "", quick: bool = False) -> Result:
    """Check what the paths stand for; `-` is standard input, called `stdin_name` in reports.

    `quick`: take what still holds of an earlier check, and check many files in several processes; of launches the result then
    has the framework and place only. Raises `OptionError` for an unknown rule in `select` or `ignore` and a GPU that is none,
    `PageError` for a house rule that cannot be used. What is wrong with one file never stops the others.
    """
    from lintune.engine.questions import WatchedProject

    assumptions = assumptions_of(options)
    named = [path for path in paths if path != STDIN]
    found = discover(named)
    project = WatchedProject([*(file.path for file in found.files), *([stdin_name or "."] if STDIN in paths else ())] or named)
    work = Work(project, Rulebook(options), assumptions, options.dry_run)
    if quick:
        from lintune.engine.kept_checks import KeptChecks

        work.kept = KeptChecks(project, paths, options)
    work.check_files(found.files)
    if STDIN in paths:
        work.check_stdin(stdin_name or "<stdin>")
    result = work.finished(options)
    result.missing = found.missing
    result.notes = (*work.found.notes, *_folder_notes(paths, work, found.cut), *work.page_notes)
    if work.kept is not None:
        work.kept.write(work.selected, work.page_notes)
    return result


def _house_rules(folder: str) -> "Catalogue":
    from lintune.engine.catalogue import load_catalogue

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
class Rulebook:
    """The rules of a check, loaded when first needed."""

    options: CheckOptions
    _catalogues: "list[Catalogue]" = field(default_factory=list)
    _selected: "list[Rule] | None" = None

    @property
    def catalogues(self) -> "list[Catalogue]":
        """The shipped rules, and the house rules after them. Raises `PageError` for a house rule that cannot be used."""
        if not self._catalogues:
            from lintune.engine.catalogue import load_catalogue

            found = [load_catalogue()]
            if self.options.house_rules:
                found.append(_house_rules(self.options.house_rules))
            self._catalogues = found
        return self._catalogues

    @property
    def selected(self) -> "list[Rule]":
        """The rules that were asked for. Raises `OptionError` for a word that means none."""
        if self._selected is None:
            from lintune.engine.select import select_rules

            rules = [rule for catalogue in self.catalogues for rule in catalogue.rules]
            self._selected = select_rules(rules, self.options.select, self.options.ignore)
        return self._selected

    def page_notes(self) -> tuple[str, ...]:
        """Shipped pages that could not be used, as sentences."""
        return tuple(f"rules/{path}:{line}: {message}; the rule is left out" for path, line, message in self.catalogues[0].errors)


@dataclass(slots=True)
class Work:
    """A check under way: what was read, and what was found so far."""

    project: "WatchedProject"
    book: Rulebook
    assumptions: Assumptions
    dry_run: "DryRun | None" = None
    kept: "KeptChecks | None" = None
    found: FileCheck = field(default_factory=FileCheck)
    """What the files checked so far add up to."""
    _checker: "Checker | None" = None

    @property
    def checker(self) -> "Checker":
        """What checks a file of which nothing is kept."""
        if self._checker is None:
            from lintune.engine.file_check import Checker

            self._checker = Checker(self.project, self.book.selected, self.assumptions, dry_run=self.dry_run)
        return self._checker

    def check_files(self, files: Sequence[FoundFile]) -> None:
        """Check the files one after the other, each data file that a launch names right after it, and once."""
        ready = self._ready([Task(file) for file in files])
        for file in files:
            self._add(Task(file, file.path not in self.found.files), ready)

    def check_stdin(self, name: str) -> None:
        """Check standard input."""
        import sys

        from lintune.source.read import source_from_bytes

        data = sys.stdin.buffer.read(10_000_001)
        file = FoundFile(name, role_of(name, data[:1000]), True)
        self._take(self.checker.check(Task(file), source_from_bytes(data, name)), {})

    def _ready(self, tasks: Sequence[Task]) -> dict[Task, FileCheck]:
        """Checks that need not be made one by one: those kept, and where many are left, those made in other processes."""
        if self.kept is None:
            return {}
        ready = {task: found for task in tasks if (found := self.kept.find(task)) is not None}
        left = [task for task in tasks if task not in ready and task.file.role in ("shell", "notebook", "yaml", "json", "python")]
        if len(left) >= FEWEST_APART:
            from lintune.engine.plain import from_plain
            from lintune.engine.workers import check_in_processes

            for task, answered in check_in_processes(self.checker, self.project, left).items():
                self.kept.add(task, answered)
                ready[task] = from_plain(answered[1], self.project)
        return ready

    def _add(self, task: Task, ready: Mapping[Task, FileCheck]) -> None:
        found = ready.get(task)
        if found is None and self.kept is not None:
            found = self.kept.find(task)
        if found is None:
            self.project.asked = {}
            found = self.checker.check(task)
            if self.kept is not None:
                self.kept.keep(task, found)
        self._take(found, ready)

    def _take(self, found: FileCheck, ready: Mapping[Task, FileCheck]) -> None:
        self.found.add(found)
        for path in found.uses:
            if path not in self.found.files:
                self.found.files[path] = CheckedFile(path, "config")
                self._add(Task(FoundFile(path, role_of(path), False), alone=False), ready)

    def finished(self, options: CheckOptions) -> Result:
        """Suppressed, held back, sorted: the result without what concerns the paths themselves."""
        found, outcome = self.found, self.found.outcome
        selected = self.selected
        comments = [each for comments in found.suppressions.values() for each in comments]
        findings, silenced = in_order(outcome.findings), 0
        if comments:
            from lintune.engine.suppress import apply_suppressions

            findings, silenced = apply_suppressions(findings, comments, self.book.catalogues, selected - outcome.undecided)
        findings = [finding for finding in findings if finding.name in selected or finding.name == "internal-error"]
        kept = [finding for finding in findings if options.pedantic or finding.confidence != "possible"]
        undecided = outcome.undecided
        return Result(
            files=tuple(found.files.values()),
            findings=tuple(in_order(kept)),
            waits=tuple(dict.fromkeys(outcome.waits)),
            suppressed=silenced,
            held_back=len(findings) - len(kept),
            launches=tuple(found.launches),
            decided=len(outcome.decided - undecided),
            undecided=len(undecided),
            dry_runs=tuple((run.path, answer) for run, answer in self.dry_run.results) if self.dry_run is not None else (),
            crashed=tuple(dict.fromkeys(outcome.crashed)),
        )

    @property
    def selected(self) -> frozenset[str]:
        """The names of the rules that were asked for."""
        if self.kept is not None and self.kept.selected is not None:
            return self.kept.selected
        return frozenset(rule.name for rule in self.book.selected)

    @property
    def page_notes(self) -> tuple[str, ...]:
        """Shipped pages that could not be used, as sentences."""
        if self.kept is not None and self.kept.selected is not None:
            return self.kept.page_notes
        return self.book.page_notes()


def _folder_notes(paths: Sequence[str], work: Work, cut: Sequence[str]) -> list[str]:
    import os

    notes = [f"{path} holds more files than are looked at: name its launch scripts" for path in cut]
    if not work.found.files:
        notes += [f"{path} holds no fine-tuning launch" for path in paths if os.path.isdir(path)]
    return notes
