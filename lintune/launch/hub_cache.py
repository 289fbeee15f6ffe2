"""The snapshots of hub models in the cache of this machine, as `huggingface_hub` lays them out; read only, no network.

`models--ORG--NAME/refs/main` holds a commit, `snapshots/COMMIT/` its files (huggingface_hub/file_download.py
`try_to_load_from_cache`); the folder is chosen by the variables of huggingface_hub/constants.py.
"""

import os
import re

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z")
_REVISION = re.compile(r"[\w][\w./-]{0,200}\Z")
_LONGEST_REF = 200


def is_hub_name(name: str) -> bool:
    """Whether a text has the form of a hub model's name: an owner and a name."""
    return _NAME.match(name) is not None and ".." not in name and "--" not in name


def cache_folder() -> str:
    """The folder of the hub's cache on this machine, whether or not it is there."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return os.path.expanduser(os.environ[name])
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache"), "huggingface")
    return os.path.join(os.path.expanduser(home), "hub")


def cached_snapshot(name: str, revision: str = "main") -> str | None:
    """The snapshot folder of a hub model at a branch, tag or commit; None where it is not in the cache."""
    if not is_hub_name(name) or not _REVISION.match(revision) or ".." in revision:
        return None
    folder = os.path.join(cache_folder(), "models--" + name.replace("/", "--"))
    try:
        with open(os.path.join(folder, "refs", *revision.split("/")), encoding="ascii") as stream:
            commit = stream.read(_LONGEST_REF).strip()
    except (OSError, ValueError):
        commit = revision
    if not commit.isalnum():
        return None
    found = os.path.join(folder, "snapshots", commit)
    return found if os.path.isdir(found) else None
