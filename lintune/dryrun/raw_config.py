"""The config.json of the run's model, as values: given, in the model's folder, in the hub's cache, or of a known model. No network."""

import os
from dataclasses import dataclass
from typing import Any

from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Request
from lintune.launch.hub_cache import cached_snapshot
from lintune.launch.project import model_config
from lintune.models.config_file import read_config

GIVE_ONE = "give its config.json with `--model-config PATH`, or name a folder that holds it"


@dataclass(slots=True)
class RawConfig:
    """The values of a config.json, and where they came from."""

    values: dict[str, Any]
    source: str
    """`--model-config`, the file, or the known model; for people."""
    folder: str = ""
    """The folder that holds the file and perhaps model code; empty where there is none."""
    name: str = ""
    """The model as the run names it."""

    @property
    def type(self) -> str:
        """`model_type`; empty where it is missing."""
        found = self.values.get("model_type")
        return found if isinstance(found, str) else ""


def raw_config(request: Request) -> RawConfig:
    """The config of the request's model. Raises `DryRunProblem` (`no-config`, `bad-config`)."""
    given = request.values.get("model.id")
    name = given if isinstance(given, str) else ""
    if request.model_config is not None:
        return RawConfig(dict(request.model_config), "the config.json given", request.model_folder, name)
    for folder in (request.model_folder, name if os.path.isabs(name) else "", cached_snapshot(name)):
        found = _in_folder(folder, name) if folder else None
        if found is not None:
            return found
    known = _known(request, name)
    if known is not None:
        return known
    if not name:
        why = request.unknown.get("model.id", "no `model.id`")
        raise DryRunProblem("no-config", f"the model is not known: {why}", GIVE_ONE)
    where = f"`{request.model_folder}` holds none" if request.model_folder else "no such folder"
    message = f"no config.json of `{name}` is at hand: {where}, it is not in the hub's cache, and no known model"
    raise DryRunProblem("no-config", message, GIVE_ONE)


def _in_folder(folder: str, name: str) -> RawConfig | None:
    """The config.json of a folder, read as a check without a dry run reads it; None where there is none. Raises `DryRunProblem`."""
    path = os.path.join(folder, "config.json")
    source = model_config(folder, path)
    if source is None:
        return None
    found = read_config(source, name)
    unreadable = [flaw.message for flaw in found.flaws if flaw.kind != "values"]
    if unreadable:
        raise DryRunProblem("bad-config", unreadable[0], "put a whole config.json there")
    return RawConfig(dict(found.values), path, folder, name)


def _known(request: Request, name: str) -> RawConfig | None:
    from lintune.models.catalogue import find_config

    said = request.values.get("model.name")
    for each in (said, name):
        found = find_config(each) if isinstance(each, str) and each else None
        if found is not None:
            known, config = found
            return RawConfig(dict(config), f"the known model {known}", "", name)
    return None
