"""Writes the option surfaces of released packages under `schemas/`.

Usage: python tools/refresh_surfaces.py [--cache FOLDER] [PACKAGE ...]

Releases are downloaded by name and version with pip (as configured where this runs) into a cache outside the
repository; their source is read by syntax, never imported. Running it again with nothing new changes nothing.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from surface_reader import encode, open_archive, read_class  # type: ignore[import-not-found,unused-ignore]

from lintune.scripts.fields import ScriptDataclass
from lintune.values.version import Version

ABOUT = """# Option surfaces

Which options a class of a released package has, in which releases. Written by `tools/refresh_surfaces.py`, which reads
released source by syntax; not edited by hand. One file per class:

- `releases`: the releases that were read, oldest first; every other number is an index into them.
- `bases`: `[first, last, [classes of other packages it inherits from]]`.
- `choices`: lists of accepted words, shared by index.
- `options`: for each name, windows `[first, last, type, default, {more}]` in which it is the same. `more` may hold
  `choices` (an index), `many` (a list), `optional` (the bare flag is allowed), `required`, `unread` (a computed
  default) and `aliases`.

Options that a class inherits from another package are in that package's file.

"""
SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"


@dataclass(frozen=True, slots=True)
class Package:
    """What to read of a package."""

    name: str
    oldest: str
    """The first release whose source is read."""
    recent_from: str
    """The first release that a launch without a pin is taken to run with (about three years back)."""
    classes: tuple[tuple[str, str], ...] = ()
    """Class and the name of the file that defines it."""
    withdrawn: tuple[str, ...] = ()
    """Releases that the index no longer lists but still has, and that old pins name."""


PACKAGES = (
    Package(
        "transformers",
        "4.28",
        "4.36",
        (("TrainingArguments", "training_args.py"), ("Seq2SeqTrainingArguments", "training_args_seq2seq.py")),
        ("4.46.0", "4.57.0"),
    ),
    Package(
        "trl",
        "0.8",
        "0.8.6",
        (
            *((f"{name}Config", f"{name.lower()}_config.py") for name in ("SFT", "DPO", "KTO", "ORPO", "CPO", "GRPO", "RLOO")),
            *((f"{name}Config", f"{name.lower()}_config.py") for name in ("Reward", "PPO")),
            ("OnlineDPOConfig", "online_dpo_config.py"),
            ("ScriptArguments", "utils.py"),
            ("ModelConfig", "model_config.py"),
        ),
    ),
    Package("peft", "0.4", "0.7", (("LoraConfig", "config.py"),)),
    Package("accelerate", "0.20", "0.26"),
    Package("deepspeed", "0.9", "0.12"),
    Package("torch", "2.0", "2.1"),
)


def releases_of(package: str) -> list[Version]:
    """Every final release that the index offers, oldest first."""
    command = [sys.executable, "-m", "pip", "index", "versions", package]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(line for line in text.splitlines() if line.startswith("Available versions:"))
    found = [Version.parse(part.strip()) for part in line.partition(":")[2].split(",") if "+" not in part]
    return sorted(version for version in found if version.stage >= (0, 0))


def download(package: str, version: Version, cache: Path) -> Path | None:
    """The archive of a release: from the cache, or downloaded into it; None where there is none to be had."""
    folder = cache / package
    folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(2):
        for pattern in (f"{package}-{version}-*.whl", f"{package}-{version}.tar.gz"):
            for path in sorted(folder.glob(pattern)):
                return path
        if attempt == 0:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--prefer-binary", "-d", str(folder)]
            subprocess.run([*command, f"{package}=={version}"], capture_output=True, check=False)
    return None


def read_release(package: Package, version: Version, cache: Path) -> dict[str, ScriptDataclass]:
    """The classes of one release."""
    path = download(package.name, version, cache)
    if path is None:
        print(f"{package.name} {version}: no archive", file=sys.stderr)
        return {}
    archive = open_archive(path)
    found = {name: read_class(archive, package.name, file_name, name) for name, file_name in package.classes}
    return {name: _without_sites(surface) for name, surface in found.items() if surface is not None}


def _without_sites(surface: ScriptDataclass) -> ScriptDataclass:
    """The same without source texts, so that it travels cheaply between processes."""
    from dataclasses import replace

    options = {name: replace(option, site=None, origin="", help="") for name, option in surface.options.items()}
    return ScriptDataclass(surface.name, None, options, surface.bases, surface.complete)


def surface(package: str, name: str, read: list[tuple[Version, ScriptDataclass]], all_releases: list[Version]) -> dict[str, object]:
    """The surface of one class over releases: for every option the windows in which it is the same."""
    releases = [version for version in all_releases if version >= read[0][0]]
    by_version = dict(read)
    choices: list[list[str]] = []
    options: dict[str, list[list[object]]] = {}
    bases: list[list[object]] = []
    for index, version in enumerate(releases):
        found = by_version.get(version)
        if found is None:
            continue
        _extend(bases, index, [list(found.bases)])
        for option in found.options.values():
            _extend(options.setdefault(option.name, []), index, encode(option, choices))
    return {
        "package": package,
        "class": name,
        "releases": [str(version) for version in releases],
        "bases": bases,
        "choices": choices,
        "options": dict(sorted(options.items())),
    }


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
    """Reads every release of a package from `oldest` on and writes its surfaces."""
    everything = sorted({*releases_of(package.name), *map(Version.parse, package.withdrawn)})
    wanted = [version for version in everything if version >= Version.parse(package.oldest)]
    if not package.classes:
        return wanted
    with ProcessPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(read_release, [package] * len(wanted), wanted, [cache] * len(wanted), chunksize=4))
    for name, _ in package.classes:
        read = [(version, found[name]) for version, found in zip(wanted, results, strict=True) if name in found]
        if not read:
            print(f"{package.name}.{name}: found in no release", file=sys.stderr)
            continue
        data = surface(package.name, name, read, [version for version, found in zip(wanted, results, strict=True) if found])
        changed = write(SCHEMAS / "surfaces" / package.name / f"{name}.json", data, "options")
        print(f"{package.name}.{name}: {len(read)} releases, {len(data['options'])} options{'' if changed else ', unchanged'}")  # type: ignore[arg-type]
    return wanted


def describe() -> None:
    """Writes `schemas/surfaces/README.md`: what is there, with counts."""
    rows = ["| class | releases | first | last | options in any | in the last |", "| --- | --- | --- | --- | --- | --- |"]
    for path in sorted((SCHEMAS / "surfaces").glob("*/*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        releases, options = data["releases"], data["options"]
        last = sum(1 for windows in options.values() if windows[-1][1] == len(releases) - 1)
        rows.append(f"| {data['package']}.{data['class']} | {len(releases)} | {releases[0]} | {releases[-1]} | {len(options)} | {last} |")
    (SCHEMAS / "surfaces" / "README.md").write_text(ABOUT + "\n".join(rows) + "\n", encoding="utf-8")


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
    describe()
    write(path, {"packages": dict(sorted(known.items()))}, "packages")


if __name__ == "__main__":
    main()
