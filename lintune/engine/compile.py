"""Pages to one compact compiled file, so that start-up reads no YAML and parses no expression.

A compiled file holds every rule as a row of plain data, and the text of one Python function per condition; the code
object made of that text is kept beside it for the Python that wrote it.

    python -m lintune.engine.compile OUT
"""

import marshal
import os
import sys
from collections.abc import Iterator
from typing import Any, TypeAlias

from lintune.engine.expression import ExpressionError, checked_name, compile_expression
from lintune.engine.page import BUILTIN, Page, PageError, read_page
from lintune.engine.template import Template, TemplateError, parse_template, template_names
from lintune.source.record import dataclass
from lintune.values.value import Data

FORMAT = 5
"""Changes with the layout of rows."""
MAX_HOUSE_PAGES = 300

Row: TypeAlias = tuple[Data, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """Rules as rows (a `Rule`'s fields, the condition as an index or -1), their conditions as text, and what failed."""

    rows: tuple[Row, ...]
    conditions: str
    errors: tuple[tuple[str, int, str], ...] = ()
    """Pages that could not be used: path, line, message."""


def compile_rules(folder: "str | os.PathLike[str]") -> bytes:
    """The compiled file of all pages below a folder; raises `PageError` for the first bad page."""
    compiled = compile_pages(os.fspath(folder))
    for path, line, message in compiled.errors:
        raise PageError(path, line, message)
    return to_bytes(compiled)


def to_bytes(compiled: Compiled) -> bytes:
    """A compiled file; version 2 of the marshal format is the same in every Python that lintune supports."""
    code = marshal.dumps(compile(compiled.conditions, "<conditions>", "exec", dont_inherit=True, optimize=2))
    parts: Any = (FORMAT, compiled.rows, compiled.conditions, compiled.errors, sys.implementation.cache_tag, code)
    return marshal.dumps(parts, 2)


def page_files(folder: str, house: bool = False) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """The pages below a folder in order: the path relative to it, and the entry. House rules: no symbolic links."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if house and entry.is_symlink():
            continue
        if entry.is_dir():
            if not entry.name.startswith((".", "_")):
                yield from ((f"{entry.name}/{path}", each) for path, each in page_files(entry.path, house))
        elif entry.name.endswith(".md") and entry.name != "README.md":
            yield entry.name, entry


def compile_pages(folder: str, house: bool = False) -> Compiled:
    """Every page below a folder; a page that cannot be used is an error, the others are compiled."""
    rows: list[Row] = []
    functions: list[str] = []
    errors: list[tuple[str, int, str]] = []
    taken: dict[str, str] = {}
    for number, (path, entry) in enumerate(page_files(folder, house)):
        if house and number >= MAX_HOUSE_PAGES:
            errors.append((path, 1, f"more than {MAX_HOUSE_PAGES} pages"))
            break
        try:
            page = load_page(entry.path, path)
            _refuse_twins(page, taken)
            if house and page.check:
                raise page.error("check", "a house rule has `when`: code is not loaded from it")
            rows.append(_row(page, functions))
        except PageError as error:
            errors.append((error.path, error.line, error.message))
    return Compiled(tuple(rows), "\n".join(functions), tuple(errors))


def load_page(path: str, shown: str) -> Page:
    """The page in a file; `shown` is its path relative to the rules folder. Raises `PageError`."""
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read(1 << 20)
    except (OSError, UnicodeDecodeError) as error:
        raise PageError(shown, 1, f"cannot be read: {error}") from None
    return read_page(text, shown, shown.partition("/")[0] if "/" in shown else "house")


def _refuse_twins(page: Page, taken: dict[str, str]) -> None:
    for word in (page.code, page.name, *page.aliases):
        if word in taken:
            raise PageError(page.path, page.lines.get("code", 1), f"`{word}` is already taken by {taken[word]}")
        taken[word] = page.path


def _row(page: Page, functions: list[str]) -> Row:
    """A rule's fields in order; its condition, if any, is appended to `functions`."""
    names: list[str] = []
    condition, guards = -1, "guard(" in " ".join(target for target, _ in page.at)
    if page.when:
        try:
            expression = compile_expression(page.when)
        except ExpressionError as error:
            raise page.error("when", str(error)) from None
        condition = len(functions)
        functions.append(f"def c{condition}(s):\n return {expression.code}")
        names += expression.names
        guards = guards or "guarded(" in page.when
    versions = tuple((_template(page, "versions", package), _template(page, "versions", window)) for package, window in page.versions)
    at = tuple((_target(page, target), _template(page, "at", label)) for target, label in page.at)
    message, effect, help_text = (_template(page, key, getattr(page, key)) for key in ("message", "effect", "help"))
    ways = tuple(_way(page, index) for index in range(len(page.ways)))
    for template in (message, effect, help_text, *(label for _, label in at), *(part for way in ways for part in (way[0], way[2], way[4]))):
        names += _checked(page, template)
    names += [target[1][0] for target, _ in at if target[0] == "value"]
    if any(name.startswith("item.") for name in names) and not (page.items or page.check):
        raise page.error("when", "`item` needs `for`")
    texts = (page.code, page.name, page.family, page.path, page.severity, page.confidence)
    head = (*texts, page.frameworks, page.subject, page.stage, page.items, condition, tuple(dict.fromkeys(names)))
    return (*head, versions, at, message, effect, help_text, ways, page.check, page.aliases, guards)


def _template(page: Page, key: str, text: str) -> Template:
    try:
        return parse_template(text)
    except TemplateError as error:
        raise page.error(key, str(error)) from None


def _checked(page: Page, template: Template) -> list[str]:
    return [_name(page, "message", name) for name in template_names(template)]


def _name(page: Page, key: str, name: str) -> str:
    try:
        return checked_name(name)
    except ExpressionError as error:
        raise page.error(key, str(error)) from None


def _way(page: Page, index: int) -> tuple[Template, tuple[tuple[str, Data], ...], Template, str, Template]:
    way = page.ways[index]
    for name, setting in way.settings:
        _name(page, "ways", name)
        _checked(page, _template(page, "ways", setting if isinstance(setting, str) else ""))
    if way.rename and not (page.items or page.check):
        raise page.error("ways", "`rename` needs `for`: it replaces the flag of the item")
    title, cost, rename = (_template(page, "ways", text) for text in (way.title, way.cost, way.rename))
    return title, way.settings, cost, way.applicability, rename


def _target(page: Page, text: str) -> tuple[str, tuple[str, ...]]:
    """A target of `at` as kind and arguments."""
    head, parenthesis, rest = text.partition("(")
    if parenthesis:
        if not rest.endswith(")") or head not in ("guard", "pin", "given"):
            raise page.error("at", f"`{text}` is no target: guard(a, b), pin(package) and given(a, b) are")
        parts = tuple(part.strip().strip("\"'") for part in rest[:-1].split(","))
        return head, tuple(_name(page, "at", part) for part in parts) if head == "given" else parts
    if text in ("item", "launch"):
        return text, ()
    return "value", (_name(page, "at", text),)


def main(arguments: list[str]) -> int:
    """Write the compiled form of the shipped pages to the file named."""
    from lintune.source.data import data_folder

    if len(arguments) != 1:
        print("usage: python -m lintune.engine.compile OUT", file=sys.stderr)
        return 2
    try:
        content = compile_rules(data_folder("rules"))
    except PageError as error:
        print(error, file=sys.stderr)
        return 2
    with open(arguments[0], "wb") as stream:
        stream.write(content)
    return 0


__all__ = ["BUILTIN", "FORMAT", "Compiled", "compile_pages", "compile_rules", "load_page", "page_files", "to_bytes"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
