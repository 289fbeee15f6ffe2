"""A rule page: front matter, prose, and the examples that test it.

Pages may come from the repository under check, so their size and what YAML may do in them are bounded. Reading a page is
the slow way: `check` uses the compiled form, `explain` and the tests read pages.
"""

from collections.abc import Mapping
from typing import Any

from lintune.source.record import dataclass, field

MAX_PAGE = 64 * 1024
MAX_FRONT_MATTER = 20 * 1024
BUILTIN = "engine"
"""The value of `check` on a page whose finding the engine itself raises."""


class PageError(ValueError):
    """A page that cannot be used: its path, the line, and why."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message = path, line, message


@dataclass(frozen=True, slots=True)
class PageWay:
    """A way out as the page writes it; texts are templates."""

    title: str
    settings: tuple[tuple[str, str | int | float | bool | None], ...] = ()
    """Values by name; None takes the setting away."""
    cost: str = ""
    applicability: str = "unsafe"
    rename: str = ""
    """What the flag at hand (`item`) is replaced by."""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that a page says."""

    path: str
    name: str
    family: str
    code: str
    severity: str
    message: str
    confidence: str = "certain"
    frameworks: tuple[str, ...] = ()
    subject: str = "launch"
    stage: str = "whole-run"
    items: str = ""
    """The list of `for`."""
    when: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    at: tuple[tuple[str, str], ...] = ()
    """Targets and their labels, the primary one first."""
    effect: str = ""
    help: str = ""
    ways: tuple[PageWay, ...] = ()
    evidence: tuple[str, ...] = ()
    error_text: tuple[str, ...] = ()
    check: str = ""
    aliases: tuple[str, ...] = ()
    """Earlier names, still understood in selections and comments."""
    body: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each key of the front matter."""
    body_line: int = 1

    def error(self, key: str, message: str) -> PageError:
        """An error about one key of the front matter."""
        return PageError(self.path, self.lines.get(key, 1), f"`{key}`: {message}")

    @property
    def claim(self) -> str:
        """The first paragraph of the body below its title."""
        paragraphs = [part.strip() for part in self.body.split("\n\n")]
        return next((" ".join(part.split()) for part in paragraphs if part and not part.startswith(("#", "```"))), "")


CHOICES = {
    "severity": ("error", "warning", "info"),
    "confidence": ("certain", "likely", "possible"),
    "subject": ("launch", "file"),
    "stage": ("start", "parsing", "after-weights", "first-step", "first-evaluation", "last-save", "whole-run"),
    "applicability": ("safe", "unsafe", "display"),
}
REQUIRED = ("code", "severity", "message", "evidence")
_TEXTS = ("code", "severity", "message", "confidence", "subject", "stage", "for", "when", "effect", "help", "check")
_LISTS = ("frameworks", "evidence", "error_text", "aliases")
KEYS = (*_TEXTS, *_LISTS, "versions", "at", "ways")


def read_page(text: str, path: str, family: str) -> Page:
    """The page in a text; `path` names it in errors, its file stem is the rule's name. Raises `PageError`."""
    if len(text) > MAX_PAGE:
        raise PageError(path, 1, f"longer than {MAX_PAGE // 1024} KiB")
    text = text.replace("\r\n", "\n")
    front, body, body_line = _split(text, path)
    data, lines = _front_matter(front, path)
    known: dict[str, Any] = {"path": path, "name": _stem(path), "family": family, "body": body, "lines": lines, "body_line": body_line}
    _check_keys(data, lines, path)
    fields: dict[str, Any] = {("items" if key == "for" else key): _text(data, key, lines, path) for key in _TEXTS if key in data}
    fields |= {key: _texts(data, key, lines, path) for key in _LISTS if key in data}
    fields["versions"] = _versions(data.get("versions"), lines, path)
    fields["at"] = _targets(data.get("at"), lines, path)
    fields["ways"] = _ways(data.get("ways"), lines, path)
    page = Page(**known, **fields)
    _check_name(page)
    return page


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md")


def _split(text: str, path: str) -> tuple[str, str, int]:
    if not text.startswith("---\n"):
        raise PageError(path, 1, "a page starts with `---` and its front matter")
    end = text.find("\n---\n", 3)
    if end < 0:
        raise PageError(path, 1, "the front matter has no closing `---`")
    if end > MAX_FRONT_MATTER:
        raise PageError(path, 1, f"the front matter is longer than {MAX_FRONT_MATTER // 1024} KiB")
    return text[4 : end + 1], text[end + 5 :], text.count("\n", 0, end + 5) + 1


def _front_matter(front: str, path: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The mapping, and the line of each of its keys in the page."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(front, Loader=loader)):
            raise PageError(path, 1, "YAML aliases are not allowed in a page")
        node = yaml.compose(front, Loader=loader)
        data = yaml.load(front, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise PageError(path, line, f"not YAML: {error.problem}") from None
    except PageError:
        raise
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PageError(path, 1, f"not YAML: {error}") from None
    if not isinstance(node, yaml.MappingNode) or not isinstance(data, dict):
        raise PageError(path, 2, "the front matter is not a mapping")
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if key.value in lines:
            raise PageError(path, key.start_mark.line + 2, f"`{key.value}` is written twice")
        lines[key.value] = key.start_mark.line + 2
    return {str(key): value for key, value in data.items()}, lines


def _check_keys(data: Mapping[str, Any], lines: Mapping[str, int], path: str) -> None:
    from difflib import get_close_matches

    for key in data:
        if key not in KEYS:
            close = get_close_matches(key, KEYS, 1)
            raise PageError(path, lines.get(key, 1), f"`{key}` is not a key of a page" + (f"; did you mean `{close[0]}`?" if close else ""))
    for key in REQUIRED:
        if key not in data:
            raise PageError(path, 1, f"`{key}` is missing")
    if ("when" in data or "for" in data) == ("check" in data):
        raise PageError(path, lines.get("check", 1), "a page has either `when` (or `for`) or `check`")


def _check_name(page: Page) -> None:
    for key, choices in CHOICES.items():
        chosen = getattr(page, key, None)
        if chosen is not None and chosen not in choices:
            raise page.error(key, f"`{chosen}` is none of {', '.join(choices)}")
    if not (page.code[:2].isalpha() and page.code.isalnum() and page.code.isupper() and page.code[-1].isdigit()):
        raise page.error("code", f"`{page.code}` is not letters and a number, such as `TUN001`")
    if not page.name.replace("-", "").isalnum() or page.name != page.name.lower():
        raise PageError(page.path, 1, "the file name is the rule's name: lower case words joined by `-`")
    if not page.evidence:
        raise page.error("evidence", "a claim needs evidence")


def _text(data: Mapping[str, Any], key: str, lines: Mapping[str, int], path: str) -> str:
    value = data[key]
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise PageError(path, lines.get(key, 1), f"`{key}`: a text is expected")
    return str(value).strip()


def _texts(data: Mapping[str, Any], key: str, lines: Mapping[str, int], path: str) -> tuple[str, ...]:
    value = data[key]
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise PageError(path, lines.get(key, 1), f"`{key}`: a list of texts is expected")
    return tuple(each.strip() for each in value)


def _versions(value: object, lines: Mapping[str, int], path: str) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        raise PageError(path, lines.get("versions", 1), '`versions`: packages and windows are expected: {transformers: ">=4.51"}')
    return tuple(value.items())


def _targets(value: object, lines: Mapping[str, int], path: str) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    found: list[tuple[str, str]] = []
    for entry in value if isinstance(value, list) else [value]:
        match entry:
            case str():
                found.append((entry.strip(), ""))
            case dict() if len(entry) == 1:
                target, label = next(iter(entry.items()))
                found.append((str(target).strip(), str(label)))
            case _:
                raise PageError(path, lines.get("at", 1), '`at`: a list of targets is expected, each `name` or `name: "label"`')
    return tuple(found)


def _ways(value: object, lines: Mapping[str, int], path: str) -> tuple[PageWay, ...]:
    if value is None:
        return ()
    line = lines.get("ways", 1)
    if not isinstance(value, list):
        raise PageError(path, line, "`ways`: a list is expected")
    found: list[PageWay] = []
    for entry in value:
        if not isinstance(entry, dict) or not isinstance(entry.get("title"), str):
            raise PageError(path, line, "`ways`: every way has a `title`")
        unknown = set(entry) - {"title", "set", "cost", "applicability", "rename"}
        if unknown:
            raise PageError(path, line, f"`ways`: `{sorted(map(str, unknown))[0]}` is not a key of a way")
        settings = entry.get("set") or {}
        if not isinstance(settings, dict) or not all(isinstance(each, (str, int, float, bool, type(None))) for each in settings.values()):
            raise PageError(path, line, "`ways`: `set` holds values by name")
        rename = str(entry.get("rename", ""))
        applicability = entry.get("applicability", "unsafe" if settings or rename else "display")
        if applicability not in CHOICES["applicability"]:
            raise PageError(path, line, f"`ways`: `{applicability}` is none of {', '.join(CHOICES['applicability'])}")
        pairs = tuple((str(name), setting) for name, setting in settings.items())
        found.append(PageWay(entry["title"], pairs, str(entry.get("cost", "")), applicability, rename))
    return tuple(found)
