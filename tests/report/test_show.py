"""What was understood of a launch, as table and as data."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from lintune.engine.finding import Wait
from lintune.launch.word import UNKNOWN_TEXT, Command, Piece, Word
from lintune.report.paint import Paint
from lintune.report.show_json import render_run, render_show_json
from lintune.report.show_text import render_show
from lintune.report.shown import Shown, ShownLaunch
from lintune.run.run import Item, Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Known, Step, Unknown
from lintune.values.version import Pin, Specifiers

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "show-v1.schema.json"
SCRIPT = Source("finetune.sh", "TUNE=false\ntorchrun finetune.py --tune_llm $TUNE --learning_rate $LR\npython eval.py\n")
TRAINING = Source("finetune.py", "\n\n    use_lora: bool = False\n")


def at(source: Source, text: str) -> Site:
    """The first place of a text."""
    start = source.text.index(text)
    return Site(source, Span(start, start + len(text)))


def word(text: str, source: Source = SCRIPT) -> Word:
    """A known word."""
    return Word(at(source, text), (Piece(text, at(source, text)),))


@pytest.fixture
def shown() -> Shown:
    """A launch with a value through a variable, a default, an unknown, and sizes; and a command that does not train."""
    rate = Word(at(SCRIPT, "$LR"), (Piece(UNKNOWN_TEXT, at(SCRIPT, "$LR"), (), "`$LR` is not set in this script"),))
    words = (word("torchrun"), word("finetune.py"), word("--tune_llm"), word("--learning_rate"), rate)
    train = Command(words, at(SCRIPT, "torchrun finetune.py --tune_llm $TUNE --learning_rate $LR"), {"NCCL_DEBUG": word("TUNE")})
    other = Command((word("python"), word("eval.py")), at(SCRIPT, "python eval.py"), {}, None, False)
    flag = (Step("flag", at(SCRIPT, "--tune_llm $TUNE")), Step("variable", at(SCRIPT, "TUNE=false")))
    unknown = Unknown("`$LR` is not set in this script", (Step("flag", at(SCRIPT, "--learning_rate $LR")),), "`--assume LR=...`")
    run = Run("minicpmv", "finetune.sh", at(SCRIPT, "torchrun finetune.py"))
    run.values = {
        "launch.entry": Known("finetune.py", (Step("flag", at(SCRIPT, "finetune.py")),)),
        "tune.llm.mode": Known("frozen", flag),
        "optim.lr": unknown,
        "adapter.rank": Absent(),
        "flag.tune_llm": Known(False, flag),
        "flag.use_lora": Known(False, (Step("default", at(TRAINING, "use_lora: bool = False"), "default of finetune.py"),)),
        "derived.trainable_parts": Known(("projector", "vision"), (Step("derived", None, "parts that are not frozen"), *flag)),
        "derived.total_params": Known(8_099_175_664, (Step("model", None, "openbmb/MiniCPM-V-2_6"),)),
        "memory.floor_bytes": Known(21 * 2**30, (Step("derived", None, "weights + gradients + optimizer"),)),
    }
    run.items = {"files": (Item({"path": Known("finetune.py"), "role": Known("entry"), "exists": Known(True)}, None),)}
    run.versions = {"transformers": Pin("transformers", Specifiers.parse("==4.40.0"), (Step("pin", None, "requirements.txt:1"),))}
    waits = (Wait("lr-too-high", "optim.lr", unknown.reason, unknown.settle, "finetune.sh"),)
    return Shown((train, other), (ShownLaunch(run, 0, waits),))


def test_the_table(shown: Shown) -> None:
    """Sections in the order of the vocabulary, origins beside the values, then what is unknown and what settles it."""
    text = render_show(shown, Paint())
    assert text == (
        "finetune.sh:2:1: torchrun finetune.py (minicpmv)\n"
        "\n"
        "launch\n"
        "  launch.entry  finetune.py  finetune.sh:2\n"
        "\n"
        "pins\n"
        "  pins.transformers  ==4.40.0  requirements.txt:1\n"
        "\n"
        "tune\n"
        "  tune.llm.mode  frozen  finetune.sh:2 --tune_llm, from finetune.sh:1 TUNE=\n"
        "\n"
        "optim\n"
        "  optim.lr  ?  finetune.sh:2 --learning_rate\n"
        "\n"
        "derived\n"
        "  derived.total_params     8,099,175,664            openbmb/MiniCPM-V-2_6\n"
        '  derived.trainable_parts  ["projector", "vision"]  parts that are not frozen (--tune_llm, finetune.sh:1 TUNE=)\n'
        "\n"
        "memory\n"
        "  memory.floor_bytes  21.0 GiB  weights + gradients + optimizer\n"
        "\n"
        "flag\n"
        "  flag.tune_llm  false  finetune.sh:2 --tune_llm, from finetune.sh:1 TUNE=\n"
        "  1 option at its default (--all)\n"
        "\n"
        "unknown\n"
        "  optim.lr: `$LR` is not set in this script\n"
        "      settle with `--assume LR=...` (1 rule waiting)\n"
        "\n"
        "1 other launcher command that does not train: --format json lists them.\n"
    )


def test_all_adds_defaults_and_absences(shown: Shown) -> None:
    """With the place that defines the default."""
    text = render_show(shown, Paint(), everything=True)
    assert "  flag.use_lora  false  default of finetune.py:3\n" in text
    assert "  adapter.rank  -\n" in text


def test_json_holds_the_contract(shown: Shown) -> None:
    """Commands with their words, launches with values, derived facts and what is unresolved."""
    document = json.loads(render_show_json(shown))
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    assert [command["certain"] for command in document["commands"]] == [True, False]
    assert document["commands"][0]["argv"][-1] == {
        "text": UNKNOWN_TEXT,
        "known": False,
        "path": "finetune.sh",
        "start": {"line": 2, "column": 55},
        "end": {"line": 2, "column": 58},
        "reason": "`$LR` is not set in this script",
    }
    launch = document["launches"][0]
    assert (launch["command"], launch["framework"], launch["entry"]) == (0, "minicpmv", "finetune.py")
    assert launch["files"] == [{"path": "finetune.py", "role": "entry", "exists": True}]
    assert launch["values"]["tune.llm.mode"]["value"] == "frozen"
    assert [step["kind"] for step in launch["values"]["tune.llm.mode"]["origin"]] == ["flag", "variable"]
    assert launch["values"]["memory.floor_bytes"]["unit"] == "bytes"
    assert launch["values"]["adapter.rank"]["absent"] is True
    assert launch["derived"]["trainable_parts"]["value"] == ["projector", "vision"]
    assert launch["unresolved"] == [
        {"name": "optim.lr", "reason": "`$LR` is not set in this script", "settle": "`--assume LR=...`", "rules": ["lr-too-high"]}
    ]


def test_the_run_file_holds_what_is_known(shown: Shown) -> None:
    """Unknown and absent settings are left out."""
    document = json.loads(render_run(shown.launches[0].run))
    assert document["lintune_run"] == 1
    assert document["values"]["tune.llm.mode"] == "frozen"
    assert "optim.lr" not in document["values"]
    assert "adapter.rank" not in document["values"]


def test_nothing_to_show() -> None:
    """Said, not left blank; the document is valid all the same."""
    assert render_show(Shown(), Paint()) == "No fine-tuning launch was found.\n"
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(json.loads(render_show_json(Shown())))
