"""The last lines of a text report: what was found, what was looked at, and what could not be decided."""

from collections import Counter

from lintune.engine.finding import SEVERITIES
from lintune.engine.result import Result
from lintune.report.cells import harmless, wrapped
from lintune.report.paint import Paint
from lintune.source.record import dataclass, field

_SHOWN_REASONS = 3
"""So many reasons why rules could not decide stand in the footer; `--pedantic` lists all."""


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 launch", "2 launches"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith(('ch', 's')) else 's'}"


def footer(result: Result, paint: Paint, reasons: bool = True) -> str:
    """What was found and what was looked at; an all-clear is said only of what was read. `reasons`: why rules waited."""
    looked = looked_at_line(result)
    lines = [found_line(result, paint), looked[:1].upper() + looked[1:]]
    lines.extend(reason_lines(result) if reasons else ())
    aside = aside_line(result)
    if aside:
        lines.append(aside)
    return "\n".join(line for line in lines if line)


def found_line(result: Result, paint: Paint) -> str:
    """The findings by severity, or that there are none in what was read."""
    by_severity = Counter(finding.severity for finding in result.findings)
    if by_severity:
        parts = [paint(severity, count(number, severity)) for severity in SEVERITIES if (number := by_severity[severity])]
        paths = {finding.primary.source.path for finding in result.findings}
        where = harmless(next(iter(paths))) if len(paths) == 1 else count(len(paths), "file")
        return f"{', '.join(parts)} in {where}"
    if not result.launches:
        return ""
    return paint("good", "Nothing wrong in what was read")


def looked_at_line(result: Result) -> str:
    """The launches that were read and how many rules could decide about them."""
    if not result.launches and not result.files:
        return "no launch was read" if result.findings else "nothing was checked: no launch was found"
    if not result.launches:
        return f"{count(len(result.files), 'file')} read, no fine-tuning launch in {'it' if len(result.files) == 1 else 'them'}"
    text = f"{count(len(result.launches), 'launch')}, {count(result.decided, 'rule')} decided"
    return f"{text}, {result.undecided} could not" if result.undecided else text


@dataclass(slots=True)
class Reason:
    """Waits that one answer would settle."""

    reason: str
    settle: str
    names: dict[str, None] = field(default_factory=dict)
    """The dotted names that are unknown for it, in the order met."""
    rules: dict[str, None] = field(default_factory=dict)
    """The rules that wait."""
    paths: dict[str, None] = field(default_factory=dict)

    def text(self, names: int) -> str:
        """The unknown names (so many at most), why they are unknown, and what settles them."""
        shown = ", ".join(f"`{name}`" for name in list(self.names)[:names])
        more = f" and {len(self.names) - names} more" if len(self.names) > names else ""
        reason = f": {self.reason}" if self.reason else ""
        settle = f" (settle with {self.settle})" if self.settle else ""
        return harmless(f"{shown}{more}{reason}{settle}")


def by_reason(result: Result) -> list[Reason]:
    """The waits by what would settle them, else by their reason; those with most rules first."""
    groups: dict[tuple[str, str], Reason] = {}
    for wait in result.waits:
        group = groups.setdefault((wait.reason, wait.settle), Reason(wait.reason, wait.settle))
        group.names[wait.name] = None
        group.rules[wait.rule] = None
        group.paths[wait.path] = None
    return sorted(groups.values(), key=lambda group: -len(group.rules))


def reason_lines(result: Result) -> list[str]:
    """Why rules could not decide: the reasons for which most rules wait, with what settles each."""
    groups = by_reason(result)
    lines = [f"  {count(len(group.rules), 'rule')} waited for {group.text(2)}" for group in groups[:_SHOWN_REASONS]]
    if len(groups) > _SHOWN_REASONS:
        lines.append(f"  {count(len(groups) - _SHOWN_REASONS, 'more reason')}: --pedantic lists them")
    return lines


def aside_line(result: Result) -> str:
    """What was left out of the report, and what could be applied."""
    fixable = sum(1 for finding in result.findings if any(fix.applicability != "display" for fix in finding.fixes))
    safe = sum(1 for finding in result.findings if any(fix.applicability == "safe" for fix in finding.fixes))
    parts = []
    if result.suppressed:
        parts.append(f"{result.suppressed} suppressed by a comment")
    if result.held_back:
        parts.append(f"{result.held_back} held back as only possible (--pedantic shows them)")
    if fixable:
        parts.append(f"{fixable} fixable ({_how(safe, fixable)})")
    return " · ".join(parts)


def _how(safe: int, fixable: int) -> str:
    if safe == fixable:
        return "--fix"
    return f"{safe} with --fix, the others with --unsafe-fixes too" if safe else "--fix --unsafe-fixes"


def unresolved(result: Result, paint: Paint) -> str:
    """Every unknown that a rule waited for: the names, why they are unknown, what settles it, and the rules."""
    lines = [paint("bold", "Could not be decided:")]
    for group in by_reason(result):
        names = ", ".join(f"`{name}`" for name in group.names)
        lines.extend(wrapped(f"{names}: {group.reason}", "  ", "      ", 120))
        if group.settle:
            lines.extend(wrapped(f"settle with {group.settle}", "      ", "      ", 120))
        where = ", ".join(path for path in group.paths if path)
        lines.extend(wrapped(f"waited for by {', '.join(group.rules)}{f' ({where})' if where else ''}", "      ", "      ", 120))
    return "\n".join(lines)


def statistics(result: Result) -> str:
    """One line per rule that fired: how often, with severity, code and name."""
    by_rule = Counter((finding.code, finding.name, finding.severity) for finding in result.findings)
    digits = max((len(str(number)) for number in by_rule.values()), default=1)
    rows = sorted(by_rule.items(), key=lambda row: (-row[1], row[0]))
    return "".join(f"{number:>{digits}}  {severity}  {code}  {name}\n" for (code, name, severity), number in rows)
