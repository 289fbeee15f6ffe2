"""A model by the config.json that is at hand (in its folder, or in the hub's cache), which wins over the table of known models."""

from typing import TYPE_CHECKING

from lintune.run.run import Run

if TYPE_CHECKING:
    from lintune.models.catalogue import Known
    from lintune.models.config_file import ConfigAtHand

CONFIG = "config"
"""`Known.counted` of a shape that was worked out from a config.json."""


def known_model(run: Run, name: str | None) -> "Known | None":
    """The model that a name or path names in a run: by its config.json where one is at hand, else by the table."""
    if not name:
        return None
    found = config_at_hand(run, name)
    if found is not None:
        return found.known
    from lintune.models.catalogue import find_model

    return find_model(name)


def why_unknown(run: Run, name: str | None) -> str:
    """Why `known_model` knows no shape: a reason, where a config.json at hand has one; else empty."""
    found = config_at_hand(run, name) if name else None
    return found.why if found is not None else ""


def config_at_hand(run: Run, name: str) -> "ConfigAtHand | None":
    """The config.json of the model that a name or path names; None where none is at hand."""
    source = run.config_of(name) if run.config_of is not None else None
    if source is None:
        return None
    from lintune.models.config_file import read_config

    return read_config(source, name)
