"""Requests and results survive the way through JSON."""

import pytest

from lintune.dryrun.protocol import (
    Launch,
    Options,
    ProtocolError,
    Request,
    Result,
    Trouble,
    failed,
    request_from_json,
    result_from_json,
    to_json,
)


def test_request_and_back() -> None:
    """Every field, nested ones included."""
    request = Request(
        "trace", {"model.id": "a/b", "adapter.targets": ["q_proj"], "batch.micro": 2}, {"seq.max_len": "not set"}, {"model_type": "llama"},
        "/models/b", "trl", Launch("train.py", ["--bf16", "true"], "/a folder", False, "torchrun", 1),
        Options(True, False, 5, 2.5, "cpu"),
    )  # fmt: skip
    assert request_from_json(to_json(request)) == request


def test_result_and_back() -> None:
    """With and without a problem."""
    result = Result(
        "count",
        True,
        None,
        {"dry_run.total_params": 3},
        {"dry_run.targets": [{"matched": 0}]},
        {"modules": {}},
        ["assumed"],
        {"torch": "2"},
        {"count": 0.5},
    )
    assert result_from_json(to_json(result)) == result
    assert result_from_json(to_json(failed("step", "no-config", "why", "what to do"))).problem == Trouble("no-config", "why", "what to do")


def test_results_add_up() -> None:
    """A trace's result holds the counts; what failed last is the problem."""
    whole = Result("count", True, facts={"dry_run.total_params": 3}, assumptions=["a"])
    whole.add(Result("trace", False, Trouble("crash", "why"), {"dry_run.allocated_bytes": 4}, assumptions=["a", "b"]))
    assert whole.facts == {"dry_run.total_params": 3, "dry_run.allocated_bytes": 4}
    assert (whole.ok, whole.assumptions, whole.problem and whole.problem.kind) == (False, ["a", "b"], "crash")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"protocol": 0}', "{"])
def test_other_texts_are_refused(text: str) -> None:
    """Neither a half-written file nor one of another version is taken for a result."""
    with pytest.raises(ProtocolError):
        result_from_json(text)
