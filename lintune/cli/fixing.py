"""`--fix` and `--diff`: the fixes of findings, applied or shown, and what is left after them."""

import sys
from collections.abc import Callable, Iterable

from lintune.cli.arguments import Arguments
from lintune.cli.usage import UsageError
from lintune.engine.finding import Finding, Fix
from lintune.engine.result import Result
from lintune.source.edits import Edit, EditRefused, apply_edits, write_edits
from lintune.source.text import Source

ROUNDS = 5
"""A fix may make another one possible; so often at most."""


def fix_rounds(result: Result, asked: Arguments, again: Callable[[], Result]) -> Result:
    """Apply (or, with `--diff`, show) what may be applied; returns what is left to report."""
    if "-" in asked.paths and not asked.diff:
        raise UsageError("`--fix` cannot change standard input: give the file's path, or use `--diff`")
    if asked.diff:
        sys.stdout.write(diff(result, asked.unsafe_fixes))
        return result
    for turn in range(ROUNDS):
        # What only shows after the first fixes was not seen by the user: nothing unsafe is done about it.
        chosen = chosen_fixes(result, asked.unsafe_fixes and turn == 0)
        if not chosen:
            break
        write_fixes(chosen)
        result = again()
    return result


def chosen_fixes(result: Result, unsafe: bool) -> list[tuple[Finding, Fix]]:
    """The first fix of each finding that may be applied, without those that touch what another one changes."""
    chosen: list[tuple[Finding, Fix]] = []
    taken: list[Edit] = []
    for finding in result.findings:
        allowed = [fix for fix in finding.fixes if fix.applicability == "safe" or (unsafe and fix.applicability == "unsafe")]
        if not allowed:
            continue
        fix = allowed[0]
        new = [edit for edit in fix.edits if edit not in taken]
        if not any(_touch(edit, other) for edit in new for other in taken):
            chosen.append((finding, fix))
            taken.extend(new)
    return chosen


def _touch(first: Edit, second: Edit) -> bool:
    one, two = first.site, second.site
    return one.source.path == two.source.path and one.span.start <= two.span.end and two.span.start <= one.span.end


def write_fixes(chosen: list[tuple[Finding, Fix]]) -> None:
    """Write the files; says on standard error what was applied. Raises `UsageError` where a file is not what was read."""
    write_sources(edit for _, fix in chosen for edit in fix.edits)
    for finding, fix in chosen:
        place = f"{finding.primary.source.path}:{finding.primary.line}"
        sys.stderr.write(f"lintune: fixed {place}: {finding.name}: {fix.title}\n")


def write_sources(edits: Iterable[Edit]) -> None:
    """Make the edits in their files. Raises `UsageError` where one is not what was read."""
    for source, own in _by_source(edits):
        _write(source, own)


def _write(source: Source, edits: list[Edit]) -> None:
    try:
        write_edits(source.path, source, edits)
    except (EditRefused, OSError) as problem:
        raise UsageError(f"{source.path}: not fixed: {problem}") from None


def diff(result: Result, unsafe: bool) -> str:
    """The fixes that may be applied, as a unified diff."""
    return diff_of(edit for _, fix in chosen_fixes(result, unsafe) for edit in fix.edits)


def diff_of(edits: Iterable[Edit]) -> str:
    """Edits as a unified diff."""
    from difflib import unified_diff

    text = ""
    for source, own in _by_source(edits):
        before = source.text.splitlines(keepends=True)
        after = apply_edits(source, own).splitlines(keepends=True)
        for line in unified_diff(before, after, f"a/{source.path}", f"b/{source.path}"):
            text += line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
    return text


def _by_source(edits: Iterable[Edit]) -> list[tuple[Source, list[Edit]]]:
    groups: dict[str, tuple[Source, list[Edit]]] = {}
    for edit in edits:
        source = edit.site.source.whole
        groups.setdefault(source.path, (source, []))[1].append(edit)
    return list(groups.values())
