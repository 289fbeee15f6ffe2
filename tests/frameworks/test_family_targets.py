"""LoRA target names of another family."""

import pytest

from lintune.frameworks.family_targets import targets_of_another_family
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Data, Known, Step


def found(model: str, targets: Data) -> bool:
    """Whether the targets are reported for a model."""
    site = Site(Source("train.sh", "x"), Span(0, 1))
    run = Run("llamafactory", "train.sh", site)
    run.values |= {
        "model.id": Known(model),
        "adapter.kind": Known("lora"),
        "adapter.targets": Known(targets, (Step("config", site),)),
    }
    return bool(list(targets_of_another_family(run)))


@pytest.mark.parametrize(
    ("model", "targets", "expected"),
    [
        ("EleutherAI/pythia-1.4b", ("q_proj", "v_proj"), True),
        ("EleutherAI/pythia-1.4b", ("query_key_value",), False),
        ("baichuan-inc/Baichuan2-7B-Chat", "q_proj,v_proj", True),
        ("baichuan-inc/Baichuan2-7B-Chat", "W_pack,q_proj", False),
        ("meta-llama/Llama-2-7b-hf", "query_key_value", True),
        ("meta-llama/Llama-2-7b-hf", "q_proj,v_proj", False),
        ("meta-llama/Llama-2-7b-hf", "all", False),
        ("meta-llama/Llama-2-7b-hf", "my_own_layer", False),
        ("somebody/unknown-model", "q_proj", False),
    ],
)
def test_names_of_a_family(model: str, targets: Data, expected: bool) -> None:
    """Only where every name is a projection, and none is one of the model."""
    assert found(model, targets) is expected
