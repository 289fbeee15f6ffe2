"""`--env PYTHON`: which package versions an interpreter has, from the names of its `*.dist-info` folders.

The interpreter is not started: a repository under check may name it in its config.
"""

import os
import re

from lintune.cli.assume import canonical
from lintune.cli.usage import UsageError
from lintune.values.value import Step
from lintune.values.version import Pin, Specifiers

_DIST_INFO = re.compile(r"(.+?)-(\d[^-]*)(?:-py[^-]*)?\.(?:dist-info|egg-info)")


def installed_pins(interpreter: str, where: str) -> tuple[Pin, ...]:
    """A pin for every package of an interpreter (its executable, or the folder of its virtual environment)."""
    pins: dict[str, Pin] = {}
    folders = site_packages(interpreter)
    if not folders:
        what = "no `site-packages` beside it" if os.path.exists(interpreter) else "no such file or folder"
        raise UsageError(f"{where}: `{interpreter}` is not a Python that lintune can read: {what}")
    for folder in folders:
        for name in sorted(os.listdir(folder)):
            found = _DIST_INFO.fullmatch(name)
            if not found:
                continue
            try:
                specifiers = Specifiers.parse(f"=={found[2].partition('+')[0]}")
            except ValueError:
                continue
            package = canonical(found[1])
            pins.setdefault(package, Pin(package, specifiers, (Step("assumed", None, f"installed in {interpreter}"),)))
    return tuple(pins.values())


def site_packages(interpreter: str) -> list[str]:
    """The folders in which an interpreter's packages lie, as its layout says, on POSIX and on Windows."""
    if os.path.isdir(interpreter):
        roots = [interpreter]
    elif os.path.isfile(interpreter):
        here = os.path.dirname(os.path.abspath(interpreter))
        roots = [os.path.dirname(here), here]
    else:
        return []
    found: list[str] = []
    for root in roots:
        parents = [os.path.join(root, "Lib")]
        for lib in ("lib", "lib64"):
            folder = os.path.join(root, lib)
            if os.path.isdir(folder):
                parents.extend(os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.startswith("python3"))
        for parent in parents:
            for kind in ("site-packages", "dist-packages"):
                folder = os.path.join(parent, kind)
                if os.path.isdir(folder) and os.path.realpath(folder) not in {os.path.realpath(other) for other in found}:
                    found.append(folder)
    return found
