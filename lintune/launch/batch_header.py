"""What `#SBATCH` lines at the head of a script ask the scheduler for."""

from collections.abc import Mapping

from lintune.launch.option_syntax import split_options
from lintune.launch.word import Piece, Word
from lintune.launch.wrappers import WRAPPERS
from lintune.source.record import replace
from lintune.source.text import Site, Source, Span

_SBATCH_ONLY = {
    **dict.fromkeys(("array", "batch", "export_file", "gid", "tmp", "wrap", "nodefile", "ignore_pbs"), 1),
    **dict.fromkeys(("requeue", "no_requeue", "parsable", "get_user_env", "wait", "test_only"), 0),
}


def batch_options(source: Source) -> Mapping[str, Word]:
    """The options of the `#SBATCH` lines by full name (`gres`, `ntasks_per_node`), values with their places.

    As sbatch reads them: only lines before the first command count, and of a repeated option the last one.
    """
    if "#SBATCH" not in source.text:
        return {}
    base = WRAPPERS["srun"][0].syntax
    syntax = replace(base, arity={**base.arity, **_SBATCH_ONLY}, aliases={**base.aliases, "a": "array", "W": "wait"})
    given: dict[str, Word] = {}
    for line in range(1, source.line_count() + 1):
        text = source.line_text(line)
        if text.startswith("#SBATCH"):
            given.update(split_options(_words(source, line, len("#SBATCH")), 0, syntax).given)
        elif text.strip() and not text.lstrip().startswith("#"):
            break
    return given


def late_lines(source: Source) -> list[Site]:
    """The `#SBATCH` lines behind the first command of a script; sbatch reads none of these."""
    if "#SBATCH" not in source.text:
        return []
    found: list[Site] = []
    commands = False
    for line in range(1, source.line_count() + 1):
        text = source.line_text(line)
        if text.startswith("#SBATCH") and commands:
            found.append(Site(source, source.line_span(line)))
        elif text.strip() and not text.lstrip().startswith("#"):
            commands = commands or _is_command(text)
    return found


def _is_command(text: str) -> bool:
    """A here-document may hold the header of another job."""
    return "<<" not in text


def _words(source: Source, line: int, skip: int) -> list[Word]:
    """The blank-separated words of a line up to a comment; quotes around a value are taken off."""
    start = source.line_span(line).start
    text = source.line_text(line)
    words: list[Word] = []
    at = skip
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if text[at] == "#":
            break
        end, quote = at, ""
        while end < len(text) and (quote or not text[end].isspace()):
            if text[end] in "\"'":
                quote = "" if quote == text[end] else quote or text[end]
            end += 1
        site = Site(source, Span(start + at, start + end))
        words.append(Word(site, (Piece(text[at:end].replace('"', "").replace("'", ""), site),)))
        at = end
    return words
