"""Rule pages as people and programs read them: one page, the table of all, and which page a run-time error belongs to."""

import re
from collections.abc import Iterable, Sequence

from lintune.engine.finding import Json
from lintune.engine.page import Page
from lintune.report.paint import Paint
from lintune.report.summary import count
from lintune.report.text import STAGES

_TIERS = (
    ("pins", re.compile(r"\bversion\w*\(|\bpins?\.")),
    ("model", re.compile(r"\bmemory\.|\bmodel\.(?!id\b|name)|_params\b|_percent\b|images_tokens")),
    ("config", re.compile(r"\b(?:ds|accelerate|par\.(?:ds|fsdp))\b\.?|deepspeed")),
    ("script", re.compile(r"\bflag\.|\braw\.|guard|\bscript\.|\btune\.|\bderived\.trainable")),
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_LEAST_OVERLAP = 0.75
"""Of the words of a known error text, so many must stand in the pasted one to call them alike."""


def tiers(page: Page) -> list[str]:
    """What a rule needs beside the launch itself to decide: script, config, model, pins."""
    ways = " ".join(f"{way.cost} {' '.join(name for name, _ in way.settings)}" for way in page.ways)
    text = " ".join((page.when, page.items, page.check.replace(".", " "), *(target for target, _ in page.at)))
    needs = {tier for tier, pattern in _TIERS if pattern.search(text)}
    if page.versions:
        needs.add("pins")
    if "memory" in page.check or (not text.strip() and "memory." in ways):
        needs.add("model")
    return [tier for tier in ("script", "config", "model", "pins") if tier in needs] or ["launch"]


def facts(page: Page) -> list[tuple[str, str]]:
    """The row of facts above a page: what it is, when it fails, for which frameworks and versions."""
    rows = [("severity", page.severity), ("confidence", page.confidence), ("fails", STAGES.get(page.stage, page.stage))]  # type: ignore[call-overload]
    rows.append(("frameworks", ", ".join(page.frameworks) or "any"))
    if page.versions:
        rows.append(("versions", ", ".join(f"{package} {window}" for package, window in page.versions)))
    rows.append(("needs", ", ".join(tiers(page))))
    if page.aliases:
        rows.append(("earlier names", ", ".join(page.aliases)))
    return rows


def page_text(page: Page, paint: Paint) -> str:
    """A page for the terminal: its name, facts, body and evidence."""
    lines = [paint(page.severity, f"{page.code} {page.name}")]
    rows = facts(page)
    first = max(len(name) for name, _ in rows)
    lines.extend(f"  {name:<{first}}  {text}" for name, text in rows)
    lines.extend(["", (_drawn(page.body) if paint.colour else page.body.strip()), "", paint("bold", "Evidence")])
    lines.extend(f"  - {text}" for text in page.evidence)
    if page.error_text:
        lines.append(paint("bold", "Run-time error"))
        lines.extend(f"  {text}" for text in page.error_text)
    return "\n".join(lines) + "\n"


def _drawn(body: str) -> str:
    """Markdown drawn by rich, which is slow to load and therefore only used here."""
    from io import StringIO

    from rich.console import Console
    from rich.markdown import Markdown

    out = StringIO()
    Console(file=out, force_terminal=True, width=100).print(Markdown(body))
    return out.getvalue().strip("\n")


def page_json(page: Page) -> dict[str, Json]:
    """A page as data."""
    return {
        "code": page.code,
        "name": page.name,
        "family": page.family,
        "severity": page.severity,
        "confidence": page.confidence,
        "stage": page.stage,
        "frameworks": list(page.frameworks),
        "versions": dict(page.versions),
        "needs": list(tiers(page)),
        "claim": page.claim,
        "evidence": list(page.evidence),
        "error_text": list(page.error_text),
        "aliases": list(page.aliases),
        "body": page.body.strip(),
    }


def table(pages: Sequence[Page], paint: Paint) -> str:
    """The catalogue: one line per rule, families apart."""
    if not pages:
        return "No rules.\n"
    code = max(len(page.code) for page in pages)
    name = max(len(page.name) for page in pages)
    needs = max(len(", ".join(tiers(page))) for page in pages)
    lines: list[str] = []
    family = ""
    for page in pages:
        if page.family != family:
            lines.extend(([""] if lines else []) + [paint("bold", page.family)])
            family = page.family
        severity = paint(page.severity, f"{page.severity:<7}")
        lines.append(f"  {page.code:<{code}}  {page.name:<{name}}  {severity}  {', '.join(tiers(page)):<{needs}}  {page.claim}".rstrip())
    return "\n".join([*lines, "", f"{count(len(pages), 'rule')}; `lintune explain NAME` shows a page"]) + "\n"


def pages_for_error(text: str, pages: Iterable[Page]) -> list[Page]:
    """The pages whose run-time error text stands in a pasted traceback, the longest match first; else the alike ones."""
    pasted = _folded(text)
    said = _folded(_EXCEPTION.sub("", text.strip().rpartition("\n")[2]))
    scored: list[tuple[float, str, Page]] = []
    for page in pages:
        score = max((_likeness(_folded(known), each) for known in page.error_text for each in (pasted, said)), default=0.0)
        if score:
            scored.append((score, page.name, page))
    scored.sort(key=lambda entry: (-entry[0], entry[1]))
    exact = [page for score, _, page in scored if score >= 1]
    return exact or [page for _, _, page in scored]


_EXCEPTION = re.compile(r"^\s*[\w.]+(?:Error|Exception):\s*")
"""What Python puts before an exception's text, in the last line of a traceback."""


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def _likeness(known: str, pasted: str) -> float:
    """1 and more for a verbatim match (longer texts weigh more), below 1 for the share of common words, 0 for unlike."""
    if known and known in pasted:
        return 1 + len(known)
    if len(pasted) >= 12 and pasted in known:
        return 1 + len(pasted)
    words = set(_WORD.findall(known))
    if len(words) < 4:
        return 0.0
    share = len(words & set(_WORD.findall(pasted))) / len(words)
    return min(share, 0.99) if share >= _LEAST_OVERLAP else 0.0
