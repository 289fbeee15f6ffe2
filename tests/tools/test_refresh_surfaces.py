"""Laying releases out as windows: which are read, what is the same over which, and that writing twice changes nothing."""

from pathlib import Path
from typing import Any

from lintune.values.option import Option
from lintune.values.version import Version


def _found(**options: Option) -> Any:
    from surface_entry import Entry, Found, Section  # type: ignore[import-not-found,unused-ignore]

    found = Found(source="pack/config.py Config", bases=("library.Base",), sections={"": Section("dropped", "x")})
    for name, option in options.items():
        found.add(name, Entry(option))
    return found


def _versions(*texts: str) -> list[Version]:
    return [Version.parse(text) for text in texts]


def test_windows_open_where_an_option_changes() -> None:
    from refresh_surfaces import surface  # type: ignore[import-not-found,unused-ignore]

    one, two, three, four = releases = _versions("1.0", "1.1", "1.2", "1.3")
    old, new = Option("a", "int", 1), Option("a", "float", 1)
    read = [(one, _found(a=old)), (two, _found(a=old, b=Option("b"))), (three, _found(a=new)), (four, _found(a=new, b=Option("b")))]
    data = surface("pack", "Config", read, releases)
    assert data["options"] == {"a": [[0, 1, "int", 1], [2, 3, "float", 1]], "b": [[1, 1, "str", None], [3, 3, "str", None]]}
    assert data["bases"] == [[0, 3, ["library.Base"]]] and data["sections"] == {"": [[0, 3, "dropped"]]}


def test_a_release_without_the_class_is_a_gap() -> None:
    from refresh_surfaces import surface

    one, two, three = releases = _versions("1.0", "1.1", "1.2")
    data = surface("pack", "Config", [(one, _found(a=Option("a"))), (three, _found(a=Option("a")))], releases)
    assert data["options"] == {"a": [[0, 0, "str", None], [2, 2, "str", None]]} and two in releases


def test_chosen_releases() -> None:
    from refresh_surfaces import chosen
    from surface_packages import Package  # type: ignore[import-not-found,unused-ignore]

    known = _versions("1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.1.1", "1.1.2")
    packages = {which: Package("pack", "1", "1", lambda _: {}, which) for which in ("all", "edges", "last")}
    shown = {which: [str(version) for version in chosen(package, known)] for which, package in packages.items()}
    assert shown["all"] == [str(version) for version in known]
    assert shown["edges"] == ["1.0.0", "1.0.2", "1.1.0", "1.1.1", "1.1.2"]
    assert shown["last"] == ["1.0.2", "1.1.2"]


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    from refresh_surfaces import surface, write

    data = surface("pack", "Config", [(version, _found(a=Option("a"))) for version in _versions("1.0")], _versions("1.0"))
    path = tmp_path / "pack" / "Config.json"
    assert write(path, data, "options") and not write(path, data, "options")
    assert write(path, data | {"source": "other"}, "options")


def test_what_an_entry_keeps() -> None:
    from surface_entry import Entry, encode

    choices: list[list[str]] = [["x"]]
    flag = Option("nodes", "int", 1, choices=("1", "2"), spellings=("-n", "--nodes"), negations=("--no-nodes",), repeats=True)
    assert encode(Entry(flag), choices) == [
        *("int", 1),
        {"choices": 1, "spellings": ["-n", "--nodes"], "negations": ["--no-nodes"], "repeats": 1},
    ]
    key = Entry(Option("a", "dict", nargs="many"), types=("str", "dict"), section=True, keys=("b",), instead="c", deprecated=True)
    assert encode(key, choices)[2] == {"many": 1, "types": ["str", "dict"], "section": 1, "keys": ["b"], "instead": "c", "deprecated": 1}
    assert choices == [["x"], ["1", "2"]]
