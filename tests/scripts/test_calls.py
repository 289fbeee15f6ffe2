"""Calls of training libraries: resolved through imports only, keywords as values with their places."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from lintune.scripts.calls import CallFile, LibraryCall, read_calls
from lintune.source.text import Source
from lintune.values.value import Absent, Known, Unknown, Value


def file_of(text: str) -> CallFile:
    return read_calls(Source("train.py", text), ast.parse(text))


def call_of(text: str, name: str = "TrainingArguments") -> LibraryCall:
    return next(call for call in file_of(text).calls if call.name == name)


def value_of(body: str, name: str = "x") -> Value:
    """The value of `name=` in a call behind some statements."""
    return call_of(f"from transformers import TrainingArguments\n{body}").value(name)


def known(body: str, name: str = "x") -> object:
    found = value_of(body, name)
    assert isinstance(found, Known), found
    return found.value


def test_names_are_resolved_through_imports_only() -> None:
    """A bare name, a class of the project and a relative import are no library's."""
    assert not file_of("args = TrainingArguments(output_dir='out')").calls
    assert not file_of("class TrainingArguments: ...\nargs = TrainingArguments(output_dir='out')").calls
    assert not file_of("from .transformers import TrainingArguments\nargs = TrainingArguments(output_dir='out')").calls
    for text in (
        "import transformers\ntransformers.TrainingArguments(x=1)",
        "import transformers as tf\ntf.TrainingArguments(x=1)",
        "from transformers import TrainingArguments as TA\nTA(x=1)",
        "from transformers.training_args import TrainingArguments\nTrainingArguments(x=1)",
        "def main():\n    from transformers import TrainingArguments\n    TrainingArguments(x=1)",
    ):
        assert [call.dotted for call in file_of(text).calls] == ["transformers.TrainingArguments"], text


def test_a_shadowed_name_is_not_the_library() -> None:
    """A parameter of the same name is something else."""
    text = "from transformers import TrainingArguments\ndef f(TrainingArguments):\n    return TrainingArguments(x=1)"
    assert not file_of(text).calls


def test_constants_are_followed() -> None:
    """Assignments, arithmetic, strings put together, dictionaries handed over whole."""
    assert known("TrainingArguments(x=1e-4)") == 1e-4
    assert known("A = 8\nTrainingArguments(x=A // 2)") == 4
    assert known("N = 'qwen'\nTrainingArguments(x=f'out/{N}-sft')") == "out/qwen-sft"
    assert known("TrainingArguments(**{'x': True})") is True
    assert known("common = dict(x=3)\nTrainingArguments(**common)") == 3
    assert known("a, b = 1, 2\nTrainingArguments(x=b)") == 2
    assert known("import torch\nTrainingArguments(x=torch.bfloat16)") == "bfloat16"
    assert known("TrainingArguments(x=['q_proj', 'v_proj'])") == ("q_proj", "v_proj")
    assert isinstance(value_of("TrainingArguments(x=None)"), Absent)
    assert isinstance(value_of("TrainingArguments(y=1)"), Absent)


def test_the_last_assignment_before_the_call_counts() -> None:
    """In the order written, as far as it is certain."""
    assert known("A = 1\nA = 2\nTrainingArguments(x=A)\nA = 3") == 2
    assert isinstance(value_of("import sys\nA = 1\nif sys.argv:\n    A = 2\nTrainingArguments(x=A)"), Unknown)
    assert known("import sys\nA = 1\nif sys.argv:\n    A = 1\nTrainingArguments(x=A)") == 1


def test_what_is_not_certain_says_why() -> None:
    """Parameters, the environment, loops, changed lists."""
    for body, reason in (
        ("def f(a):\n    TrainingArguments(x=a)", "parameter of `f`"),
        ("import os\nTrainingArguments(x=os.environ.get('N', 1))", "`N` is read from the environment"),
        ("for a in [1, 2]:\n    TrainingArguments(x=a)", "set by a loop"),
        ("a = []\na.append(1)\nTrainingArguments(x=a)", "changed by `append`"),
        ("a = {}\na['k'] = 1\nTrainingArguments(x=a)", "changed key by key"),
        ("TrainingArguments(x=len('abc'))", "`len()` is called"),
        ("kw = load()\nTrainingArguments(**kw)", "may be in `**kw`"),
    ):
        found = value_of(body)
        assert isinstance(found, Unknown) and reason in found.reason, (body, found)


def test_what_is_stored_later_is_not_taken_for_the_default() -> None:
    """`args.x = ...` behind the call."""
    assert isinstance(value_of("args = TrainingArguments(y=1)\nargs.x = 2"), Unknown)


def test_options_of_a_parser_are_asked_for() -> None:
    """`args.lr` of `parse_args()`, also as a parameter of the same name."""
    text = (
        "import argparse\nfrom transformers import TrainingArguments\ndef train(args):\n    TrainingArguments(x=args.lr)\n"
        "args = argparse.ArgumentParser().parse_args()\ntrain(args)\n"
    )
    source = Source("train.py", text)
    found = read_calls(source, ast.parse(text), None, lambda name: Known(f"<{name}>"))
    assert next(call.value("x") for call in found.calls if call.name == "TrainingArguments").value == "<lr>"  # type: ignore[union-attr]


def test_places_are_the_keyword_and_then_the_assignment() -> None:
    """The whole `name=value` first, so that a finding points at it."""
    found = value_of("A = 8\nTrainingArguments(y=1, x=A)")
    assert [step.site.text for step in found.origin if step.site is not None] == ["x=A", "A = 8"]


def test_a_call_below_a_condition_is_not_certain() -> None:
    """What may not happen is marked; the main guard is no condition."""
    text = "import peft, sys\nif sys.argv:\n    peft.LoraConfig(r=1)\n"
    assert [call.certain for call in file_of(text).calls] == [False]
    text = "import peft\nif __name__ == '__main__':\n    peft.LoraConfig(r=1)\n"
    assert [call.certain for call in file_of(text).calls] == [True]


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=8)
)
def test_every_literal_is_itself(data: object) -> None:
    """Lists become tuples; nothing else changes."""

    def frozen(value: object) -> object:
        return tuple(map(frozen, value)) if isinstance(value, list) else value

    found = value_of(f"TrainingArguments(x={data!r})")
    assert isinstance(found, Absent) if data is None else isinstance(found, Known) and found.value == frozen(data)


@given(st.text(alphabet="ax=()[]{}*,.:\n 1'", max_size=40))
def test_any_program_is_read(text: str) -> None:
    """Whatever parses gives calls or none, never an error."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    file_of(text)
