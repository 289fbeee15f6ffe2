"""Reads a shell script into its tree; every input gives a tree, and what could not be read is a problem."""

from lintune.source.text import Problem, Site, Source, Span
from lintune.syntax.shell.commands import CommandReader
from lintune.syntax.shell.cuts import text_problems
from lintune.syntax.shell.nodes import Script
from lintune.syntax.shell.words import MAX_DEPTH, SKIP, TooDeep


def parse_shell(source: Source) -> Script:
    """The tree of a script.

    Carriage returns before line ends are read as if they were not there (and said): bash keeps them, and then hardly
    anything in the file means what it seems to.
    """
    text = source.text
    returns = text.find("\r\n")
    if returns >= 0:
        text = text.replace("\\\r\n", SKIP + "\\\n").replace("\r\n", SKIP + "\n")
    reader = CommandReader(source, text)
    if returns >= 0:
        count = source.text.count("\r\n")
        reader.problem(
            "crlf",
            f"{count} lines end in a carriage return, which bash reads as part of the last word",
            returns,
            returns + 1,
            lines=str(count),
        )
    try:
        body = reader.script()
    except (TooDeep, RecursionError):
        place = Span(reader.pos, min(reader.pos + 1, len(text)))
        message = f"nested more than {MAX_DEPTH} deep: the rest is not read"
        reader.problems.append(Problem("shell-syntax", message, Site(source, place)))
        return Script(source, (), tuple(reader.comments), tuple(reader.problems))
    problems = reader.problems
    problems.extend(text_problems(source, text, reader.simples))
    problems.sort(key=lambda problem: problem.site.span.start)
    return Script(source, body, tuple(sorted(reader.comments, key=lambda span: span.start)), tuple(problems))
