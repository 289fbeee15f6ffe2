"""Texts of rules that name options as flags, for a run whose options are keywords of a call: `--bf16 true` is `bf16=True`."""

import re

from lintune.engine.finding import Finding
from lintune.run.run import Run
from lintune.source.record import replace

_FLAG = re.compile(r"`--(\w+)(?:[ =]([^`]+))?`")
_WORDS = {"true": "True", "false": "False", "none": "None"}
_BARE = re.compile(r"-?[\d.]+(?:e-?\d+)?$|[\[{(\"'].*|True$|False$|None$|[A-Z_]+$|\.\.\.$")


def as_keywords(finding: Finding, run: Run) -> Finding:
    """The finding with its options named as the script writes them; flags of other programs stay."""

    def said(text: str) -> str:
        return _FLAG.sub(lambda found: _keyword(found, run), text)

    ways = tuple(replace(way, title=said(way.title)) for way in finding.ways)
    return replace(finding, message=said(finding.message), effect=said(finding.effect), help=said(finding.help), ways=ways)


def _keyword(found: "re.Match[str]", run: Run) -> str:
    name, value = found[1], found[2]
    if f"flag.{name}" not in run.values:
        return found[0]
    if value is None:
        return f"`{name}`"
    word = _WORDS.get(value.lower(), value.strip("'\""))
    return f"`{name}={word if _BARE.match(word) else chr(34) + word + chr(34)}`"
