"""Walks through small scripts: which ends are certain, which branches are taken, what is read, what is trained."""

import textwrap

import pytest

from lintune.scripts.entry import read_entry_script
from lintune.scripts.walk.trace import ScriptTrace, walk_script
from lintune.source.text import Source
from lintune.values.value import Absent, Known, Unknown, Value

HEAD = """
from dataclasses import dataclass
from typing import Optional
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments

@dataclass
class Arguments:
    mode: str = "slow"
    layers: int = 2
    name: Optional[str] = None
    lora: bool = False

def setup():
    return HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()

args, training_args = setup()
"""


def walk(body: str, files: dict[str, str] | None = None, **options: object) -> ScriptTrace:
    """The walk through a script with these options; others have their defaults, an option given as `...` is unknown."""
    texts = {path: Source(path, textwrap.dedent(text)) for path, text in (files or {}).items()}
    script = read_entry_script(Source("train.py", HEAD + textwrap.dedent(body)), texts.get)
    defaults: dict[str, object] = {"mode": "slow", "layers": 2, "name": None, "lora": False, **options}

    def option(name: str) -> Value:
        if name not in defaults or defaults[name] is ...:
            return Unknown("not known here")
        value = defaults[name]
        return Absent() if value is None else Known(value)  # type: ignore[arg-type]

    return walk_script(script, option)


def certain(trace: ScriptTrace) -> list[str]:
    return [f"{end.exception}: {end.message}" for end in trace.ends if end.certain]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("if args.layers > 1: raise ValueError(f'{args.layers} layers')", "ValueError: 2 layers"),
        ("assert args.mode != 'slow', 'too slow'", "AssertionError: too slow"),
        ("TABLE = {'fast': 1}\nTABLE[args.mode]", "KeyError: 'slow'"),
        ("int(args.mode)", "ValueError: invalid literal for int() with base 10: 'slow'"),
        ("args.missing", "AttributeError: 'Arguments' object has no attribute 'missing'"),
        ("if args.name > 3: pass", "TypeError: '>' not supported between instances of 'NoneType' and 'int'"),
        ("import sys\nsys.exit('no')", "SystemExit: no"),
        ("def check(a):\n    if a.layers == 2:\n        raise RuntimeError('two')\ncheck(args)", "RuntimeError: two"),
        ("for word in ('fast', 'slow'):\n    if word == args.mode:\n        raise ValueError(word)", "ValueError: slow"),
        ("args.layers = 9\nif args.layers == 9: raise ValueError('nine')", "ValueError: nine"),
        ("if any(each == args.mode for each in ['x', 'slow']): raise ValueError('any')", "ValueError: any"),
        ("match args.mode:\n    case 'slow' | 'slower':\n        raise ValueError('match')", "ValueError: match"),
        ("try:\n    raise KeyError('x')\nfinally:\n    pass", "KeyError: x"),
    ],
)
def test_ends_that_options_decide_are_certain(body: str, message: str) -> None:
    assert certain(walk(body)) == [message]


@pytest.mark.parametrize(
    "body",
    [
        "import os\nif os.path.exists('x'): raise ValueError('there')",
        "if training_args.local_rank == 0: raise ValueError('rank')",
        "model = AutoModelForCausalLM.from_pretrained('x')\nif model.config.tied: raise ValueError('tied')",
        "try:\n    raise ValueError('caught')\nexcept ValueError:\n    pass",
        "import contextlib\nwith contextlib.suppress(ValueError):\n    raise ValueError('quiet')",
        "def leave():\n    if training_args.device:\n        return\n    raise ValueError('perhaps')\nleave()",
        "TABLE = {}\ndef register(f):\n    TABLE[f.__name__] = f\n    return f\n@register\ndef slow(): pass\nTABLE[args.mode]",
        "for n, p in AutoModelForCausalLM.from_pretrained('x').named_parameters():\n    if 'head' in n: raise ValueError(n)",
    ],
)
def test_ends_on_unknown_conditions_are_never_certain(body: str) -> None:
    assert certain(walk(body)) == []


def test_an_unknown_option_leaves_the_end_possible() -> None:
    trace = walk("if args.layers > 1: raise ValueError('many')", layers=...)
    assert [(end.certain, end.names) for end in trace.ends] == [(False, frozenset({"layers"}))]


def test_the_stage_tells_whether_the_weights_were_loaded() -> None:
    late = walk("model = AutoModelForCausalLM.from_pretrained('x')\nraise ValueError('late')")
    assert [end.stage for end in late.ends] == ["after-weights"]
    assert [end.stage for end in walk("raise ValueError('early')").ends] == ["start"]


def test_names_are_the_options_of_the_conditions() -> None:
    trace = walk("if args.lora:\n    pass\nelif args.mode == 'slow':\n    raise ValueError('no')")
    assert trace.ends[0].names == {"lora", "mode"}


def test_guards_of_imported_files_are_followed() -> None:
    files = {"checks.py": "LIMIT = 1\ndef check(options):\n    if options.layers > LIMIT:\n        raise ValueError('above')\n"}
    assert certain(walk("from checks import check\ncheck(args)", files)) == ["ValueError: above"]


def test_post_init_runs_while_options_are_parsed() -> None:
    body = """
    @dataclass
    class More:
        rank: int = 8
        def __post_init__(self):
            if self.rank == 8:
                raise ValueError("eight")
    HfArgumentParser(More).parse_args_into_dataclasses()
    """
    trace = walk(body, rank=8)
    assert [(end.certain, end.stage, end.message) for end in trace.ends] == [(True, "parsing", "eight")]


def test_branches_say_which_way_is_taken() -> None:
    trace = walk("if args.lora:\n    print(args.name)\nif training_args.device:\n    pass")
    assert [(branch.text, branch.taken) for branch in trace.branches] == [("args.lora", False), ("training_args.device", None)]
    assert trace.reads >= {"lora"} and trace.reads_open == {"name"}


def test_training_is_reached_or_not() -> None:
    start = "model = AutoModelForCausalLM.from_pretrained('x')\ntrainer = Trainer(model=model, args=training_args)\n"
    assert walk(start + "trainer.train()").reaches_training is True
    assert walk(start).reaches_training is False
    assert walk(start + "if training_args.device: trainer.train()").reaches_training is None
    assert walk(start + "if training_args.device: trainer.train(1)\nelse: trainer.train()").reaches_training is True


@pytest.mark.parametrize(
    ("body", "path", "trained", "lora"),
    [
        ("model.visual.requires_grad_(False)", "visual", False, False),
        ("for p in model.visual.parameters():\n    p.requires_grad = args.lora", "visual", False, False),
        ("def freeze(module):\n    for p in module.parameters():\n        p.requires_grad = False\nfreeze(model.llm)", "llm", False, False),
        ("model.requires_grad_(False)\nmodel.head.requires_grad_(True)", "head", True, False),
        ("getattr(model, 'visual').requires_grad_(False)", "visual", False, False),
        ("if training_args.device: model.llm.requires_grad_(False)", "llm", None, False),
        ("model = get_peft_model(model, LoraConfig(target_modules=['q_proj']))", "", False, True),
    ],
)
def test_parts(body: str, path: str, trained: bool | None, lora: bool) -> None:
    start = "model = AutoModelForCausalLM.from_pretrained('x')\n"
    state = walk(start + body + "\nTrainer(model=model).train()").parts[path]
    assert (state.trained, state.lora) == (trained, lora)


def test_a_switch_of_the_module_is_void() -> None:
    trace = walk("model = AutoModelForCausalLM.from_pretrained('x')\nmodel.lm_head.requires_grad = False\nTrainer(model=model).train()")
    assert [(void.path, void.value, void.trained) for void in trace.voids] == [("lm_head", False, True)]


def test_calls_carry_their_keywords() -> None:
    trace = walk(
        "kwargs = dict(attn_implementation='sdpa' if args.mode == 'slow' else 'eager')\nAutoModelForCausalLM.from_pretrained('x', **kwargs)"
    )
    call = next(call for call in trace.loads if call.last == "from_pretrained")
    value = call.keywords["attn_implementation"]
    assert isinstance(value, Known) and value.value == "sdpa"
    assert call.names["attn_implementation"] == {"mode"} and call.certain and call.complete


@pytest.mark.parametrize(
    "text",
    ["print 'two'", "def f(:", "from everything import *\nf()", "def f(): f()\nf()", "while True: x = [x]", "x = 'a' * 10**9\ny = x + x"],
)
def test_bad_input_ends(text: str) -> None:
    script = read_entry_script(Source("train.py", text), lambda path: None)
    assert certain(walk_script(script, lambda name: Unknown("not known"))) == []


def test_a_script_too_long_to_be_followed_says_so() -> None:
    body = "\n".join(f"x{index} = [value + {index} for value in range(60)]" for index in range(2000))
    assert "walk-too-long" in {note.kind for note in walk(body).notes}


_BY_FILE = """
import sys
from transformers import HfArgumentParser, TrainingArguments
parser = HfArgumentParser((TrainingArguments,))
CHANGE
if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
    raise ValueError("a file")
raise ValueError("flags")
"""


def ends_with_words(change: str, *words: str) -> list[str]:
    source = Source("train.py", _BY_FILE.replace("CHANGE", change))
    script = read_entry_script(source, lambda path: None)

    def word(which: str) -> Value:
        given = ("train.py", *words)
        return Known(len(given)) if which == "count" else Known(given[int(which)])

    found = walk_script(script, lambda name: Unknown("not known"), word=word)
    return [end.message for end in found.ends if end.certain]


def test_the_words_of_the_command_line_decide() -> None:
    assert ends_with_words("", "run.json") == ["a file"]
    assert ends_with_words("", "run.yaml") == ends_with_words("", "--seed", "1") == ["flags"]
    for change in ("sys.argv = ['x']", "sys.argv.append('x')", "sys.argv[1] = 'x'"):
        assert ends_with_words(change, "run.json") == ["flags"], change  # and the other perhaps


def test_a_list_that_two_conditions_may_fill_may_be_empty() -> None:
    text = """
import argparse, ray
args = argparse.ArgumentParser().parse_args()
short = []
for kind in ("gpu", "cpu"):
    if ray.get(kind) < 3:
        short.append(kind)
    elif ray.get(kind) < 4:
        short.append(kind + "s")
if short:
    raise RuntimeError("too few")
"""
    (end,) = walk_script(read_entry_script(Source("train.py", text), lambda path: None), lambda name: Unknown("not known")).ends
    assert not end.certain
