"""Rule pages in the terminal, as a table and by run-time error."""

from textwrap import dedent

import pytest

from lintune.engine.page import Page, read_page
from lintune.report.pages import page_json, page_text, pages_for_error, table, tiers
from lintune.report.paint import Paint

TEXT = """\
---
code: TUN900
severity: error
frameworks: [minicpmv]
stage: after-weights
when: flag.a and flag.b
versions: {transformers: ">=4.51"}
at: [flag.a]
message: "both"
evidence: ["upstream finetune.py, train()"]
error_text: ["The model cannot simultaneously adjust LLM parameters and apply LoRA."]
---
# a-with-b

The two exclude each other.

## Why

Because.
"""


@pytest.fixture
def page() -> Page:
    """A page with everything that is shown."""
    return read_page(TEXT, "rules/tuning/a-with-b.md", "tuning")


def test_a_page_in_the_terminal(page: Page) -> None:
    """Facts, body, evidence, error text; offline and without Markdown drawing where there is no colour."""
    assert page_text(page, Paint()) == dedent(
        """\
        TUN900 a-with-b
          severity    error
          confidence  certain
          fails       after the weights are loaded
          frameworks  minicpmv
          versions    transformers >=4.51
          needs       script, pins

        # a-with-b

        The two exclude each other.

        ## Why

        Because.

        Evidence
          - upstream finetune.py, train()
        Run-time error
          The model cannot simultaneously adjust LLM parameters and apply LoRA.
        """
    )


def test_a_coloured_page_is_drawn(page: Page) -> None:
    """Markdown becomes terminal text."""
    text = page_text(page, Paint(colour=True))
    assert "## Why" not in text
    assert "Because." in text


def test_the_table(page: Page) -> None:
    """Families apart, one line per rule."""
    assert table([page], Paint()) == dedent(
        """\
        tuning
          TUN900  a-with-b  error    script, pins  The two exclude each other.

        1 rule; `lintune explain NAME` shows a page
        """
    )


def test_what_a_rule_needs(page: Page) -> None:
    """By the names that it reads."""
    assert tiers(page) == ["script", "pins"]
    config = read_page(TEXT.replace("flag.a and flag.b", "ds.bf16.enabled == 3").replace("at: [flag.a]\n", ""), "x/c-d.md", "x")
    assert tiers(config) == ["config", "pins"]
    assert page_json(page)["needs"] == ["script", "pins"]


@pytest.mark.parametrize(
    ("pasted", "found"),
    [
        ("[rank0]: ValueError: The model cannot simultaneously adjust LLM\nparameters and apply LoRA.\n", True),
        ("cannot simultaneously adjust", True),
        ("Traceback\n  raise\nValueError: The model cannot simultaneously", True),
        ("The model can not adjust LLM parameters while it has to simultaneously apply LoRA", True),
        ("CUDA out of memory", False),
        ("LoRA", False),
    ],
)
def test_pages_by_error(page: Page, pasted: str, found: bool) -> None:
    """Verbatim though folded, a part of it, or most of its words; not any common word."""
    assert (pages_for_error(pasted, [page]) == [page]) is found


def test_a_verbatim_match_hides_likenesses(page: Page) -> None:
    """A page that has the very text is the answer."""
    alike = read_page(TEXT.replace("simultaneously adjust LLM", "at once adjust LLM"), "rules/tuning/e-f.md", "tuning")
    assert pages_for_error(page.error_text[0], [alike, page]) == [page]
