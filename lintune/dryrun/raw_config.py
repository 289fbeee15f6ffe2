"""The config.json of the run's model, as values: given, in the model's folder, in the hub's cache, or of a known model. No network."""

import json
import os
from dataclasses import dataclass
from typing import Any

from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Request

_LARGEST = 4_000_000
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
    for folder in _folders(request, name):
        path = os.path.join(folder, "config.json")
        if os.path.isfile(path):
            return RawConfig(_read(path), path, folder, name)
    known = _known(request, name)
    if known is not None:
        return known
    if not name:
        why = request.unknown.get("model.id", "no `model.id`")
        raise DryRunProblem("no-config", f"the model is not known: {why}", GIVE_ONE)
    raise DryRunProblem(
        "no-config", f"no config.json of `{name}` is at hand: no such folder, not in the hub's cache, not a known model", GIVE_ONE
    )


def _folders(request: Request, name: str) -> list[str]:
    found = [request.model_folder] if request.model_folder else []
    if name and os.path.isabs(name):
        found.append(name)
    cached = _cached(name)
    return [*found, cached] if cached else found


def _cached(name: str) -> str:
    """The snapshot folder of a hub model in the local cache; empty where there is none."""
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        return ""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return ""
    return os.path.dirname(found) if isinstance(found, str) else ""


def _known(request: Request, name: str) -> RawConfig | None:
    from lintune.models.catalogue import find_config

    said = request.values.get("model.name")
    for each in (said, name):
        found = find_config(each) if isinstance(each, str) and each else None
        if found is not None:
            known, config = found
            return RawConfig(dict(config), f"the known model {known}", "", name)
    return None


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            found = json.loads(stream.read(_LARGEST))
    except (OSError, ValueError, RecursionError) as error:
        raise DryRunProblem("bad-config", f"`{path}` cannot be read: {error}", "put a whole config.json there") from None
    if not isinstance(found, dict):
        raise DryRunProblem("bad-config", f"`{path}` is not a JSON object", "put a whole config.json there")
    return found
