"""Whole terminal output of the text report."""

from dataclasses import replace
from textwrap import dedent

from lintune.engine.finding import Finding
from lintune.engine.result import Result
from lintune.report.paint import Paint
from lintune.report.text import render_finding, render_text
from lintune.source.text import Source

PLAIN = Paint()


def test_the_conflict_as_a_whole(result: Result) -> None:
    """Both flags in one excerpt, the script that raises in a second, effect, ways and the footer."""
    assert render_text(result, PLAIN) == dedent(
        """\
        error[TUN001 lora-with-full-llm-tuning]: `tune_llm` and `use_lora` are both on: full tuning and LoRA exclude each other
          --> finetune/finetune_lora.sh:4:5
           |
         4 |     --tune_llm true \\
           |     ^^^^^^^^^^^^^^^ full tuning of the LLM
         5 |     --output_dir out \\
         6 |     --use_lora true
           |     --------------- LoRA
           |
          ::: finetune/finetune.py:11:13
           |
        11 |             raise ValueError("no")
           |             ---------------------- raises here
           = effect: after the weights are loaded: `finetune.py` raises ValueError
           = help: turn one of the two off
           = way 1: keep LoRA (`tune_llm` = `false`): 0.6 % trainable, at least 21.0 GiB per GPU [--fix --unsafe-fixes]
           = way 2: tune the LLM in full (`use_lora` = `false`): 100 % trainable, at least 61.0 GiB per GPU

        1 error in finetune/finetune_lora.sh
        1 launch, 61 rules decided, 1 could not
          1 rule waited for `gpu.name`: the GPU is not known (settle with `--gpu 2xA100-40G`)
        1 fixable (--fix --unsafe-fixes)
        """
    )


def test_pedantic_lists_every_unknown(result: Result) -> None:
    """The list names the rule, the reason and what settles it."""
    text = render_text(replace(result, findings=()), PLAIN, pedantic=True)
    assert text == dedent(
        """\
        Could not be decided:
          `gpu.name`: the GPU is not known
              settle with `--gpu 2xA100-40G`
              waited for by out-of-memory (finetune/finetune_lora.sh)

        Nothing wrong in what was read
        1 launch, 61 rules decided, 1 could not
        """
    )


def test_nothing_read_is_no_all_clear() -> None:
    """Without a launch there is nothing that could be called clear."""
    text = render_text(Result(), PLAIN)
    assert text == "Nothing was checked: no launch was found\n"


def test_what_was_left_out_is_counted(result: Result) -> None:
    """Suppressed and held back findings stand in the footer."""
    text = render_text(replace(result, findings=(), waits=(), undecided=0, suppressed=2, held_back=3), PLAIN)
    assert text.splitlines()[-2:] == [
        "1 launch, 61 rules decided",
        "2 suppressed by a comment · 3 held back as only possible (--pedantic shows them)",
    ]


def test_doubt_and_evidence_are_said(conflict: Finding) -> None:
    """A finding that is not certain says so and on what it depends; sources only where asked for."""
    unsure = replace(conflict, confidence="likely", notes=("holds for transformers >=4.51; settle with `--assume transformers==...`",))
    lines = render_finding(unsure, PLAIN, ("upstream finetune.py, train()",)).splitlines()[-3:]
    assert lines == [
        "   = note: this is likely, not certain",
        "   = note: holds for transformers >=4.51; settle with `--assume transformers==...`",
        "   = source: upstream finetune.py, train()",
    ]


def test_colour_changes_nothing_but_colour(result: Result) -> None:
    """Without its escape sequences the coloured report is the plain one."""
    import re

    coloured = render_text(result, Paint(colour=True))
    assert "\x1b[1;31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_text(result, PLAIN)


def test_a_link_stands_on_the_code(conflict: Finding) -> None:
    """Where the terminal takes links, the code is one."""
    assert f"\x1b]8;;{conflict.url}\x1b\\TUN001 lora-with" in render_finding(conflict, Paint(True, True))


def test_escape_sequences_of_the_input_stay_out(conflict: Finding) -> None:
    """A message that carries text of an untrusted file cannot steer the terminal."""
    text = render_finding(replace(conflict, message="`\x1b[2J\u202e` is no value", help="a\nb"), PLAIN)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "= help: a b" in text


def test_only_the_way_that_a_fix_takes_is_marked(conflict: Finding) -> None:
    """`--fix` takes one way of a finding: the first that is allowed."""
    both = tuple(replace(way, applicability="unsafe", edits=conflict.ways[0].edits) for way in conflict.ways)
    ways = [line for line in render_finding(replace(conflict, ways=both), PLAIN).splitlines() if " = way " in line]
    assert [way.endswith("[--fix --unsafe-fixes]") for way in ways] == [True, False]
    safe = (both[0], replace(both[1], applicability="safe"))
    assert render_finding(replace(conflict, ways=safe), PLAIN).count("[--fix]") == 1


def test_what_was_said_is_not_said_again(result: Result, conflict: Finding, script: Source) -> None:
    """A second launch with the same fault refers to the first; where anything differs, all is said."""
    elsewhere = Source("finetune/finetune_ds.sh", script.text)
    first, *others = conflict.locations
    again = replace(conflict, locations=(replace(first, site=replace(first.site, source=elsewhere)), *others))
    text = render_text(replace(result, findings=(conflict, again)), PLAIN)
    assert text.count("= help: turn one of the two off") == 1
    assert "= effect, help: as for finetune/finetune_lora.sh:4" in text
    other = render_text(replace(result, findings=(conflict, replace(again, help="another"))), PLAIN)
    assert "as for" not in other and other.count("= way 1: keep LoRA") == 2
