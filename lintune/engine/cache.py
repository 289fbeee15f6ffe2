"""What lintune keeps for its next run, in the user's cache folder.

The contract: everything here can be made again, so nothing fails where the folder cannot be read or written. A file holds plain
data (`marshal`) with what it was made from, behind a digest of it; only a whole file of the user's own is read. It is replaced
in one step, so that runs at the same time cannot spoil it, and the oldest go when there are many. `LINTUNE_CACHE` names another
folder, or is `off`.
"""

import os
import sys
from contextlib import suppress
from typing import Any

VARIABLE = "LINTUNE_CACHE"
MAX_FILES = 200
MAX_BYTES = 32_000_000
"""A larger file is neither written nor read."""
_DIGEST_BYTES = 16


def cache_folder() -> str:
    """The folder; empty where nothing is to be kept."""
    said = os.environ.get(VARIABLE, "")
    if said:
        return "" if said.lower() in ("off", "0", "no", "false") else said
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "lintune")


def digest(text: str | bytes) -> bytes:
    """A hash of a text, short enough to keep many (`hashlib` itself takes longer to load than most files to hash)."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()


def _path(folder: str, name: str) -> str:
    """The form of code objects, and so of the file, differs between releases of Python."""
    return os.path.join(folder, f"{name}-{sys.implementation.cache_tag}.bin")


def read_kept(name: str) -> Any:
    """What was kept under a name; None where there is nothing, or nothing that can be used."""
    import marshal

    folder = cache_folder()
    if not folder:
        return None
    try:
        with open(_path(folder, name), "rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_size > MAX_BYTES or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
                return None
            said, data = stream.read(_DIGEST_BYTES), stream.read()
            return marshal.loads(data) if digest(data) == said else None
    except (OSError, ValueError, EOFError, TypeError):
        return None


def keep(name: str, data: Any) -> None:
    """Keep plain data (and code objects) under a name."""
    import marshal

    folder = cache_folder()
    if not folder:
        return
    path = _path(folder, name)
    temporary = f"{path}.{os.getpid()}"
    try:
        written = marshal.dumps(data)
        if len(written) > MAX_BYTES:
            return
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(temporary, "wb") as stream:
            stream.write(digest(written) + written)
        os.replace(temporary, path)
        _forget_oldest(folder)
    except (OSError, ValueError):
        with suppress(OSError):
            os.unlink(temporary)


def _forget_oldest(folder: str) -> None:
    with os.scandir(folder) as entries:
        kept = [entry for entry in entries if ".bin" in entry.name]
    if len(kept) > MAX_FILES:
        kept.sort(key=lambda entry: entry.stat().st_mtime_ns)
        for entry in kept[: len(kept) - MAX_FILES * 3 // 4]:
            with suppress(OSError):
                os.unlink(entry.path)
