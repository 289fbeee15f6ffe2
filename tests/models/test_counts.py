"""Parameter counts: equal, to the parameter, to what transformers builds on the meta device from the same values."""

import json
from pathlib import Path

import pytest

from lintune.models.catalogue import find_model
from lintune.models.decoder import UnknownArchitecture
from lintune.models.multimodal import model_of

ENTRIES = json.loads((Path(__file__).resolve().parents[2] / "models" / "known.json").read_text(encoding="utf-8"))["models"]
PUBLISHED = {
    "meta-llama/Llama-2-7b-hf": 6738415616,
    "meta-llama/Llama-3.1-8B-Instruct": 8030261248,
    "meta-llama/Llama-3.2-3B": 3212749824,
    "Qwen/Qwen2.5-7B-Instruct": 7615616512,
    "Qwen/Qwen2.5-VL-7B-Instruct": 8292166656,
    "Qwen/Qwen3-30B-A3B": 30532122624,
    "google/gemma-2-9b": 9241705984,
    "microsoft/phi-2": 2779683840,
    "mistralai/Mixtral-8x7B-v0.1": 46702792704,
    "deepseek-ai/DeepSeek-V2-Lite": 15706484224,
    "openai/gpt-oss-20b": 20914757184,
    "tiiuae/falcon-40b": 41303293952,
    "llava-hf/llava-1.5-7b-hf": 7063427072,
    "openbmb/MiniCPM-V-2_6": 8099175152,
    "openbmb/MiniCPM-Llama3-V-2_5": 8537092336,
}


def test_many_are_confirmed() -> None:
    """At least 60 architectures agree with the meta device, and the table says which."""
    assert sum(entry["counted"] == "meta" for entry in ENTRIES) >= 60


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["ids"][0])
def test_total_is_as_counted(entry: dict[str, object]) -> None:
    """The formulas give the number that the table carries."""
    assert model_of(entry["config"]).params == entry["params"]  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "params"), PUBLISHED.items())
def test_published_totals(name: str, params: int) -> None:
    """Totals that the model cards' weight files state."""
    known = find_model(name)
    assert known is not None and known.model.params == params


@pytest.mark.parametrize(
    ("name", "first", "exact"),
    [
        ("/data/models/Llama-2-7b-hf", "huggyllama/llama-7b", None),
        ("llama-7b", "huggyllama/llama-7b", True),
        ("unsloth/Qwen2.5-7B-Instruct-bnb-4bit", "Qwen/Qwen2-7B", False),
        ("lmsys/vicuna-7b-v1.5", "meta-llama/Llama-2-7b-hf", True),
    ],
)
def test_names(name: str, first: str, exact: bool | None) -> None:
    """A model is found by the last component of its path, and without the endings of quantised copies."""
    known = find_model(name)
    assert known is not None
    if exact is not None:
        assert (known.id, known.exact_name) == (first, exact)


@pytest.mark.parametrize("name", ["", "out", "checkpoint-500", "my-model", "gpt-99"])
def test_other_names(name: str) -> None:
    """What names no known model is not taken for one."""
    assert find_model(name) is None


def test_unknown_architecture() -> None:
    """The error names the type."""
    with pytest.raises(UnknownArchitecture, match="no_such_kind"):
        model_of({"model_type": "no_such_kind"})
    with pytest.raises(KeyError):
        model_of({"model_type": "llama"})
