"""Writes the option surfaces of released packages under `schemas/`.

Usage: python tools/refresh_surfaces.py [--cache FOLDER] [PACKAGE ...]

Releases are downloaded by name and version with pip (as configured where this runs) into a cache outside the
repository, one after another; their source is read by syntax, never imported. Running it again with nothing new
changes nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from surface_entry import Found, encode  # type: ignore[import-not-found,unused-ignore]
from surface_packages import PACKAGES, Package  # type: ignore[import-not-found,unused-ignore]
from surface_reader import open_archive  # type: ignore[import-not-found,unused-ignore]
from surface_report import describe  # type: ignore[import-not-found,unused-ignore]

from lintune.values.version import Version

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
_MAC = ("macosx_11_0_arm64", "macosx_12_0_arm64", "macosx_13_0_arm64", "macosx_14_0_arm64")


def releases_of(package: str) -> list[Version]:
    """Every final release that the index offers, oldest first."""
    command = [sys.executable, "-m", "pip", "index", "versions", package]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(line for line in text.splitlines() if line.startswith("Available versions:"))
    found = [Version.parse(part.strip()) for part in line.partition(":")[2].split(",") if "+" not in part]
    return sorted(version for version in found if version.stage >= (0, 0))


def chosen(package: Package, versions: list[Version]) -> list[Version]:
    """The releases whose source is read."""
    if package.which == "all":
        return versions
    minors: dict[tuple[int, ...], list[Version]] = {}
    for version in versions:
        minors.setdefault((*version.release, 0)[:2], []).append(version)
    newest = max(minors)
    found: list[Version] = []
    for minor, patches in minors.items():
        whole = minor == newest and package.which == "edges"
        found += patches if whole else [patches[0], patches[-1]] if package.which == "edges" else patches[-1:]
    return sorted(set(found))


def download(package: str, version: Version, cache: Path, keep: tuple[str, ...] = ()) -> Path | None:
    """The archive of a release: from the cache, or downloaded into it; None where there is none to be had.

    Where `keep` names files, a wheel of another platform is taken (this one's may be very large) and only they are kept.
    """
    folder = cache / package
    folder.mkdir(parents=True, exist_ok=True)
    name = package.replace("-", "_")
    for attempt in range(2):
        for pattern in (f"{name}-{version}-*.whl", f"{package}-{version}.tar.gz", f"{name}-{version}.tar.gz", f"{name}-{version}.zip"):
            for path in sorted(folder.glob(pattern)):
                return path
        missing = folder / f"{name}-{version}.missing"
        if attempt == 0 and not missing.exists():
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--prefer-binary"]
            if keep:
                _download_part(command, package, version, folder / f"{name}-{version}.zip", keep)
            elif subprocess.run([*command, "-d", str(folder), f"{package}=={version}"], capture_output=True, check=False).returncode:
                missing.touch()
    return None


def _download_part(command: list[str], package: str, version: Version, target: Path, keep: tuple[str, ...]) -> None:
    platforms = [word for name in _MAC for word in ("--platform", name)]
    with TemporaryDirectory() as folder:
        options = ["--only-binary", ":all:", "--python-version", "311", *platforms, "-d", folder]
        subprocess.run([*command, *options, f"{package}=={version}"], capture_output=True, check=False)
        for path in Path(folder).glob("*.whl"):
            with zipfile.ZipFile(path) as whole, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as part:
                for name in keep:
                    part.writestr(name, whole.read(name))


def read_release(name: str, version: Version, cache: Path) -> dict[str, Found]:
    """The surfaces of one release."""
    package = next(package for package in PACKAGES if package.name == name)
    path = download(package.name, version, cache, package.keep)
    if path is None:
        print(f"{package.name} {version}: no archive", file=sys.stderr)
        return {}
    found: dict[str, Found] = package.read(open_archive(path))
    return found


def surface(package: str, name: str, read: list[tuple[Version, Found]], all_releases: list[Version]) -> dict[str, object]:
    """The surface of one class over releases: for every option the windows in which it is the same."""
    releases = [version for version in all_releases if version >= read[0][0]]
    by_version = dict(read)
    choices: list[list[str]] = []
    options: dict[str, list[list[object]]] = {}
    windows: dict[str, list[list[object]]] = {"sources": [], "bases": [], "parser": []}
    sections: dict[str, list[list[object]]] = {}
    refused: dict[str, list[list[object]]] = {}
    for index, version in enumerate(releases):
        found = by_version.get(version)
        if found is None:
            continue
        _extend(windows["sources"], index, [found.source])
        _extend(windows["bases"], index, [list(found.bases)])
        _extend(windows["parser"], index, [found.parser])
        for path, section in found.sections.items():
            _extend(sections.setdefault(path, []), index, [section.unknown])
        for path in found.refused:
            _extend(refused.setdefault(path, []), index, [])
        for option_name, entry in found.entries.items():
            _extend(options.setdefault(option_name, []), index, encode(entry, choices))
    data: dict[str, object] = {"package": package, "class": name, "releases": [str(version) for version in releases]}
    data["source"] = windows["sources"][-1][2]
    data |= {"bases": windows["bases"], "choices": choices}
    data |= {"parser": windows["parser"]} if any(window[2] for window in windows["parser"]) else {}
    data |= {"sections": dict(sorted(sections.items()))} if sections else {}
    data |= {"refused": dict(sorted(refused.items()))} if refused else {}
    return data | {"options": dict(sorted(options.items()))}


def _extend(windows: list[list[object]], index: int, value: Sequence[object]) -> None:
    """Adds a release to the last window when it is next to it and the same, else opens a window."""
    if windows and windows[-1][1] == index - 1 and windows[-1][2:] == list(value):
        windows[-1][1] = index
    else:
        windows.append([index, index, *value])


def write(path: Path, data: dict[str, object], lines: str) -> bool:
    """Writes compact JSON, one line per entry of `lines`; whether anything changed."""
    inner = data[lines]
    assert isinstance(inner, dict)
    head = json.dumps({key: value for key, value in data.items() if key != lines}, separators=(",", ":"))[1:-1]
    body = ",\n".join(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in inner.items())
    text = "{" + (head + ",\n" if head else "") + f'"{lines}":{{\n{body}\n}}}}\n'
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def refresh(package: Package, cache: Path) -> list[Version]:
    """Reads the releases of a package and writes its surfaces; every release from `oldest` on, read or not."""
    everything = sorted({*releases_of(package.name), *map(Version.parse, package.withdrawn)})
    known = [version for version in everything if version >= Version.parse(package.oldest)]
    wanted = chosen(package, known)
    for version in wanted:
        download(package.name, version, cache, package.keep)
    with ProcessPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(read_release, [package.name] * len(wanted), wanted, [cache] * len(wanted), chunksize=4))
    archives = [version for version, found in zip(wanted, results, strict=True) if found]
    names = sorted({name for found in results for name in found})
    for path in (SCHEMAS / "surfaces" / package.name).glob("*.json"):
        if path.stem not in names:
            path.unlink()
    for name in names:
        read = [(version, found[name]) for version, found in zip(wanted, results, strict=True) if name in found]
        data = surface(package.name, name, read, archives)
        changed = write(SCHEMAS / "surfaces" / package.name / f"{name}.json", data, "options")
        options = data["options"]
        assert isinstance(options, dict)
        print(f"{package.name}.{name}: {len(read)} releases, {len(options)} options{'' if changed else ', unchanged'}")
    return known


def main() -> None:
    """Refreshes the named packages, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", help="only these packages")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    parser.add_argument("--cache", type=Path, default=Path(home) / "lintune-surfaces")
    options = parser.parse_args()
    path = SCHEMAS / "releases.json"
    known: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))["packages"] if path.exists() else {}
    for package in PACKAGES:
        if options.packages and package.name not in options.packages:
            continue
        versions = refresh(package, options.cache)
        entry: dict[str, object] = {"recent_from": package.recent_from, "releases": [str(version) for version in versions]}
        known[package.name] = entry | ({"withdrawn": list(package.withdrawn)} if package.withdrawn else {})
        write(path, {"packages": dict(sorted(known.items()))}, "packages")
    describe(SCHEMAS)


if __name__ == "__main__":
    main()
