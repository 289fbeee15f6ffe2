"""LoRA parameters, equal to PEFT's counts (peft 0.21 on the meta device; PEFT's own benchmark for Llama-3.2-3B)."""

import pytest

from lintune.models.catalogue import find_model
from lintune.models.targets import BadTarget, find_targets


@pytest.mark.parametrize(
    ("name", "targets", "rank", "params"),
    [
        ("meta-llama/Llama-3.2-3B", "q_proj,v_proj", 32, 9175040),
        ("meta-llama/Llama-3.2-3B", "down_proj,gate_proj,up_proj", 10, 9461760),
        ("meta-llama/Llama-2-7b-hf", "all-linear", 8, 19988480),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "all-linear", 8, 25912320),
        ("meta-llama/Llama-2-7b-hf", r"model\.layers\.\d+\.self_attn\.(q_proj|v_proj)", 8, 4194304),
        ("meta-llama/Llama-2-7b-hf", "nothing_such", 8, 0),
    ],
)
def test_params(name: str, targets: str, rank: int, params: int) -> None:
    """Lists, expressions and `all-linear`."""
    known = find_model(name)
    assert known is not None
    assert rank * sum(target.fans for target in find_targets(known.model, targets)) == params


@pytest.mark.parametrize("pattern", ["(a+)+b", "[", "x*.*.*.*.*.*y", "(a|a)*b(c" + "x" * 600])
def test_expressions_that_are_not_tried(pattern: str) -> None:
    """A wrong or costly expression is refused."""
    known = find_model("meta-llama/Llama-2-7b-hf")
    assert known is not None
    with pytest.raises(BadTarget):
        find_targets(known.model, pattern)
