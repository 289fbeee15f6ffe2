"""Data sets that are not at hand: whatever is read from them is there and empty, whatever is done to them gives them again."""

import builtins
import io
import os
import sys
from collections.abc import Callable
from typing import Any

from lintune.dryrun.intercept.stand_in import StandIn

_EMPTY = {".json": "[]", ".jsonl": ""}
_READERS = ("load_dataset", "load_from_disk", "concatenate_datasets", "interleave_datasets")


class Data(StandIn):
    """A data set, or a mapping of them: it has every split and column, and one sample that is never seen."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def __getitem__(self, _: Any) -> Any:
        return self

    def __contains__(self, _: Any) -> bool:
        return True

    def __len__(self) -> int:
        return 100

    @property
    def column_names(self) -> list[str]:
        """None that is known."""
        return []


def install(note: Callable[[str], None], root: str) -> None:
    """Replace what reads data sets in `datasets`, where it is installed, and let code below a root open data files that are not here."""
    builtins.open = _or_empty(builtins.open, root, note)
    try:
        import datasets  # type: ignore[import-not-found,unused-ignore]
    except Exception:  # not installed, or one that does not fit: the script will say
        return
    for name in _READERS:
        original = getattr(datasets, name, None)
        if original is not None:
            setattr(datasets, name, _or_data(original, name, note))


def _or_empty(original: Any, root: str, note: Callable[[str], None]) -> Any:
    """`open`, for which a JSON file that is not here holds no sample, where the project's own code reads it."""

    def opened(file: Any, mode: str = "r", *given: Any, **keywords: Any) -> Any:
        try:
            return original(file, mode, *given, **keywords)
        except FileNotFoundError:
            caller = os.path.abspath(sys._getframe(1).f_code.co_filename)
            ending = os.path.splitext(str(file))[1]
            if ending not in _EMPTY or "r" not in mode or not caller.startswith(root + os.sep):
                raise
            note(f"`{file}` is not at hand: taken as empty")
            return io.BytesIO(_EMPTY[ending].encode()) if "b" in mode else io.StringIO(_EMPTY[ending])

    return opened


def _or_data(original: Callable[..., Any], name: str, note: Callable[[str], None]) -> Callable[..., Any]:
    def read(*given: Any, **keywords: Any) -> Any:
        if any(isinstance(each, StandIn) for each in (*given, *(given[0] if given and isinstance(given[0], list) else ()))):
            return Data()
        try:
            return original(*given, **keywords)
        except Exception:  # no such files, no network
            what = f" of `{given[0]}`" if given and isinstance(given[0], str) else ""
            note(f"`{name}`{what} is not at hand: a stand-in")
            return Data()

    return read
