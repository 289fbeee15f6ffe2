"""Rules over a run: when they fire, where they point, what they wait for, and what they offer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lintune.engine.catalogue import rules_of
from lintune.engine.compile import compile_pages
from lintune.engine.evaluate_rules import Outcome, evaluate_rules
from lintune.engine.rule import Rule
from lintune.run.run import Guard, Item, Run
from lintune.source.edits import apply_edits
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Data, Known, Step, Unknown, Value
from lintune.values.version import Pin, Specifiers, Version

SCRIPT = """LLM=qwen2
torchrun finetune.py \\
    --use_lora true \\
    --tune_llm "true" \\
    --llm_type $LLM \\
    --bf16 \\
    --lr 1e-4
"""
SOURCE = Source("finetune.sh", SCRIPT)
TRAINER = Source("finetune.py", "tune_vision: bool = True\nraise ValueError('no')\n")


def site(text: str, source: Source = SOURCE) -> Site:
    start = source.text.index(text)
    return Site(source, Span(start, start + len(text)))


def flag(text: str, value: Data, *more: Step) -> Value:
    return Known(value, (Step("flag", site(text)), *more))


def make_run(**values: Value) -> Run:
    run = Run("minicpmv", "finetune.sh", site("torchrun finetune.py"), script_read=True)
    run.values = {
        "flag.use_lora": flag("--use_lora true", True),
        "flag.tune_llm": flag('--tune_llm "true"', True),
        "flag.llm_type": flag("--llm_type $LLM", "qwen2", Step("variable", site("qwen2"))),
        "flag.bf16": flag("--bf16", True),
        "flag.lr": flag("--lr 1e-4", 1e-4),
        "flag.tune_vision": Known(True, (Step("default", site("tune_vision: bool = True", TRAINER), "default of finetune.py"),)),
        "flag.model": Unknown("`$MODEL` is not set in this script", (), "MODEL=..."),
        **{name.replace("__", "."): value for name, value in values.items()},
    }
    run.guards = (Guard(frozenset({"use_lora", "tune_llm"}), site("raise ValueError('no')", TRAINER)),)
    run.items["raw.unknown"] = (
        Item({"flag": Known("--x"), "package": Known("transformers"), "broken": Known(">=4.46")}, site("--bf16")),
        Item({"flag": Unknown("computed")}, site("--lr 1e-4")),
    )
    return run


def rule(tmp_path: Path, front: str) -> Rule:
    (tmp_path / "t").mkdir(exist_ok=True)
    text = f'---\ncode: TST001\nseverity: error\nevidence: ["evidence"]\n{front}\n---\n# a-rule\n'
    (tmp_path / "t" / "a-rule.md").write_text(text if "message:" in front else text.replace("evidence:", 'message: "m"\nevidence:'))
    compiled = compile_pages(str(tmp_path))
    assert compiled.errors == ()
    [made] = rules_of(compiled.rows, compile(compiled.conditions, "<test>", "exec"))
    return made


def releases(package: str) -> Sequence[Version]:
    return tuple(Version.parse(text) for text in ("4.40.0", "4.45.0", "4.46.0", "4.51.3")) if package == "transformers" else ()


def outcome(tmp_path: Path, front: str, run: Run | None = None) -> Outcome:
    return evaluate_rules([rule(tmp_path, front)], run or make_run(), releases)


def places(found: Outcome) -> list[tuple[str, str, str]]:
    return [(location.role, location.site.text, location.label) for finding in found.findings for location in finding.locations]


def test_places_labels_and_guards(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "when: flag.use_lora and flag.tune_llm\n"
        'at: [{flag.tune_llm: "is {flag.tune_llm}"}, flag.use_lora, {"guard(use_lora, tune_llm)": "raises here"}]\n'
        'message: "both at {flag.lr}"',
    )
    assert places(found) == [
        ("primary", '--tune_llm "true"', "is true"),
        ("related", "--use_lora true", ""),
        ("related", "raise ValueError('no')", "raises here"),
    ]
    assert found.findings[0].message == "both at 1e-4"
    assert found.decided == {"a-rule"} and not found.waits


def test_a_default_points_at_the_launch_and_its_definition(tmp_path: Path) -> None:
    found = outcome(tmp_path, 'when: flag.tune_vision\nat: [{flag.tune_vision: "trained"}]')
    assert places(found) == [
        ("primary", "torchrun finetune.py", "trained: `tune_vision` is not given; default `true` (finetune.py:1)"),
        ("related", "tune_vision: bool = True", "default of `tune_vision`"),
    ]


def test_a_variable_is_named_where_it_is_set(tmp_path: Path) -> None:
    found = outcome(tmp_path, 'when: flag.llm_type == "qwen2"\nat: flag.llm_type')
    assert places(found) == [("primary", "--llm_type $LLM", ""), ("related", "qwen2", "`$LLM` is set here")]


def test_expansions_on_the_way_are_told_from_assignments(tmp_path: Path) -> None:
    steps = (Step("flag", site("--llm_type")), Step("variable", site("$LLM")), Step("variable", site("qwen2")))
    run = make_run(flag__llm_type=Known("qwen2", steps))
    found = outcome(tmp_path, 'when: flag.llm_type == "qwen2"\nat: flag.llm_type\nways: [{title: "t", set: {flag.llm_type: "x"}}]', run)
    assert [label for _, _, label in places(found)] == ["", "expanded here", "`$LLM` is set here"]
    assert [edit.site.text for edit in found.findings[0].fixes[0].edits] == ["qwen2"]
    assert fixed(tmp_path, "{flag.llm_type: null}", run) is None


def test_an_absent_value_points_at_the_launch(tmp_path: Path) -> None:
    found = outcome(tmp_path, "when: absent(flag.nothing)\nat: [flag.nothing, launch, given(flag.nothing)]")
    assert places(found) == [("primary", "torchrun finetune.py", "not given")]


def test_items_are_looked_at_one_by_one(tmp_path: Path) -> None:
    found = outcome(tmp_path, 'for: raw.unknown\nwhen: startswith(item.flag, "--")\nat: item\nmessage: "no {item.flag}"')
    assert [finding.message for finding in found.findings] == ["no --x"]
    assert places(found) == [("primary", "--bf16", "")]
    assert [(wait.name, wait.reason) for wait in found.waits] == [("item.flag", "computed")]
    assert found.undecided == {"a-rule"} and not found.decided


def test_a_rule_waits_and_says_for_what(tmp_path: Path) -> None:
    found = outcome(tmp_path, 'when: flag.use_lora and flag.model == "x"')
    [wait] = found.waits
    assert not found.findings
    assert (wait.rule, wait.name, wait.settle, wait.path) == ("a-rule", "flag.model", "MODEL=...", "finetune.sh")


@pytest.mark.parametrize(("front", "fires"), [("frameworks: [llava]", False), ("frameworks: [minicpmv]", True), ("subject: file", False)])
def test_which_runs_a_rule_applies_to(tmp_path: Path, front: str, fires: bool) -> None:
    assert bool(outcome(tmp_path, f"when: flag.use_lora\n{front}").findings) is fires


@pytest.mark.parametrize(
    ("pin", "window", "severity"),
    [
        ("==4.51.3", ">=4.46", "error"),
        ("==4.45.0", ">=4.46", None),
        (">=4.46", ">=4.46", "error"),
        (">=4.40", ">=4.46", "warning"),
        (None, ">=4.46", "warning"),
        (None, ">=4", "error"),
        (None, ">=5", None),
        (None, "<4.45 || >=4.45", "error"),
        ("==4.45.0", "<4.45 || >=4.46", None),
    ],
)
def test_versions(tmp_path: Path, pin: str | None, window: str, severity: str | None) -> None:
    run = make_run()
    if pin:
        run.versions["transformers"] = Pin("transformers", Specifiers.parse(pin))
    found = outcome(tmp_path, f'when: flag.use_lora\nversions: {{transformers: "{window}"}}', run)
    assert [finding.severity for finding in found.findings] == ([severity] if severity else [])
    if severity == "warning":
        assert found.findings[0].message == f"m, with `transformers {window}`"
        assert "--assume 'transformers==VERSION'" in found.findings[0].notes[0]
        assert found.waits[0].name == "version.transformers"


def test_windows_may_come_from_the_item(tmp_path: Path) -> None:
    run = make_run()
    run.versions["transformers"] = Pin("transformers", Specifiers.parse("==4.51.3"))
    front = 'for: raw.unknown\nwhen: known(item.broken)\nversions: {"{item.package}": "{item.broken}"}\nat: [item, "pin({item.package})"]'
    assert [finding.severity for finding in outcome(tmp_path, front, run).findings] == ["error"]


def fixed(tmp_path: Path, settings: str, run: Run | None = None) -> str | None:
    found = outcome(tmp_path, f'when: flag.use_lora\nways: [{{title: "t", set: {settings}}}]', run)
    fixes = found.findings[0].fixes
    return apply_edits(SOURCE, fixes[0].edits) if fixes else None


@pytest.mark.parametrize(
    ("settings", "before", "after"),
    [
        ("{flag.tune_llm: false}", '--tune_llm "true"', "--tune_llm false"),
        ("{flag.use_lora: false}", "--use_lora true", "--use_lora false"),
        ("{flag.lr: 2.0e-4}", "--lr 1e-4", "--lr 2e-4"),
        ("{flag.bf16: false}", "--bf16 ", "--bf16 false "),
        ("{flag.llm_type: llama3}", "LLM=qwen2", "LLM=llama3"),
        ("{flag.tune_vision: false}", "finetune.py", "finetune.py \\\n    --tune_vision false"),
        ("{flag.lr: null}", " \\\n    --lr 1e-4", ""),
        ("{flag.use_lora: null}", " \\\n    --use_lora true", ""),
        ("{flag.use_lora: true, flag.bf16: null}", " \\\n    --bf16", ""),
    ],
)
def test_edits(tmp_path: Path, settings: str, before: str, after: str) -> None:
    assert fixed(tmp_path, settings) == SCRIPT.replace(before, after, 1)


def test_no_edit_where_the_text_is_not_the_value(tmp_path: Path) -> None:
    computed = make_run(flag__llm_type=flag("--llm_type $LLM", "qwen2x", Step("variable", site("qwen2"))))
    assert fixed(tmp_path, "{flag.llm_type: llama3}", computed) is None
    assert fixed(tmp_path, "{flag.tune_llm: false, flag.llm_type: llama3}", computed) is None


def test_new_flags_keep_their_order(tmp_path: Path) -> None:
    text = fixed(tmp_path, "{flag.tune_vision: false, flag.lora_r: 64}")
    assert text is not None and "finetune.py \\\n    --tune_vision false \\\n    --lora_r 64 \\\n    --use_lora" in text


def test_costs_come_from_the_run_as_it_would_be(tmp_path: Path) -> None:
    def what_if(settings: Mapping[str, Data]) -> Run:
        assert settings == {"flag.tune_llm": False}
        return replace(make_run(), values={"derived.trainable_percent": Known(0.61), "memory.floor_bytes": Unknown("no model")})

    run = make_run()
    run.what_if = what_if
    cost = "{derived.trainable_percent|percent} trainable, at least {memory.floor_bytes|gib}"
    front = f'when: flag.use_lora\nways: [{{title: "keep", set: {{flag.tune_llm: false}}, cost: "{cost}"}}]'
    assert outcome(tmp_path, front, run).findings[0].ways[0].cost == "0.61 % trainable"
    run.what_if = lambda settings: 1 // 0
    assert outcome(tmp_path, front, run).findings[0].ways[0].cost == ""


def test_a_rule_that_fails_is_a_finding_and_the_others_run(tmp_path: Path) -> None:
    good = rule(tmp_path, "when: flag.use_lora")

    def broken(scope: object) -> bool:
        raise RuntimeError("a\nb")

    bad = replace(good, name="bad-rule", condition=broken)
    found = evaluate_rules([bad, good], make_run())
    assert [(finding.name, finding.message) for finding in found.findings] == [
        ("internal-error", "the rule `bad-rule` failed: RuntimeError: a b"),
        ("a-rule", "m"),
    ]
    assert found.crashed == ["bad-rule"]


def test_an_unread_prefix_is_waited_for(tmp_path: Path) -> None:
    run = make_run()
    run.unread["ds"] = Unknown("`ds.json` is not there", (), "the file")
    found = outcome(tmp_path, "when: ds.zero_optimization.stage == 3", run)
    assert [wait.reason for wait in found.waits] == ["`ds.json` is not there"]
    assert isinstance(run.get("flag.other"), Absent)
