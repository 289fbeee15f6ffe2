"""GitLab Code Quality, JUnit, Markdown and the page: what their readers require, and nothing of a repository breaks out."""

import json
from dataclasses import replace
from xml.etree import ElementTree

from lintune.engine.finding import Finding
from lintune.engine.result import CheckedFile, Result
from lintune.report.check_html import render_check_html
from lintune.report.gitlab import render_gitlab
from lintune.report.junit import render_junit
from lintune.report.markdown import MOST_CHARACTERS, MOST_ROWS, render_markdown
from tests.report.test_memory_html import Balanced, memory_of

NASTY = "a|b <script>x</script> `c|d` **e** @all \x1b[31m\x00 ]]> & \ufffe"


def with_findings(result: Result, *findings: Finding) -> Result:
    """The result with other findings."""
    return replace(result, findings=findings)


def test_gitlab_has_what_is_required(result: Result, conflict: Finding) -> None:
    """Each issue has the keys that GitLab requires, of the types it reads; equal findings keep apart."""
    issues = json.loads(render_gitlab(with_findings(result, conflict, conflict, replace(conflict, severity="info"))))
    assert len(issues) == 3
    for issue in issues:
        assert all(isinstance(issue[name], str) and issue[name] for name in ("description", "check_name", "fingerprint", "severity"))
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert isinstance(issue["location"]["lines"]["begin"], int)
        assert issue["location"]["path"] == "finetune/finetune_lora.sh"
    assert issues[0]["location"]["lines"]["begin"] == 4
    assert len({issue["fingerprint"] for issue in issues}) == 3
    assert issues[0]["fingerprint"] == conflict.fingerprint
    assert json.loads(render_gitlab(Result())) == []


def test_junit_counts(result: Result, conflict: Finding) -> None:
    """A suite per file, a case per finding; failures are errors and warnings, a file without findings passes."""
    files = (*result.files, CheckedFile("clean.sh", "launch"))
    info = replace(conflict, severity="info")
    text = render_junit(replace(with_findings(result, conflict, info), files=files))
    root = ElementTree.fromstring(text.encode())
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "3", "1")
    suites = {suite.get("name"): suite for suite in root}
    assert [len(suites[name].findall("testcase")) for name in ("finetune/finetune_lora.sh", "clean.sh")] == [2, 1]
    failure = root.find(".//failure")
    assert failure is not None and failure.get("message") == conflict.message and "raises here" in (failure.text or "")
    assert suites["clean.sh"].find("testcase/failure") is None
    for suite in root:
        assert suite.get("tests") == str(len(suite.findall("testcase")))


def test_junit_is_well_formed_whatever_a_message_holds(result: Result, conflict: Finding) -> None:
    """Mark-up and characters that XML does not have are text."""
    text = render_junit(with_findings(result, replace(conflict, message=NASTY, help=NASTY)))
    failure = ElementTree.fromstring(text.encode()).find(".//failure")
    assert failure is not None and "<script>" in (failure.get("message") or "") and "\x1b" not in text


def test_markdown_is_a_table(result: Result) -> None:
    """A row per finding with its place and rule, and what it leads to below."""
    text = render_markdown(result)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 3 and "`finetune/finetune_lora.sh:4`" in rows[2] and "TUN001" in rows[2]
    assert "1 error in finetune/finetune_lora.sh" in text and "keep LoRA" in text


def test_markdown_holds_its_table(result: Result, conflict: Finding) -> None:
    """No message ends a cell, opens mark-up, or mentions anybody."""
    text = render_markdown(with_findings(result, replace(conflict, message=NASTY, help="a `lone tick")))
    row = next(line for line in text.splitlines() if "TUN001" in line)
    assert row.replace("\\|", "").count("|") == 5
    assert "<script" not in text and "@all" not in text and "\x1b" not in text


def test_markdown_is_cut(result: Result, conflict: Finding) -> None:
    """A comment stays below what hosts take, and says what is missing."""
    many = [replace(conflict, message=f"{number} " + "x" * 1500) for number in range(MOST_ROWS + 7)]
    text = render_markdown(with_findings(result, *many))
    assert len(text) < MOST_CHARACTERS + 80_000 and "7 findings more" in text and "too long" in text


def test_markdown_of_nothing(result: Result) -> None:
    """An all-clear says what was read."""
    text = render_markdown(with_findings(result))
    assert "Nothing wrong in what was read" in text and "1 launch" in text and "| severity" not in text


def test_page(result: Result, conflict: Finding) -> None:
    """Findings with excerpts and the memory chart, well-formed, and mark-up of the repository as text."""
    text = render_check_html(with_findings(result, conflict, replace(conflict, message=NASTY)), [memory_of()])
    parsed = Balanced()
    parsed.feed(text)
    assert parsed.open == []
    shown = "".join(parsed.texts)
    assert "--tune_llm true" in shown and "full tuning of the LLM" in shown and "raises here" in shown
    assert "<svg" in text and "<script" not in text and "\x1b" not in text and "http" not in text.replace("https://example.org", "")
    assert "the GPU is not known" in shown


def test_page_of_nothing() -> None:
    """A page also where nothing was read."""
    parsed = Balanced()
    parsed.feed(render_check_html(Result()))
    assert parsed.open == [] and "Nothing was found" in "".join(parsed.texts)
