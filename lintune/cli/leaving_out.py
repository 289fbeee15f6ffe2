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
    ignores = _by_glob(config)
    kept = tuple(finding for finding in inside if not _ignored(finding, ignores, config.folder))
    return replace(
        result,
        files=tuple(file for file in result.files if file.path not in out),
        findings=kept,
        waits=tuple(wait for wait in result.waits if wait.path not in out),
        launches=tuple(run for run in result.launches if run.path not in out),
        suppressed=result.suppressed + len(inside) - len(kept),
    )


def _by_glob(config: Config) -> list[tuple[str, tuple[str, ...]]]:
    """The per-file ignores with families and earlier names replaced by the rules that they mean."""
    if not config.per_file_ignores:
        return []
    from lintune.cli.catalogue import catalogues
    from lintune.engine.select import select_rules

    rules = [rule for catalogue in catalogues(config.house_rules) for rule in catalogue.rules]
    return [(glob, (*words, *(rule.name for rule in select_rules(rules, words, ())))) for glob, words in config.per_file_ignores if words]


def _ignored(finding: Finding, ignores: list[tuple[str, tuple[str, ...]]], folder: str) -> bool:
    path = finding.primary.source.path
    return any(names_rule(words, finding.code, finding.name) and matches_any(path, (glob,), folder) for glob, words in ignores)


def names_rule(selectors: tuple[str, ...], code: str, name: str) -> bool:
    """Whether one of the selectors is the rule's name, its code, or a prefix of its code."""
    return any(selector == name or (selector and code.startswith(selector.upper())) for selector in selectors)
