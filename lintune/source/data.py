"""Where the data that ships with lintune lies: rule pages, option surfaces, facts of models."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def data_folder(name: str) -> Path:
    """The folder of shipped data by name: "rules", "schemas" or "models".

    An installed wheel keeps it as `lintune/_data/<name>`, a checkout as `<name>` beside the package; where neither
    exists, the installed place is returned so that an error message names it.
    """
    installed = _PACKAGE / "_data" / name
    if installed.is_dir():
        return installed
    checkout = _PACKAGE.parent / name
    return checkout if checkout.is_dir() else installed
