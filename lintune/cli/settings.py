"""What a check is asked: the command line's words over the config's."""

from typing import TYPE_CHECKING

from lintune.cli.config import Config, find_config
from lintune.engine.result import CheckOptions
from lintune.source.record import dataclass

if TYPE_CHECKING:
    from lintune.engine.dry_run import DryRun


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    gpu: str = ""
    assume: tuple[str, ...] = ()
    env: str = ""
    arguments: tuple[str, ...] | None = None
    pedantic: bool = False
    dry_run: "DryRun | None" = None


def settings_for(path: str) -> Config:
    """The config nearest to a path; the defaults where there is none."""
    return settings_in(find_config("." if path == "-" else path))


def settings_in(path: str) -> Config:
    """The config in a file; the defaults for an empty path."""
    if not path:
        return Config()
    from lintune.cli.config_reader import read_config

    return read_config(path)


def options_for(config: Config, given: Given) -> CheckOptions:
    """The check's options: what the command line says wins, an assumed version over an installed one."""
    pins, variables = list(config.pins), dict(config.variables)
    if given.assume:
        from lintune.cli.assume import read_assumption
        from lintune.values.version import Pin

        read = [read_assumption(text, "--assume") for text in given.assume]
        named = [each for each in read if isinstance(each, Pin)]
        taken = {each.package for each in named}
        pins = [*named, *(pin for pin in pins if pin.package not in taken)]
        variables.update(each for each in read if not isinstance(each, Pin))
    interpreter = given.env or config.env
    if interpreter:
        from lintune.cli.installed import installed_pins

        taken = {pin.package for pin in pins}
        where = "--env" if given.env else f"{config.path}: `env`"
        pins.extend(pin for pin in installed_pins(interpreter, where) if pin.package not in taken)
    return CheckOptions(
        select=given.select or config.select,
        ignore=(*given.ignore, *config.ignore),
        pins=tuple(pins),
        gpu=given.gpu or config.gpu,
        environment=variables,
        arguments=given.arguments,
        house_rules=config.house_rules,
        pedantic=given.pedantic,
        dry_run=given.dry_run,
    )
