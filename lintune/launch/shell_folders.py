"""Absolute folders whose beginning is only known when the script runs: how an unknown piece says which one it stands for."""

from posixpath import normpath

WORKING_FOLDER = "the working folder of the launch is not known"
"""Reason of an unknown piece that stands for the absolute folder in which the script is started."""
SCRIPT_FOLDER = "the folder of this script is only known when it runs"
"""Reason of an unknown piece that stands for the folder of the script itself."""
SCRIPT_NAME = "how this script is started is only known when it runs"
"""Reason of an unknown piece that stands for `$0`."""
_FROM = ", from there `"


def folder_reason(base: str, relative: str) -> str:
    """The reason for the folder `relative` to one of the bases."""
    return base if relative in ("", ".") else f"{base}{_FROM}{relative}`"


def folder_of(reason: str) -> tuple[str, str] | None:
    """The base and the folder relative to it that a reason speaks of."""
    base, _, relative = reason.partition(_FROM)
    return (base, relative.rstrip("`") or ".") if base in (WORKING_FOLDER, SCRIPT_FOLDER) else None


def split_folder(base: str, relative: str) -> tuple[str, str]:
    """A folder as the reason of its unknown beginning and the text that certainly follows."""
    relative = normpath(relative)
    if relative == ".":
        return base, ""
    if not relative.startswith(".."):
        return base, "/" + relative
    parts = relative.split("/")
    ups = sum(part == ".." for part in parts)
    rest = "/".join(parts[ups:])
    return folder_reason(base, "/".join(parts[:ups])), "/" + rest if rest else ""
