"""Whether every YAML, JSON and TOML file of some folders is read as its own loader reads it, with spans that slice back.

    python tools/data_agreement.py DIR [DIR ...]

Prints each file that is read differently and counts by format; exits 1 where there is one. References: PyYAML's SafeLoader,
`json.loads`, `tomllib`. Every span is sliced: it must hold the raw text, and that text alone must mean the same value.
"""

import datetime
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

if sys.version_info >= (3, 11):
    import tomllib as toml
else:
    import tomli as toml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lintune.source.read import read_source
from lintune.source.text import Source
from lintune.syntax.json import parse_json
from lintune.syntax.toml import parse_toml
from lintune.syntax.tree import Document, Mapping, Scalar, loaded, walk
from lintune.syntax.yaml import parse_yaml

TOLERATED = {"duplicate-key", "json-bom", "toml-bom"}
"""Problems of texts that the loaders accept; the byte order marks are refused in files only."""

ENDINGS = {".json": "JSON", ".yml": "YAML", ".yaml": "YAML", ".toml": "TOML"}
LOCKS = {"uv.lock", "poetry.lock", "pdm.lock", "Cargo.lock"}
"""Lock files that are TOML."""


def files_of(folders: list[str]) -> Iterator[tuple[str, str]]:
    """The data files below some folders, each with its format."""
    for folder in folders:
        for here, below, names in os.walk(folder):
            below[:] = sorted(name for name in below if name != ".git")
            for name in sorted(names):
                form = "TOML" if name in LOCKS else ENDINGS.get(os.path.splitext(name)[1])
                if form:
                    yield os.path.join(here, name), form


def parse(source: Source, form: str) -> Document:
    """The tree of a data file."""
    return {"JSON": parse_json, "YAML": parse_yaml, "TOML": parse_toml}[form](source)


def load(text: str, form: str) -> Any:
    """What the format's own loader makes of a text; raises where it refuses."""
    match form:
        case "JSON":
            return json.loads(text)
        case "TOML":
            return toml.loads(text)
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def same(read: Any, wanted: Any) -> bool:
    """Whether two values are equal, types and the order of keys included; dates are kept as text here."""
    match wanted:
        case dict():
            return isinstance(read, dict) and list(read) == list(wanted) and all(same(read[key], wanted[key]) for key in wanted)
        case list():
            return isinstance(read, list) and len(read) == len(wanted) and all(map(same, read, wanted))
        case datetime.date() | datetime.time():
            return isinstance(read, str)
    return type(read) is type(wanted) and repr(read) == repr(wanted)


def scalars(document: Document) -> Iterator[Scalar]:
    """The keys and values of a document, aliases left out (the span of an alias holds its own name)."""
    if document.root is None:
        return
    for _, node in walk(document.root):
        if isinstance(node, Scalar):
            yield from () if node.site.text.startswith("*") else (node,)
        elif isinstance(node, Mapping):
            yield from () if node.site.text.startswith("*") else (entry.key for entry in node.entries)


def cut_short(document: Document) -> bool:
    """Whether a text has more values than are read."""
    return any(problem.kind == "too-large" for problem in document.problems)


def bad_spans(document: Document, form: str) -> int:
    """How many scalars have a span that does not hold what was read."""
    bad = 0
    for scalar in scalars(document):
        written = scalar.site.text
        is_text = isinstance(scalar.value, str) and not scalar.quoted and "\n" not in written
        bad += written != scalar.raw or (is_text and written != scalar.value)
        if scalar.quoted and form != "YAML":
            bad += load(written if form == "JSON" else f"x = {written}", form) != (scalar.value if form == "JSON" else {"x": scalar.value})
    return bad


def difference(source: Source, document: Document, form: str) -> str:
    """How a file is read differently; empty where it is not."""
    refused = [problem for problem in document.problems if problem.kind not in TOLERATED]
    try:
        wanted = load(source.text, form)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        return "" if refused else f"accepted, but its loader says {error}"
    if refused:
        return f"refused with {refused[0].kind}: {refused[0].message}"
    if not same(loaded(document.root), wanted):
        return "other values"
    spans = bad_spans(document, form)
    return f"{spans} spans do not slice back" if spans else ""


def main() -> int:
    """Compare and report."""
    seen: Counter[str] = Counter()
    values: Counter[str] = Counter()
    differing = unread = 0
    for path, form in files_of(sys.argv[1:]):
        source = read_source(path, path)
        if not isinstance(source, Source):
            unread += 1
            continue
        document = parse(source, form)
        if cut_short(document):
            unread += 1
            continue
        seen[form] += 1
        values[form] += sum(1 for _ in scalars(document))
        said = difference(source, document, form)
        if said:
            differing += 1
            print(f"{path}: {said}")
    counts = ", ".join(f"{seen[form]:,} {form} ({values[form]:,} keys and values)" for form in sorted(seen))
    print(f"{counts}; {unread} not text or too large; {differing} read differently")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
