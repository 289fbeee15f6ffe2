"""Checking paths that may lie under different configs, and putting the results together."""

from collections.abc import Callable, Sequence

from lintune.cli.config import Config, find_config
from lintune.cli.settings import Given, options_for, settings_in
from lintune.cli.usage import UsageError
from lintune.engine.result import CheckOptions, Result


def check_groups(paths: Sequence[str], given: Given, stdin_name: str = "", quick: bool = False) -> Result:
    """One check for all paths under the same config; the results in the order of the paths. `quick` as for the engine."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        named = (stdin_name or ".") if path == "-" else path
        groups.setdefault(find_config(named), []).append(path)
    try:
        results = [check_group(settings_in(config), members, given, stdin_name, quick) for config, members in groups.items()]
    finally:
        if given.dry_run is not None:
            given.dry_run.close()
    return results[0] if len(results) == 1 else merged(results)


def check_group(config: Config, paths: Sequence[str], given: Given, stdin_name: str = "", quick: bool = False) -> Result:
    """Check paths under one config, without the files and findings that it leaves out."""
    options = options_for(config, given)
    if config.exclude:
        from lintune.cli.patterns import matches_any

        out = [path for path in paths if path != "-" and matches_any(path, config.exclude, config.folder)]
        paths = [path for path in paths if path not in out]
        if not paths:
            return Result(notes=tuple(f"{path} is excluded by {config.path}" for path in out))
    if options.gpu or options.select or options.ignore or config.per_file_ignores:
        from lintune.cli.validation import validate

        validate(options, config, given)
    result = _checked(paths, options, stdin_name, quick)
    if config.exclude or config.per_file_ignores:
        from lintune.cli.leaving_out import without_left_out

        return without_left_out(result, config)
    return result


def engine_check() -> Callable[..., Result]:
    """The engine, loaded when the options are known to be right."""
    from lintune.engine.check import check

    return check


def _checked(paths: Sequence[str], options: CheckOptions, stdin_name: str, quick: bool) -> Result:
    """The engine's answer; raises `UsageError` for a house rule that cannot be used."""
    check = engine_check()
    try:
        return check(paths, options, stdin_name=stdin_name, quick=quick)
    except ValueError as problem:
        from lintune.engine.page import PageError

        if isinstance(problem, PageError):
            raise UsageError(str(problem)) from None
        raise


def merged(results: Sequence[Result]) -> Result:
    """Several results as one; a rule counts once for the whole check."""
    whole = Result()
    for result in results:
        whole.files += result.files
        whole.findings += result.findings
        whole.waits += result.waits
        whole.launches += result.launches
        whole.notes += result.notes
        whole.missing += result.missing
        whole.dry_runs += tuple(each for each in result.dry_runs if each not in whole.dry_runs)
        whole.suppressed += result.suppressed
        whole.held_back += result.held_back
        whole.crashed = tuple(dict.fromkeys((*whole.crashed, *result.crashed)))
        whole.decided = max(whole.decided, result.decided)
        whole.undecided = max(whole.undecided, result.undecided)
    return whole
