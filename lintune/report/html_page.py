"""A page of HTML that needs nothing beside it (no script, font or request), for light and dark, paper and screen readers."""

from collections.abc import Iterable, Sequence
from html import escape as _escape

from lintune.report.cells import harmless

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --soft: #5b636e; --page: #ffffff; --line: #d8dce1; --raised: #f5f6f8;
  --good: #00703c; --doubt: #8a5a00; --bad: #b3261e; --info: #1f5fa8;
%(light)s }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #a0a8b3; --page: #14171b; --line: #343a42; --raised: #1d2127;
  --good: #56c28a; --doubt: #e0ad4a; --bad: #f28b82; --info: #7db4f0;
%(dark)s } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 70rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif }
h1 { font-size: 1.5rem; margin: 0 0 .25rem }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem } h3 { font-size: 1rem; margin: 1.75rem 0 .4rem }
p { margin: .4rem 0 } .soft { color: var(--soft) } .big { font-size: 1.35rem; font-weight: 600 }
code, pre, .code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .875em }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 6px;
  padding: .75rem 1rem; overflow-x: auto; margin: .6rem 0 }
a { color: var(--info) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%%; font-size: .92rem }
caption { text-align: left; color: var(--soft); padding: .3rem 0 }
th, td { text-align: left; padding: .32rem .7rem .32rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
thead th { color: var(--soft); font-weight: 600 } tbody th { font-weight: 500 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.good { color: var(--good) } .doubt { color: var(--doubt) } .bad, .error { color: var(--bad) } .warning { color: var(--doubt) }
.info { color: var(--info) } .good, .doubt, .bad, .error, .warning { font-weight: 600 }
svg { display: block; width: 100%%; height: auto; margin: .5rem 0 } svg text { fill: var(--ink); font: 13px system-ui, sans-serif }
svg .soft { fill: var(--soft) } svg .axis { stroke: var(--line) } svg .limit { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 5 3 }
svg .band { stroke: var(--ink); stroke-width: 1.5 }
article { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1.1rem; margin: 1rem 0 } article h3 { margin: 0 0 .3rem }
mark { background: color-mix(in srgb, var(--doubt) 25%%, transparent); color: inherit; border-radius: 2px }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .6rem; color: var(--soft); font-size: .88rem }
@media print { body { max-width: none } article { break-inside: avoid } }
"""
NUMBER = "number"
"""The class of a column of numbers."""


def escaped(text: str) -> str:
    """A text of the checked repository for HTML: no mark-up, no control or direction characters."""
    return _escape(harmless(text), quote=True)


def prose(text: str) -> str:
    """A sentence for HTML, what stands in backticks as code."""
    parts = escaped(text).split("`")
    if len(parts) % 2 == 0:  # a backtick without its fellow
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def page(title: str, body: Iterable[str], footer: str, colours: Sequence[tuple[str, str, str]] = ()) -> str:
    """A whole document; `colours` are names with their values on a light and on a dark page. `body` is HTML."""
    light = " ".join(f"--{name}: {value};" for name, value, _ in colours)
    dark = " ".join(f"--{name}: {value};" for name, _, value in colours)
    style = (_STYLE % {"light": light, "dark": dark}).strip()
    head = f'<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escaped(title)}</title>'
    content = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n<style>\n{style}\n</style>\n</head>\n<body>\n<main>\n{content}\n</main>\n'
        f"<footer>{escaped(footer)}</footer>\n</body>\n</html>\n"
    )


def table(caption: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> str:
    """A table; `columns` are headings (text) with the class of their cells, `rows` hold HTML, the first cell being the row's heading."""
    head = "".join(f'<th scope="col" class="{kind}">{escaped(name)}</th>' for name, kind in columns)
    body = "\n".join(
        "<tr>"
        + f'<th scope="row">{row[0]}</th>'
        + "".join(f'<td class="{kind}">{cell}</td>' for cell, (_, kind) in zip(row[1:], columns[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table>\n<caption>{escaped(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def verdict(text: str) -> str:
    """`fits`, `uncertain` or `does not fit`, in its colour."""
    kind = {"fits": "good", "does not fit": "bad"}.get(text, "doubt")
    return f'<span class="{kind}">{escaped(text)}</span>' if text else ""
