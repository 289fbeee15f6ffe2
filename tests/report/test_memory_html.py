"""The page of `lintune memory`: nothing is fetched, every figure of the chart stands in a table, mark-up of the repository does no harm."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lintune.cli.main import main
from lintune.memory.modes import modes_of
from lintune.memory.reading import setting_of
from lintune.memory.report import MemoryOfRun
from lintune.report.chart import GROUPS, Bar, group_bytes, terminal_bars
from lintune.report.memory_html import render_memory_html
from lintune.report.paint import Paint
from lintune.run.run import Run
from lintune.source.record import replace
from lintune.source.text import Site, Source, Span
from lintune.values.value import Known

GIB = 2**30
VOID = {"meta", "br"}


class Balanced(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it, unless it holds nothing."""
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<line/>` of SVG."""
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        """It is the innermost open one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text between elements."""
        self.texts.append(data)


def memory_of(path: str = "finetune.sh") -> MemoryOfRun:
    """Full tuning of Qwen2.5-VL-7B on two cards of 40 GiB."""
    run = Run("", path, Site(Source(path, ""), Span(0, 0)))
    run.values = {
        "model.id": Known("Qwen/Qwen2.5-VL-7B-Instruct"),
        "tune.llm.mode": Known("full"),
        "launch.nproc": Known(2),
        "batch.micro": Known(2),
        "seq.max_len": Known(2048),
    }
    setting = replace(setting_of(run), gpu_bytes=40 * GIB, gpu_name="A100")
    return MemoryOfRun(path, setting, modes_of(setting))


def test_page_is_well_formed_and_fetches_nothing() -> None:
    """Balanced, no address, no script, a title and a description for the picture, colours for both schemes."""
    text = render_memory_html([memory_of()])
    parsed = Balanced()
    parsed.feed(text)
    assert parsed.open == []
    assert not re.search(r"https?:|<script|@import|url\(|<link|<img", text)
    assert 'role="img"' in text and "<desc" in text and "prefers-color-scheme: dark" in text
    assert all(f"var(--{group.name.replace(' ', '-')})" in text and f"--{group.name.replace(' ', '-')}: " in text for group in GROUPS)


def test_every_mode_stands_in_the_table() -> None:
    """Name, figure and verdict of each alternative are text."""
    each = memory_of()
    parsed = Balanced()
    parsed.feed(render_memory_html([each]))
    shown = "\n".join(parsed.texts)
    for mode in each.modes:
        assert mode.name in shown and f"{mode.estimate.device / GIB:,.1f} GiB" in shown
    assert "does not fit" in shown and "39.4 GiB" in shown


def test_names_of_the_repository_are_text() -> None:
    """A path with mark-up and an escape sequence stays a text."""
    text = render_memory_html([memory_of('<script>alert("x")</script>\x1b[31m.sh')])
    assert "<script" not in text and "\x1b" not in text and "&lt;script&gt;" in text


def test_groups_add_up_to_the_device() -> None:
    """No component is lost or counted twice."""
    for mode in memory_of().modes:
        assert sum(group_bytes(mode.estimate)) == mode.estimate.device


def test_terminal_bars_mark_the_card() -> None:
    """Bars are as long as their figures, the card's line stands in the same column of each."""
    each = memory_of()
    bars = [Bar(mode.name, mode.estimate) for mode in each.modes]
    *lines, legend = terminal_bars(bars, 40 * GIB, Paint())
    assert len({line.index("│") for line in lines}) == 1
    cells = {
        bar.name: sum(letter in "wogalc" for letter in line[len(max(bars, key=lambda b: len(b.name)).name) + 4 :])
        for bar, line in zip(bars, lines, strict=True)
    }
    biggest = max(bars, key=lambda bar: bar.estimate.device)
    assert max(cells, key=lambda name: cells[name]) == biggest.name
    assert "w weights" in legend and "40.0 GiB" in legend


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--format html` writes one page for all launches, also those without a figure."""
    good, bad = tmp_path / "a.json", tmp_path / "b.json"
    good.write_text('{"lintune_run": 1, "values": {"model.id": "Qwen/Qwen2.5-7B", "tune.llm.mode": "lora", "adapter.kind": "lora"}}')
    bad.write_text('{"lintune_run": 1, "values": {"model.id": "me/mine", "tune.llm.mode": "full"}}')
    assert main(["memory", str(good), str(bad), "--format", "html", "--gpu", "RTX4090"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("<!doctype html>") and "No estimate" in shown and "RTX4090" in shown
