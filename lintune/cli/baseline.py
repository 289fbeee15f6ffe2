"""Findings that are known and accepted for now: written to a file, and left out of later checks while they stay what they are.

A finding is known by its fingerprint: rule, path, the text of its line and its message, not the number of the line.
"""

from collections import Counter

from lintune.cli.usage import UsageError
from lintune.engine.result import Result
from lintune.source.record import replace

VERSION = 1


def baseline_text(result: Result) -> str:
    """The file for the findings of a check: one entry per fingerprint, sorted, so that versions of it compare well."""
    import json

    counts = Counter(finding.fingerprint for finding in result.findings)
    named = {finding.fingerprint: finding for finding in result.findings}
    entries = [
        {"fingerprint": print_, "count": counts[print_], "rule": known.name, "path": known.primary.source.path, "message": known.message}
        for print_, known in sorted(named.items(), key=lambda entry: (entry[1].primary.source.path, entry[1].name, entry[0]))
    ]
    return json.dumps({"lintune_baseline": VERSION, "findings": entries}, ensure_ascii=False, indent=1) + "\n"


def write_baseline(path: str, result: Result) -> str:
    """Write the file; returns a sentence for standard error. Raises `UsageError` where it cannot be written."""
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.write(baseline_text(result))
    except OSError as problem:
        raise UsageError(f"--write-baseline: `{path}` cannot be written: {problem.strerror or problem}") from None
    found = len(result.findings)
    return f"{path} holds {found} finding{'' if found == 1 else 's'}; `--baseline {path}` leaves them out"


def without_known(result: Result, path: str) -> Result:
    """The result without the findings of a baseline, with a note that says how many they are. Raises `UsageError` for no baseline."""
    left = read_baseline(path)
    kept, known = [], 0
    for finding in result.findings:
        if left.get(finding.fingerprint, 0) > 0:
            left[finding.fingerprint] -= 1
            known += 1
        else:
            kept.append(finding)
    gone = sum(left.values())
    note = f"{known} known from {path}" + (f"; {gone} of its findings are gone: `--write-baseline {path}` drops them" if gone else "")
    return replace(result, findings=tuple(kept), notes=(*result.notes, note))


def read_baseline(path: str) -> Counter[str]:
    """How often each fingerprint is known. Raises `UsageError` where the file is no baseline."""
    import json

    try:
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
        if document["lintune_baseline"] != VERSION:
            raise ValueError(f"this version reads baselines of version {VERSION}")
        return Counter({str(entry["fingerprint"]): int(entry["count"]) for entry in document["findings"]})
    except OSError as problem:
        raise UsageError(f"--baseline: `{path}` cannot be read: {problem.strerror or problem}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise UsageError(f"--baseline: `{path}` is no baseline that `--write-baseline` wrote ({problem})") from None
