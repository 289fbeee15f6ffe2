"""The condition language: what it means, what it refuses, and that nothing hostile gets through."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintune.engine import kleene
from lintune.engine.expression import MAX_LENGTH, ExpressionError, compile_expression
from lintune.engine.scope import Scope
from lintune.run.run import Guard, Item, Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Known, Step, Unknown, Value

SITE = Site(Source("a.sh", "torchrun train.py\n"), Span(0, 8))
VALUES: dict[str, Value] = {
    "flag.on": Known(True, (Step("flag", SITE),)),
    "flag.off": Known(False, (Step("default", None, "default of train.py"),)),
    "flag.unknown": Unknown("`$X` is not set"),
    "flag.hidden": Unknown("`$X` is not set", (Step("flag", SITE),)),
    "batch.micro": Known(4),
    "optim.name": Known("adamw_torch"),
    "adapter.targets": Known(("q_proj", "v_proj")),
    "ds.none": Known(None),
}


def answer(text: str, script_read: bool = True) -> object:
    """The truth of a condition over `VALUES`; for an undecided one, the names it waits for."""
    run = Run("minicpmv", "a.sh", SITE, values=dict(VALUES), script_read=script_read)
    run.guards = (Guard(frozenset({"use_lora", "tune_llm", "q"}), SITE),)
    run.items["raw.unknown"] = (Item({"flag": Known("--x")}, SITE),)
    scope = Scope(run, run.items["raw.unknown"][0])
    namespace: dict[str, object] = {"k": kleene, "s": scope}
    verdict = eval(compile_expression(text).code, namespace)
    return verdict.names if isinstance(verdict, kleene.Undecided) else verdict


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flag.on", True),
        ("flag.off or flag.on", True),
        ("flag.on and flag.off", False),
        ("flag.missing", False),
        ("flag.unknown and flag.off", False),
        ("flag.unknown or flag.on", True),
        ("flag.unknown and flag.on", ("flag.unknown",)),
        ("(flag.unknown and flag.off) or flag.hidden", ("flag.hidden",)),
        ("not flag.unknown", ("flag.unknown",)),
        ("2 < batch.micro <= 4", True),
        ("batch.micro * 2 == 8 and batch.micro % 3 == 1", True),
        ("batch.micro > 'x'", ()),
        ("-batch.micro < 0", True),
        ('optim.name in ["sgd", "adamw_torch"]', True),
        ('"q_proj" in adapter.targets and "k_proj" not in adapter.targets', True),
        ("flag.missing != 3", True),
        ("absent(flag.missing) and absent(ds.none) and not absent(flag.on)", True),
        ("known(flag.unknown) or known(flag.missing)", False),
        ("given(flag.on) and given(flag.hidden) and not given(flag.off) and not given(flag.missing)", True),
        ("given(flag.unknown)", ("flag.unknown",)),
        ("default(flag.off) and not default(flag.on)", True),
        ('guarded("use_lora", "tune_llm") and unguarded("other")', True),
        ('any_item("raw.unknown") and not any_item("raw.dropped") and count_items("raw.unknown") == 1', True),
        ('item.flag == "--x" and absent(item.other)', True),
        ('framework == "minicpmv" and endswith(path, ".sh")', True),
        ("min(batch.micro, 2) == 2 and len(adapter.targets) == 2", True),
        ("true and not false", True),
    ],
)
def test_meaning(text: str, expected: object) -> None:
    assert answer(text) == expected


def test_a_script_that_was_not_read_is_not_taken_for_unguarded() -> None:
    assert answer('unguarded("other")', script_read=False) is False


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "().__class__",
        "flag.x.__class__()",
        "lambda: 1",
        "[x for x in flag.x]",
        "f'{flag.x}'",
        "(y := flag.x)",
        "flag.x ** 9",
        "flag.x if flag.y else 1",
        "flag['x']",
        "flag.x is None",
        "None",
        "b'x'",
        "1j",
        "10**9",
        "9999999999999999999999",
        "flag",
        "flg.x",
        "known(1, 2)",
        "min()",
        "given('flag.x')",
        "unguarded(flag.x)",
        "open('x')",
        "known(x=flag.y)",
        "flag.x; flag.y",
        "",
        "not " * 40 + "flag.x",
        "-" * 1400 + "1",
        "(" * 300 + "1" + ")" * 300,
        "flag.x or " * 200 + "flag.x",
        "x" * (MAX_LENGTH + 1),
    ],
)
def test_what_is_not_in_the_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text)


def test_errors_name_what_was_meant() -> None:
    with pytest.raises(ExpressionError, match="did you mean `flag`"):
        compile_expression("flga.x")
    with pytest.raises(ExpressionError, match="did you mean `startswith`"):
        compile_expression("startwith(flag.x, 'a')")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=string.ascii_lowercase + " .()[]'\"=<>!+-*/%,:{}@\\\n0123456789", max_size=60))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    try:
        expression = compile_expression(text)
    except ExpressionError:
        return
    eval(expression.code, {"k": kleene, "s": Scope(Run("x", "a.sh", SITE)), "__builtins__": {}})


WORDS = ["flag.on", "flag.off", "flag.unknown", "flag.missing", "batch.micro", "optim.name", "1", "'a'", "adapter.targets"]
TREES = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or", "==", "!=", "<", ">=", "in", "+", "*", "%"]), inner).map(
            lambda t: f"({' '.join(t)})"
        ),
        inner.map(lambda t: f"(not {t})"),
        inner.map(lambda t: f"len({t})"),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_more_knowledge_never_turns_an_answer(text: str) -> None:
    """Kleene logic is monotone: what is decided with `flag.unknown` unknown stays so whatever its value turns out to be."""
    try:
        before = answer(text)
    except ExpressionError:
        return
    if isinstance(before, tuple):
        return
    hidden = VALUES["flag.unknown"]
    try:
        for value in (Known(True), Known(False), Known(4), Known("a"), Absent()):
            VALUES["flag.unknown"] = value
            after = answer(text)
            assert after == before or isinstance(after, tuple), (text, value)
    finally:
        VALUES["flag.unknown"] = hidden
