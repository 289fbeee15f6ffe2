"""Rules over one run: which apply, which are in force, what they wait for, and the findings they make."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from lintune.engine.covered import without_covered
from lintune.engine.finding import Confidence, Finding, Location, Severity, Wait
from lintune.engine.kleene import Undecided
from lintune.engine.outcome import Outcome
from lintune.engine.pointing import locations_of
from lintune.engine.rule import Rule
from lintune.engine.scope import Scope
from lintune.engine.template import plain, render, render_known
from lintune.engine.ways import ways_out
from lintune.run.run import Item, Run
from lintune.source.text import Problem
from lintune.values.value import Unknown
from lintune.values.version import Pin, Specifiers, Version

RULE_URL = "rules/{family}/{name}.md"
"""Where the page stands in lintune's own repository; `lintune explain` prints it offline."""
BUILTIN = "engine"

Releases = Callable[[str], Sequence[Version]]
"""The known releases of a package."""


def no_releases(package: str) -> Sequence[Version]:
    """No release is known of any package."""
    return ()


def evaluate_rules(rules: Iterable[Rule], run: Run, releases: Releases = no_releases) -> Outcome:
    """Every rule that applies to the run; a rule that fails becomes a finding `internal-error`, the others still run."""
    outcome = Outcome()
    scope = Scope(run)
    for rule in rules:
        if rule.subject != run.subject or (rule.frameworks and run.framework not in rule.frameworks):
            continue
        if rule.items and rule.items not in run.items:
            if rule.items not in run.unread:
                outcome.decided.add(rule.name)
            continue
        try:
            _evaluate(rule, scope, releases, outcome)
        except Exception as error:  # one rule's fault must not hide what the others find
            outcome.crashed.append(rule.name)
            outcome.findings.append(internal_error(rule.name, error, run))
    outcome.decided -= outcome.undecided
    outcome.findings = without_covered(outcome.findings, run)
    if outcome.findings and "script.config" in run.values:
        from lintune.engine.keyword_spelling import as_keywords

        outcome.findings = [as_keywords(finding, run) for finding in outcome.findings]
    return outcome


def _evaluate(rule: Rule, scope: Scope, releases: Releases, outcome: Outcome) -> None:
    if rule.check:
        if rule.check != BUILTIN:
            for item in _checked_items(rule.check, scope.run):
                _conclude(rule, scope.with_item(item), releases, outcome)
            outcome.decided.add(rule.name)
        return
    if not rule.items:
        _decide(rule, scope, releases, outcome)
        return
    for item in scope.run.items[rule.items]:
        _decide(rule, scope.with_item(item), releases, outcome)
    outcome.decided.add(rule.name)


def _checked_items(check: str, run: Run) -> Iterator[Item]:
    """The items that a page's `check` function yields for a run; a mapping of fields is an item without a place."""
    from importlib import import_module

    module, _, function = check.partition(":")
    if not module.startswith("lintune."):
        raise ValueError(f"`{check}` is not a function of lintune")
    for found in getattr(import_module(module), function)(run):
        yield found if isinstance(found, Item) else Item(found, None)


def _decide(rule: Rule, scope: Scope, releases: Releases, outcome: Outcome) -> None:
    """Evaluate the condition for the run or one item; note what it waits for."""
    verdict = True if rule.condition is None else rule.condition(scope)
    if isinstance(verdict, Undecided):
        outcome.undecided.add(rule.name)
        outcome.waits.extend(_wait(rule, name, scope) for name in verdict.names)
        return
    outcome.decided.add(rule.name)
    if verdict:
        _conclude(rule, scope, releases, outcome)


def _wait(rule: Rule, name: str, scope: Scope) -> Wait:
    value = scope.value(name)
    if isinstance(value, Unknown):
        return Wait(rule.name, name, value.reason, value.settle, scope.run.path)
    return Wait(rule.name, name, "not known", "", scope.run.path)


def _conclude(rule: Rule, scope: Scope, releases: Releases, outcome: Outcome) -> None:
    """The condition holds: make the finding, unless the versions in force are certainly outside of the rule's windows."""
    open_windows: list[tuple[str, str]] = []
    for package_template, window_template in rule.versions:
        package, window = render(package_template, scope.value), render(window_template, scope.value)
        inside = _inside(package, window, scope.run, releases)
        if inside is False:
            return
        if inside is None:
            open_windows.append((package, window))
            outcome.waits.append(_version_wait(rule, package, window, scope.run))
            outcome.undecided.add(rule.name)
    outcome.findings.append(_finding(rule, scope, open_windows))


def _pin(package: str, run: Run) -> Pin | None:
    return run.versions.get(package.lower().replace("_", "-"))


def _inside(package: str, window: str, run: Run, releases: Releases) -> bool | None:
    """Whether the version in force lies in the window; windows joined by `||` are alternatives."""
    pin = _pin(package, run) or Pin(package, Specifiers.parse(""))
    known = releases(package)
    answers = [pin.inside(Specifiers.parse(part), known) for part in window.split("||")]
    if True in answers:
        return True
    if all(answer is False for answer in answers):
        return False
    if len(answers) == 1:
        return None
    return _inside_any([Specifiers.parse(part) for part in window.split("||")], pin, known)


def _inside_any(windows: list[Specifiers], pin: Pin, known: Sequence[Version]) -> bool | None:
    """Alternatives may cover together what none of them covers alone."""
    found = {any(window.contains(release) for window in windows) for release in known if pin.specifiers.contains(release)}
    return found.pop() if len(found) == 1 else None


def _version_wait(rule: Rule, package: str, window: str, run: Run) -> Wait:
    pin = _pin(package, run)
    in_force = f"`{package}{pin.specifiers.text}` admits versions inside and outside of it" if pin else f"`{package}` is not pinned"
    return Wait(rule.name, f"version.{package}", f"holds for `{window}`; {in_force}", f"--assume '{package}==VERSION'", run.path)


def _finding(rule: Rule, scope: Scope, open_windows: list[tuple[str, str]]) -> Finding:
    severity: Severity = rule.severity
    confidence: Confidence = rule.confidence
    message = render(rule.message, scope.value)
    notes: list[str] = []
    if open_windows:
        severity = "warning" if severity == "error" else severity
        confidence = "likely" if confidence == "certain" else confidence
        named = [f"`{package} {window.strip()}`" for package, window in open_windows if package not in message]
        message += f", with {' and '.join(named)}" if named else ""
        notes = [_version_note(package, window, scope.run) for package, window in open_windows]
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=severity,
        confidence=confidence,
        message=message,
        locations=locations_of(rule.at, scope),
        effect=render(rule.effect, scope.value),
        help=render_known(rule.help, scope.value),
        stage=rule.stage,
        ways=ways_out(rule, scope, not open_windows),
        url=RULE_URL.format(family=rule.family, name=rule.name),
        notes=tuple(notes),
        framework=scope.run.framework,
    )


def _version_note(package: str, window: str, run: Run) -> str:
    pin = _pin(package, run)
    given = f"`{package}{pin.specifiers.text}` admits both" if pin and pin.specifiers.text else f"the version of `{package}` is not pinned"
    return f"holds for `{package} {window.strip()}`; {given}: `--assume '{package}==VERSION'` decides"


def unreadable_file(problem: Problem) -> Finding:
    """The finding that a named file could not be read at all."""
    return Finding(
        code="FIL090",
        name="unreadable-file",
        severity="error",
        confidence="certain",
        message=problem.message,
        locations=(Location(problem.site, "", "primary"),),
        effect="nothing in it was checked",
        help="name a regular file that you may read",
        stage="start",
        url=RULE_URL.format(family="files", name="unreadable-file"),
    )


def internal_error(name: str, error: Exception, run: Run) -> Finding:
    """The finding that a rule failed, or (without a name) the reading of a file."""
    said = plain(f"{type(error).__name__}: {error}")
    return Finding(
        code="LNT001",
        name="internal-error",
        severity="error",
        confidence="certain",
        message=f"the rule `{name}` failed: {said}" if name else f"reading this file failed: {said}",
        locations=(Location(run.site, "while this was checked", "primary"),),
        effect="this rule decided nothing here; the others ran" if name else "nothing further in it was checked",
        help=f"please report it; `--ignore {name}` leaves the rule out" if name else "please report it",
        url=RULE_URL.format(family="lintune", name="internal-error"),
        framework=run.framework,
    )
