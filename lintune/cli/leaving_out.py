"""`exclude` and `per-file-ignores` of a config: what is left out of a result."""

from lintune.cli.config import Config
from lintune.cli.patterns import matches_any
from lintune.engine.finding import Finding
from lintune.engine.result import Result
from lintune.source.record import replace


def without_left_out(result: Result, config: Config) -> Result:
    """The result without excluded files, and without the findings that are ignored where they are (counted as suppressed)."""
    out = {file.path for file in result.files if matches_any(file.path, config.exclude, config.folder)}
    inside = [finding for finding in result.findings if finding.primary.source.path not in out]
    kept = tuple(finding for finding in inside if not ignored(finding, config))
    return replace(
        result,
        files=tuple(file for file in result.files if file.path not in out),
        findings=kept,
        waits=tuple(wait for wait in result.waits if wait.path not in out),
        launches=tuple(run for run in result.launches if run.path not in out),
        suppressed=result.suppressed + len(inside) - len(kept),
    )


def ignored(finding: Finding, config: Config) -> bool:
    """Whether a per-file ignore names the finding's rule for its file."""
    path = finding.primary.source.path
    return any(
        names_rule(rules, finding.code, finding.name) and matches_any(path, (glob,), config.folder)
        for glob, rules in config.per_file_ignores
    )


def names_rule(selectors: tuple[str, ...], code: str, name: str) -> bool:
    """Whether one of the selectors is the rule's name, its code, or a prefix of its code."""
    return any(selector == name or (selector and code.startswith(selector.upper())) for selector in selectors)
