"""Requirements that the files around a launch pin: which release of a package will be there."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from posixpath import dirname, join, normpath

from lintune.source.record import dataclass
from lintune.source.text import Site, Source, Span

MAX_FILES = 40
"""How many requirement files are read, `-r` and `-c` included."""


@dataclass(frozen=True, slots=True)
class FilePin:
    """A requirement as a file states it."""

    package: str
    """Lower case, with dashes."""
    specifier: str
    """What follows the name, as PEP 440 spells it (`==4.51.2`, `>=4.45,<5`); "" for any release."""
    site: Site
    """The requirement as written: name and specifier."""
    locked: bool = False
    """Whether a lock file says so, so that it is the release that gets installed."""
    optional: bool = False
    """Whether it belongs to an extra or a development group."""


CONDA_NAMES = {"pytorch": "torch"}
"""Packages that have another name in conda's channels."""

Read = Callable[[str], Source | None]

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_CLAUSE = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+"


@cache
def _requirement() -> "re.Pattern[str]":
    """A requirement: name, extras, specifier or address; compiled where a file is read, since that takes a millisecond."""
    extras = r"[ \t]*(?:\[[^\]\n]*\])?[ \t]*"
    specifier = rf"(?P<spec>\(?\s*{_CLAUSE}(?:\s*,\s*{_CLAUSE})*\s*\)?)?"
    return re.compile(rf"(?P<name>{_NAME}){extras}{specifier}(?P<url>[ \t]*@[ \t]*\S+)?")


def package_name(name: str) -> str:
    """A distribution's name in one spelling: lower case, runs of `-`, `_` and `.` as one dash (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def find_pins(folders: Iterable[str], names_in: Callable[[str], list[str]], read: Read) -> tuple[FilePin, ...]:
    """All requirements of the files in these folders, in the folders' order; within one, lock files first."""
    reader = _Reader(read)
    for folder in dict.fromkeys(folders):
        names = names_in(folder)
        chosen = [(rank, name) for name in names if (rank := _rank(name)) is not None]
        for _, name in sorted(chosen):
            reader.file(normpath(join(folder, name)))
        if "requirements" in names:
            for name in names_in(join(folder, "requirements")):
                if name.endswith(".txt"):
                    reader.file(normpath(join(folder, "requirements", name)))
    return tuple(reader.pins)


def pins_of(source: Source, read: Read) -> tuple[FilePin, ...]:
    """The requirements of one file, with those it includes."""
    reader = _Reader(read)
    reader.source(source)
    return tuple(reader.pins)


def _rank(name: str) -> int | None:
    """The order of a folder's requirement files, None for other files."""
    if name in ("uv.lock", "poetry.lock", "pdm.lock"):
        return 0
    if name == "requirements.txt":
        return 1
    if name in ("pyproject.toml", "setup.cfg", "setup.py"):
        return 2
    if name in ("environment.yml", "environment.yaml"):
        return 3
    if name.endswith(".txt") and (name.startswith(("requirement", "constraints")) or name.endswith(("requirements.txt", "reqs.txt"))):
        return 4
    return 5 if name.startswith("Dockerfile") or name.endswith(".Dockerfile") else None


class _Reader:
    """Reads requirement files and what they include, each once."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self.pins: list[FilePin] = []
        self.done: set[str] = set()

    def file(self, path: str) -> None:
        """Read a file by its path, once."""
        if path not in self.done and len(self.done) < MAX_FILES:
            self.done.add(path)
            source = self.read(path)
            if source is not None:
                self.source(source)

    def source(self, source: Source) -> None:
        """Read a text as its name says."""
        self.done.add(source.path)
        name = source.path.rpartition("/")[2]
        if name.endswith(".lock"):
            self._lock(source)
        elif name == "pyproject.toml":
            self._pyproject(source)
        elif name.endswith((".yml", ".yaml")):
            self._environment(source)
        elif name.endswith(".py"):
            self._setup_py(source)
        elif name == "setup.cfg":
            self._setup_cfg(source)
        elif "Dockerfile" in name:
            self._docker(source)
        else:
            self._requirements(source)

    def add(self, source: Source, start: int, end: int, **how: bool) -> None:
        """The requirement that starts at `start`, if there is one."""
        found = _requirement().match(source.text, start, end)
        if found is None:
            return
        specifier = re.sub(r"[\s()]", "", found.group("spec") or "")
        if found.group("url"):
            specifier = ""
        stop = found.end("spec") if found.group("spec") else found.end("name")
        site = Site(source, Span(start, start + len(source.text[start:stop].rstrip())))
        self.pins.append(FilePin(package_name(found.group("name")), specifier, site, **how))

    def _requirements(self, source: Source) -> None:
        for line in range(1, source.line_count() + 1):
            span = source.line_span(line)
            text = source.slice(span)
            included = re.match(r"\s*(?:-[rc]\s*|--(?:requirement|constraint)[\s=]\s*)([^\s-]\S*)", text)
            if included:
                self.file(normpath(join(dirname(source.path), included.group(1))))
            elif text.strip() and text.lstrip()[0].isalnum() and "://" not in text.partition("@")[0]:
                end = text.find(" #")
                self.add(source, span.start + len(text) - len(text.lstrip()), span.start + (len(text) if end < 0 else end))

    def _quoted(self, source: Source, start: int, end: int, **how: bool) -> None:
        """The requirements that stand in quotes in a stretch of text, outside of comments and not as keys."""
        for found in re.finditer(r"#[^\n]*|\"([^\"\n]*)\"|'([^'\n]*)'", source.text[start:end]):
            group = 1 if found.group(1) is not None else 2
            before, behind = source.text[start : start + found.start()].rstrip(" "), source.text[start + found.end() : end].lstrip()
            if found.group(group) and not behind.startswith(":") and not before.endswith("="):
                self.add(source, start + found.start(group), start + found.end(group), **how)

    def _pyproject(self, source: Source) -> None:
        if "depend" not in source.text:  # no table of requirements: reading the file takes some milliseconds
            return
        from lintune.launch.pyproject_pins import read_pyproject

        self.pins += read_pyproject(source, lambda text, start, end, optional: self.add(text, start, end, optional=optional))

    def _lock(self, source: Source) -> None:
        for found in re.finditer(r'^\[\[package\]\]\r?\nname = "([^"\r\n]+)"\r?\nversion = "([^"\n]+)"', source.text, re.M):
            site = Site(source, Span(found.start(1) - len('name = "'), found.end(2) + 1))
            self.pins.append(FilePin(package_name(found.group(1)), f"=={found.group(2)}", site, locked=True))

    def _setup_py(self, source: Source) -> None:
        """Literal lists and mappings, also where they are added up or have a name."""
        text = source.text
        for found in re.finditer(r"\b(install_requires|extras_require)[\"']?\s*[=:]\s*", text):
            optional, at = found.group(1) == "extras_require", found.end()
            while opened := re.compile(r"\s*\+?\s*(?:dict\s*\(|[\[{])").match(text, at):
                at = _closing(text, opened.end(), len(text))
                self._quoted(source, opened.end(), at, optional=optional)
                at += 1
            named = re.compile(r"[A-Za-z_]\w*").match(text, at)
            listed = re.search(rf"^{named.group()}\s*(?::[^=\n]*)?\+?=\s*[\[{{]", text, re.M) if named else None
            if listed:
                self._quoted(source, listed.end(), _closing(text, listed.end(), len(text)), optional=optional)

    def _setup_cfg(self, source: Source) -> None:
        optional = inside = False
        for line in range(1, source.line_count() + 1):
            span = source.line_span(line)
            text = source.slice(span)
            if text.startswith("["):
                optional = inside = text.startswith("[options.extras_require]")
            elif re.match(r"\w", text):
                inside = optional or bool(re.match(r"install_requires\s*=", text))
                found = re.search(r"=\s*(?=\w)", text)
                if inside and found:
                    self.add(source, span.start + found.end(), span.end, optional=optional)
            elif inside and text.strip() and text.lstrip()[0].isalnum():
                self.add(source, span.start + len(text) - len(text.lstrip()), span.end, optional=optional)

    def _environment(self, source: Source) -> None:
        listed = False
        for line in range(1, source.line_count() + 1):
            span = source.line_span(line)
            if source.slice(span)[:1].isalpha():
                listed = source.slice(span).startswith("dependencies")
            if listed and (included := re.match(r"\s*-\s+[\"']?-[rc]\s+([^\s\"']+)", source.slice(span))):
                self.file(normpath(join(dirname(source.path), included.group(1))))
            found = re.match(rf"\s*-\s+[\"']?((?:[\w.-]+::)?)({_NAME})(=[\w.*]+)?", source.slice(span))
            if found is None or not listed or source.slice(span).rstrip().endswith(":"):
                continue
            start = span.start + found.start(2)
            if found.group(3) and source.text[start + len(found.group(2)) + 1] != "=":
                release = found.group(3)[1:]
                site = Site(source, Span(start, start + len(found.group(2)) + len(found.group(3))))
                name = package_name(found.group(2))
                self.pins.append(FilePin(CONDA_NAMES.get(name, name), f"=={release.rstrip('.*')}.*", site))
            else:
                self.add(source, start, span.end)

    def _docker(self, source: Source) -> None:
        blank = re.sub(r"^[ \t]*#[^\n]*\n", lambda found: " " * len(found.group()), source.text, flags=re.M)
        joined = re.sub(r"\\[ \t]*\r?\n", lambda found: " " * len(found.group()), blank)
        for found in re.finditer(r"\b(?:pip[\d.]*|uv pip) install\b([^\n&;|]*)|\buv add\b([^\n&;|]*)", joined):
            group = 1 if found.group(1) is not None else 2
            for word in re.finditer(r"(-\S+(?:\s+[^-\s]\S*\.txt|\s+\w+:\S+)?|[\"']?)([^\s\"']*)", found.group(group)):
                included = re.fullmatch(r"(?:-r|-c|--requirement|--constraint)[\s=]*(\S+\.txt)", word.group(1))
                if included:
                    self.file(normpath(join(dirname(source.path), included.group(1))))
                elif word.group(1) in ("", '"', "'") and re.match(rf"{_NAME}(\[[^\]]*\])?(?:[=<>~!]|$)", word.group(2)):
                    self.add(source, found.start(group) + word.start(2), found.start(group) + word.end(2))


def _closing(text: str, start: int, end: int) -> int:
    """Where the bracket that was opened just before `start` is closed; brackets in strings and comments do not count."""
    depth = 1
    for found in re.finditer(r"#[^\n]*|\"[^\"\n]*\"|'[^'\n]*'|[\[{(]|[\]})]", text[start:end]):
        if found.group() in "[{(":
            depth += 1
        elif found.group() in "]})":
            depth -= 1
            if not depth:
                return start + found.start()
    return end


def from_poetry(text: str) -> str:
    """Poetry's `^1.2` and bare `1.2` in PEP 440's words."""
    if text == "*":
        return ""
    caret = re.fullmatch(r"\^\s*(\d+)((?:\.\d+)*)\S*", text)
    if caret:
        parts = [int(part) for part in (caret.group(1) + caret.group(2)).split(".")]
        index = next((at for at, part in enumerate(parts) if part), len(parts) - 1)
        upper = ".".join(map(str, [*parts[:index], parts[index] + 1]))
        return f">={text[1:].strip()},<{upper}"
    tilde = re.fullmatch(r"~\s*(\d+(?:\.\d+)*)", text)
    if tilde:
        parts = [int(part) for part in tilde.group(1).split(".")][:2]
        return f">={tilde.group(1)},<{'.'.join(map(str, [*parts[:-1], parts[-1] + 1]))}"
    return f"=={text}" if re.fullmatch(r"\d\S*", text) else text.replace(" ", "")
