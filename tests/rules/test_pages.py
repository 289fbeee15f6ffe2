"""Every rule page is a test: its front matter is valid, its marked lines fire, everything else is silent, its first fix helps."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml

from lintune.cli.config import Config
from lintune.cli.settings import Given, options_for
from lintune.engine.catalogue import Catalogue, load_catalogue
from lintune.engine.check import check
from lintune.engine.example import Example, Mark, read_examples
from lintune.engine.finding import Finding
from lintune.engine.page import BUILTIN, Page
from lintune.engine.result import Result
from lintune.run.vocabulary import NAMES
from lintune.source.data import data_folder
from lintune.source.edits import apply_edits

CATALOGUE: Catalogue = load_catalogue()
RULES = {rule.name: rule for rule in CATALOGUE.rules}
PAGES: list[Page] = [CATALOGUE.page(rule) for rule in CATALOGUE.rules]
EXAMPLES = [(page, example) for page in PAGES for example in read_examples(page)]
SCHEMA = jsonschema.Draft202012Validator(json.loads((data_folder("schemas") / "rule-page.schema.json").read_text(encoding="utf-8")))
PLACEHOLDER = re.compile(r"\{(?:item|flag|ds|launch|derived|memory|model|tune)\.[a-z_.|]+\}")
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
EVERY_EXAMPLE = pytest.mark.parametrize(("page", "example"), EXAMPLES, ids=[f"{page.name}:{example.heading}" for page, example in EXAMPLES])


def in_vocabulary(name: str) -> bool:
    """Whether a dotted name is one of the vocabulary, or below one that ends in `.*`."""
    parts = name.split(".")
    return (
        name in NAMES
        or name in ("ds", "framework", "path")
        or any(".".join(parts[:count]) + ".*" in NAMES for count in range(1, len(parts)))
    )


def run_example(page: Page, example: Example) -> Result:
    """The example's folder, which is the working folder, checked with the options of its `args` block (`--assume`, `--gpu`, `--`)."""
    words = example.arguments
    said: dict[str, list[str]] = {"--assume": [], "--gpu": []}
    arguments = tuple(words[words.index("--") + 1 :]) if "--" in words else None
    options = iter(words[: words.index("--")] if "--" in words else words)
    for option in options:
        said[option].append(next(options))
    asked = Given(gpu="".join(said["--gpu"]), assume=tuple(said["--assume"]), arguments=arguments, pedantic=page.confidence == "possible")
    return check(example.targets(), options_for(Config(), asked))


def lay_out(example: Example, folder: Path) -> None:
    """Write the example's files."""
    for path, text in example.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode("utf-8", "surrogateescape"))


def mark_of(finding: Finding) -> Mark:
    """A finding as an example would mark it."""
    return Mark(finding.primary.source.path, finding.primary.line, finding.severity, finding.name)


def test_every_page_compiles() -> None:
    """A page that cannot be used would be left out with a note."""
    assert CATALOGUE.errors == ()


@EVERY_PAGE
def test_front_matter_is_valid(page: Page) -> None:
    """Against the schema that editors and house rules use."""
    text = (Path(CATALOGUE.folder) / page.path).read_text(encoding="utf-8")
    errors = [
        f"{'.'.join(map(str, error.path))}: {error.message}" for error in SCHEMA.iter_errors(yaml.safe_load(text.split("\n---\n")[0][4:]))
    ]
    assert errors == []


@EVERY_PAGE
def test_page_is_complete(page: Page) -> None:
    """Title, claim, evidence, an example that fires and one that stays silent."""
    assert page.body.lstrip().startswith(f"# {page.name}\n"), "the title is the rule's name"
    assert page.claim, "a sentence below the title says what is claimed"
    assert page.evidence
    examples = read_examples(page)
    if page.check != BUILTIN:
        assert any(mark.name == page.name for example in examples for mark in example.marks), "no example fires"
        assert any(example.silent for example in examples), "no example is silent"


@EVERY_PAGE
def test_names_are_in_the_vocabulary(page: Page) -> None:
    """A name that nothing sets would make a rule that never fires."""
    assert [name for name in RULES[page.name].names if not in_vocabulary(name)] == []


@EVERY_PAGE
def test_message_reads_as_a_headline(page: Page) -> None:
    """Lower case where it is no name, no full stop, one line."""
    assert not page.message.endswith(".") and "\n" not in page.message


@EVERY_EXAMPLE
def test_example(page: Page, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marked lines fire, nothing else does; where the finding has a fix, applying the first one takes it away."""
    lay_out(example, tmp_path)
    monkeypatch.chdir(tmp_path)
    result = run_example(page, example)
    assert not result.crashed
    infos = {mark for mark in example.marks if mark.severity == "info"}
    reported = Counter(mark for mark in map(mark_of, result.findings) if mark.severity != "info" or mark in infos)
    marked = Counter(example.marks)
    assert set(marked) - set(reported) == set(), "missing"
    assert set(reported) - set(marked) == set(), "noisy"
    for finding in result.findings:
        if finding.name == page.name:
            for text in (finding.message, finding.effect, finding.help, *(place.label for place in finding.locations)):
                assert not PLACEHOLDER.search(text), "a placeholder was not filled"
            if finding.ways and finding.ways[0].edits:
                check_fix(page, example, finding, tmp_path)


def check_fix(page: Page, example: Example, finding: Finding, folder: Path) -> None:
    """The finding is gone after the edits of its first way."""
    sources = {edit.site.source.path: edit.site.source for edit in finding.ways[0].edits}
    for path, source in sources.items():
        edits = [edit for edit in finding.ways[0].edits if edit.site.source is source]
        (folder / path).write_text(apply_edits(source, edits), encoding="utf-8")
    after = [other for other in run_example(page, example).findings if other.name == page.name and other.message == finding.message]
    assert not after, "the fix does not take the finding away"
    for path in example.files:
        (folder / path).unlink(missing_ok=True)
    for each in folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    lay_out(example, folder)
