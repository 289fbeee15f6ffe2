"""Run lintune over the official examples of public repositories, and hold its findings against the verdicts on them.

    tools/corpus_verdicts.py CHECKOUT... [--understanding] [--write] [--severity error]

`tests/corpus/verdicts.jsonl` has a line per finding that was judged: whether it is true, and why. Findings that have none are
listed (`--write` adds them as open), as are verdicts of findings that are gone. `--understanding` lists the launches of which
something was not understood. Exit status 1: an error finding that is false, or that nobody judged.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus_checkouts import Checkout, Understood, checkouts, examined, understood  # type: ignore[import-not-found,unused-ignore]

from lintune.engine.finding import Finding

VERDICTS = Path(__file__).resolve().parents[1] / "tests" / "corpus" / "verdicts.jsonl"
Key = tuple[str, str, int, str]
"""Repository, path, line, rule."""


def main() -> int:
    """Check the checkouts that are named; 1 where an error is false or has no verdict."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkouts", nargs="+", help="folders named OWNER+NAME, folders of such, or OWNER/NAME=FOLDER")
    parser.add_argument("--understanding", action="store_true", help="list what was not understood")
    parser.add_argument("--write", action="store_true", help="add findings without a verdict as open")
    parser.add_argument("--severity", choices=("error", "warning"), default="warning", help="the mildest findings that count")
    given = parser.parse_args()
    known = read_verdicts()
    failed = False
    for checkout in checkouts(given.checkouts):
        failed |= _report(checkout, known, given)
    return int(failed)


def read_verdicts() -> dict[Key, dict[str, object]]:
    """The verdicts by finding."""
    if not VERDICTS.exists():
        return {}
    rows = [json.loads(line) for line in VERDICTS.read_text("utf-8").splitlines() if line.strip()]
    return {(row["repository"], row["path"], row["line"], row["rule"]): row for row in rows}


def _report(checkout: Checkout, known: dict[Key, dict[str, object]], given: argparse.Namespace) -> bool:
    runs, findings, without = examined(checkout)
    every = [understood(run) for run in runs]
    print(row_of(checkout, every, findings))
    if given.understanding:
        _list_unknown(every, without)
    severities = ("error",) if given.severity == "error" else ("error", "warning")
    counted = [finding for finding in findings if finding.severity in severities]
    name = checkout.repository.name
    found = {_key(name, finding): finding for finding in counted}
    fresh = {key: finding for key, finding in found.items() if key not in known}
    for key, finding in fresh.items():
        print(f"  no verdict: {key[1]}:{key[2]} {finding.severity} {key[3]}: {finding.message}")
    gone = [key for key, row in known.items() if key[0] == name and key not in found and row["severity"] in severities]
    for key in gone:
        print(f"  gone: {key[1]}:{key[2]} {key[3]} (was judged {known[key]['verdict']})")
    if given.write:
        _append(checkout, fresh)
    errors = [key for key, finding in found.items() if finding.severity == "error"]
    return any(key not in known or known[key]["verdict"] == "false" for key in errors)


def row_of(checkout: Checkout, every: list[Understood], findings: Iterable[Finding]) -> str:
    """A line of the table: what was understood of a repository's launches, and the findings by severity."""
    count = len(every)
    named, whole = sum(each.named for each in every), sum(each.whole for each in every)
    model = sum(bool(each.model) for each in every)
    modes = sum(all(mode and not mode.startswith("?") for mode in each.parts.values()) for each in every)
    by_severity = Counter(finding.severity for finding in findings)
    numbers = " ".join(f"{severity} {by_severity[severity]}" for severity in ("error", "warning", "info"))
    return f"{checkout.repository.name}: {count} launches, framework {named}, model {model}, parts {whole} (certain {modes}); {numbers}"


def _list_unknown(every: Iterable[Understood], without: Iterable[str]) -> None:
    for path in without:
        print(f"  no launch: {path}")
    for each in every:
        if not (each.named and each.model and each.whole):
            print(f"  not understood: {each.path}:{each.line} {each.framework or 'no framework'}, model {each.model or '-'}, {each.parts}")


def _key(repository: str, finding: Finding) -> Key:
    site = finding.locations[0].site
    return (repository, site.source.path, site.line, finding.name)


def _append(checkout: Checkout, fresh: dict[Key, Finding]) -> None:
    with VERDICTS.open("a", encoding="utf-8") as file:
        for key, finding in fresh.items():
            row = {
                "repository": key[0],
                "commit": checkout.repository.commit,
                "path": key[1],
                "line": key[2],
                "rule": key[3],
                "severity": finding.severity,
                "verdict": "open",
                "proof": "",
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
