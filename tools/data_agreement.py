"""Whether every YAML and JSON file of some folders is read as its own loader reads it, with spans that slice back.

    python tools/data_agreement.py DIR [DIR ...]

Prints each file that is read differently and a count; exits 1 where there is one.
"""

import datetime
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lintune.source.read import read_source
from lintune.source.text import Source
from lintune.syntax.json import parse_json
from lintune.syntax.tree import Document, Mapping, Node, Scalar, Sequence, walk
from lintune.syntax.yaml import parse_yaml

TOLERATED = {"duplicate-key", "json-bom"}
"""Problems of texts that the loaders accept."""


def files_of(folders: list[str]) -> Iterator[str]:
    """The data files below some folders."""
    for folder in folders:
        for here, below, names in os.walk(folder):
            below[:] = sorted(name for name in below if name != ".git")
            yield from (os.path.join(here, name) for name in sorted(names) if name.endswith((".json", ".yml", ".yaml")))


def plain(node: Node | None) -> Any:
    """What a loader makes of a tree."""
    match node:
        case Mapping(entries=entries):
            return {entry.key.value: plain(entry.value) for entry in entries}
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Scalar(value=value):
            return value
    return None


def same(read: Any, wanted: Any) -> bool:
    """Whether two values are equal, types and the order of keys included; dates are kept as text here."""
    match wanted:
        case dict():
            return isinstance(read, dict) and list(read) == list(wanted) and all(same(read[key], wanted[key]) for key in wanted)
        case list():
            return isinstance(read, list) and len(read) == len(wanted) and all(map(same, read, wanted))
        case datetime.date():
            return isinstance(read, str)
    return type(read) is type(wanted) and repr(read) == repr(wanted)


def bad_spans(document: Document) -> int:
    """Scalars whose span does not hold what was read (an alias holds its own name)."""
    if document.root is None:
        return 0
    scalars = [node for _, node in walk(document.root) if isinstance(node, Scalar) and not node.site.text.startswith("*")]
    bad = 0
    for scalar in scalars:
        written = scalar.site.text
        is_text = isinstance(scalar.value, str) and not scalar.quoted and "\n" not in written
        bad += written != scalar.raw or (is_text and written != scalar.value)
    return bad


def difference(path: str, source: Source) -> str:
    """How a file is read differently; empty where it is not."""
    is_json = path.endswith(".json")
    document = parse_json(source) if is_json else parse_yaml(source)
    refused = [problem for problem in document.problems if problem.kind not in TOLERATED]
    try:
        wanted = json.loads(source.text) if is_json else yaml.load(source.text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        return "" if refused else f"accepted, but its loader says {error}"
    if refused:
        return f"refused with {refused[0].kind}: {refused[0].message}"
    if not same(plain(document.root), wanted):
        return "other values"
    spans = bad_spans(document)
    return f"{spans} spans do not slice back" if spans else ""


def main() -> int:
    """Compare and report."""
    seen = differing = 0
    for path in files_of(sys.argv[1:]):
        source = read_source(path, path)
        if isinstance(source, Source):
            seen += 1
            said = difference(path, source)
            if said:
                differing += 1
                print(f"{path}: {said}")
    print(f"{seen} files, {differing} read differently")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
