"""Files that a script looks for, opens and reads itself."""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from lintune.scripts.walk.abstract import NONE, Data, Items, Open, Table, Value, names_of
from lintune.scripts.walk.trace import Opened
from lintune.scripts.walk.walker import Stopped

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_FILE_BUILDERS = ("json", "csv", "text", "parquet")
_MOST_OPENED = 64


def exists(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`os.path.exists(path)`."""
    return _asked(args, walk.exists)


def is_folder(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`os.path.isdir(path)`."""
    return _asked(args, lambda path: walk.exists(path.rstrip("/") + "/"))


def is_file(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`os.path.isfile(path)`."""

    def found(path: str) -> bool | None:
        there = walk.exists(path)
        folder = walk.exists(path.rstrip("/") + "/") if there else False
        return there if folder is False else None if folder is None else False

    return _asked(args, found)


def _asked(args: list[Value], find: Callable[[str], bool | None]) -> Value:
    names = names_of(args[0]) if args else NONE
    if args and isinstance(args[0], Data) and isinstance(args[0].value, str):
        found = find(args[0].value)
        if found is not None:
            return Data(found, names)
    return Open("whether it is there is not known", names)


def open_file(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`open(path, mode)`: one that is read has to be there."""
    mode = args[1] if len(args) > 1 else keywords.get("mode", Data("r"))
    path = args[0] if args else keywords.get("file", Open())
    if isinstance(mode, Data) and isinstance(mode.value, str) and not set(mode.value) & set("wax+"):
        reads(walk, path, node)
    elif isinstance(path, Data) and isinstance(path.value, str):
        walk.noted.written.add(path.value)
    return Open("a file")


def read_first(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """A library's function that reads the file that it is given first: `pandas.read_csv(path)`, `torch.load(path)`."""
    reads(walk, args[0] if args else keywords.get("f", keywords.get("path_or_buf", Open())), node)
    return Open("what a file holds")


def load_dataset(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`datasets.load_dataset("json", data_files=...)`."""
    kind = args[0] if args else keywords.get("path", Open())
    files = keywords.get("data_files", args[2] if len(args) > 2 else Open())
    if isinstance(kind, Data) and kind.value in _FILE_BUILDERS and "data_dir" not in keywords:
        listed = files.slots.values() if isinstance(files, Table) else files.items if isinstance(files, Items) else (files,)
        for each in listed:
            inner = each.items if isinstance(each, Items) else (each,)
            for path in inner:
                if isinstance(path, Data) and isinstance(path.value, str) and not set(path.value) & set("*?["):
                    reads(walk, path, node)
    return Open("a data set", names_of(files))


def change_folder(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`os.chdir(folder)`: nothing is known of relative paths any more."""
    walk.noted.moved = True
    return Data(None)


def reads(walk: "Walk", path: Value, node: ast.AST) -> None:
    """A file is read; where it is certainly not there the script ends."""
    if (
        walk.noted.moved
        or not isinstance(path, Data)
        or not isinstance(path.value, str)
        or not path.value
        or path.value in walk.noted.written
    ):
        return
    if walk.exists(path.value) is False:
        walk.end("missing-file", f"No such file or directory: {path.value!r}", "FileNotFoundError", node, names_of(path))
        raise Stopped
    if len(walk.noted.opened) < _MOST_OPENED:
        certain = not walk.unsure and not walk.tests and not walk.tries
        walk.noted.opened.setdefault(path.value, Opened(path.value, walk.site(node), certain, names_of(path), walk.stage))
