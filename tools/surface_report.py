"""Writes the pages that say what the surfaces hold, with counts: `schemas/README.md`, `schemas/surfaces/README.md`."""

import json
from pathlib import Path

ABOUT = """# Option surfaces

Which options a class, parser or configuration file of a released package has, in which releases. Written by
`tools/refresh_surfaces.py`, which reads released source by syntax; not edited by hand. One file per surface:

- `releases`: the releases that were read, oldest first; every other number is an index into them.
- `source`: the file and symbol of the newest of them.
- `bases`: `[first, last, [classes of other packages it inherits from]]`.
- `choices`: lists of accepted words, shared by index.
- `parser`: `[first, last, {how the parser departs from argparse}]`: `abbreviations` false, `dashed` true.
- `options`: for each name, windows `[first, last, type, default, {more}]` in which it is the same. `more` may hold
  `choices` (an index), `many` (a list), `optional` (the bare flag is allowed), `switch` (it takes no word), `required`,
  `unread` (a computed default), `aliases` (further flags), `spellings` (all flags), `negations`, `repeats`.
- In a configuration file names are dotted paths, and `more` may hold `section` (it has keys of its own), `types`
  (several kinds of value), `keys` (other accepted names), `deprecated`, `instead` (what its definition says to use).
- `sections`: for each mapping of a file (the file itself is the empty path) windows `[first, last, what happens to
  unknown keys]`: `refused`, `dropped` without a word, `kept`.
- `refused`: keys that a release knows as removed and refuses.

Options that a class inherits from another package are in that package's file. `programs.json` says which surfaces make
up the options of a command.

What was read: of transformers, trl, peft, llamafactory, axolotl, litgpt and torchtune every release; of ms-swift, deepspeed
and openrlhf the first and last patch of each minor and every patch of the newest; of accelerate, unsloth and torch each
minor's (unsloth: month's) last. A bound inside of a minor that was not read whole lies between the two releases read.
torch: only the file of `torchrun`, from wheels of another platform (the parser is the same).

"""
OVERVIEW = """# Facts of released packages

- `surfaces/`: every option of every release that was read (`surfaces/README.md`).
- `programs.json`: which surfaces make up the options of a command, and what happens to unknown ones.
- `releases.json`: the releases of each package, and from which on a launch without a pin is taken to run.
- `replacements.json`: what to write instead of an option that is gone: `use`, `when` that means the same, the releases
  that take `both` names and which `wins`, and the evidence.
- `guards/`: what constructors refuse. The other folders hold the options of training scripts, the `*.schema.json` files
  the formats of lintune's own files.

Made by `tools/refresh_surfaces.py`; checked against the parsers that released code builds by `tools/surface_oracle.py` and
`tools/parser_oracle.py`, and against the classes themselves by `tools/class_oracle.py`: `docs/options.md` has the results.

"""


def describe(schemas: Path) -> None:
    """Writes the tables."""
    rows = ["| surface | releases | first | last | options in any | in the last | bytes |", "| --- | --- | --- | --- | --- | --- | --- |"]
    total: dict[str, list[int]] = {}
    for path in sorted((schemas / "surfaces").glob("*/*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        releases, options = data["releases"], data["options"]
        last = sum(1 for windows in options.values() if windows[-1][1] == len(releases) - 1)
        size = path.stat().st_size
        counts = f"{len(releases)} | {releases[0]} | {releases[-1]} | {len(options)} | {last} | {size}"
        rows.append(f"| {data['package']}.{data['class']} | {counts} |")
        sums = total.setdefault(data["package"], [0, 0, 0, 0])
        sums[0], sums[1] = sums[0] + 1, max(sums[1], len(releases))
        sums[2], sums[3] = sums[2] + len(options), sums[3] + size
    head = ["| package | surfaces | releases read | options | bytes |", "| --- | --- | --- | --- | --- |"]
    head += [f"| {name} | {' | '.join(map(str, sums))} |" for name, sums in total.items()]
    (schemas / "README.md").write_text(OVERVIEW + "\n".join(head) + "\n", encoding="utf-8")
    text = ABOUT + "\n".join(rows) + "\n"
    (schemas / "surfaces" / "README.md").write_text(text, encoding="utf-8")
