"""Refusing rules and GPUs that are none, with where they were written, before anything is checked."""

from lintune.cli.config import Config
from lintune.cli.settings import Given
from lintune.cli.usage import UsageError
from lintune.engine.result import CheckOptions


def validate(options: CheckOptions, config: Config, given: Given) -> None:
    """Raises `UsageError` for a rule that does not exist, a house rule that cannot be used, or a GPU that is none."""
    if options.gpu:
        from lintune.run.gpu import parse_gpu

        try:
            parse_gpu(options.gpu)
        except ValueError as problem:
            raise UsageError(f"{'--gpu' if given.gpu else f'{config.path}: `gpu`'}: {problem}") from None
    by_key = {
        "--select": given.select,
        "--ignore": given.ignore,
        f"{config.path}: `select`": config.select,
        f"{config.path}: `ignore`": config.ignore,
        f"{config.path}: `per-file-ignores`": tuple(rule for _, rules in config.per_file_ignores for rule in rules),
    }
    if any(by_key.values()):
        _validate_rules({where: words for where, words in by_key.items() if words}, config.house_rules)


def _validate_rules(by_key: dict[str, tuple[str, ...]], house_rules: str) -> None:
    from lintune.cli.catalogue import catalogues
    from lintune.engine.select import SelectionError, select_rules

    rules = [rule for catalogue in catalogues(house_rules) for rule in catalogue.rules]
    for where, words in by_key.items():
        try:
            select_rules(rules, words, ())
        except SelectionError as problem:  # noqa: PERF203 (a handful of keys)
            raise UsageError(f"{where}: {problem}") from None
