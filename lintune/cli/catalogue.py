"""The rule pages that ship with lintune, and those of a project's own, for the commands that show them."""

from collections.abc import Iterable

from lintune.cli.usage import UsageError
from lintune.engine.catalogue import Catalogue, load_catalogue
from lintune.engine.page import Page, PageError
from lintune.engine.rule import Rule


def catalogues(house_rules: str = "") -> list[Catalogue]:
    """The shipped rules, and the project's own where the config names a folder."""
    return [load_catalogue(), *([load_catalogue(house_rules, house=True)] if house_rules else [])]


def rule_words(house_rules: str = "") -> list[str]:
    """Every code, name and family, for suggestions."""
    found = catalogues(house_rules)
    families = {rule.family for catalogue in found for rule in catalogue.rules}
    return [*(word for catalogue in found for word in catalogue.words()), *sorted(families)]


def all_pages(house_rules: str = "") -> list[Page]:
    """Every page, by family and code."""
    return _sorted(page for catalogue in catalogues(house_rules) for page in _pages(catalogue, catalogue.rules))


def find_pages(selector: str, house_rules: str = "") -> list[Page]:
    """The pages that a name, an earlier name, a code, a family or the beginning of a code stands for."""
    found: list[Page] = []
    for catalogue in catalogues(house_rules):
        exact = catalogue.find(selector)
        if exact is not None:
            return list(_pages(catalogue, [exact]))
        word = selector.lower()
        some = [rule for rule in catalogue.rules if rule.family == word or rule.code.lower().startswith(word)]
        found.extend(_pages(catalogue, some))
    return _sorted(found)


def _pages(catalogue: Catalogue, rules: Iterable[Rule]) -> Iterable[Page]:
    return (_page(catalogue, rule) for rule in rules)


def _page(catalogue: Catalogue, rule: Rule) -> Page:
    try:
        return catalogue.page(rule)
    except (PageError, OSError) as problem:
        raise UsageError(str(problem)) from None


def _sorted(pages: Iterable[Page]) -> list[Page]:
    return sorted(pages, key=lambda page: (page.family, page.code))
