"""Where the config comes from, and what is said where there is none or it contradicts itself."""

import json
from pathlib import Path

import pytest
import transformers

from lintune.dryrun.__main__ import answer
from lintune.dryrun.protocol import Json, Options, Request, Trouble
from lintune.dryrun.raw_config import raw_config

LLAMA: dict[str, Json] = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 100,
}  # fmt: skip


def trouble(**fields: object) -> Trouble:
    """The problem of a count that cannot be made."""
    result = answer(Request(**fields))  # type: ignore[arg-type]
    assert not result.ok and result.problem is not None
    return result.problem


def folder(path: Path, values: object) -> str:
    """A model folder with this config.json."""
    (path / "config.json").write_text(values if isinstance(values, str) else json.dumps(values), encoding="utf-8")
    return str(path)


def test_the_given_config_wins(tmp_path: Path) -> None:
    """Over the folder and the known model."""
    request = Request(values={"model.id": "Qwen/Qwen2.5-7B"}, model_config=LLAMA, model_folder=folder(tmp_path, {"model_type": "qwen2"}))
    assert raw_config(request).type == "llama"
    request.model_config = None
    assert raw_config(request).type == "qwen2"
    request.model_folder = ""
    assert raw_config(request).source == "the known model Qwen/Qwen2-7B"


def test_the_hub_cache_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that was downloaded needs no network."""
    snapshot = tmp_path / "models--someone--new" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    folder(snapshot, LLAMA)
    (tmp_path / "models--someone--new" / "refs").mkdir()
    (tmp_path / "models--someone--new" / "refs" / "main").write_text("abc")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert raw_config(Request(values={"model.id": "someone/new"})).type == "llama"


@pytest.mark.parametrize("name", ["someone/new-model", "./no-such-folder", "a/b/c", ""])
def test_no_config(name: str) -> None:
    """The ways to give one are named."""
    found = trouble(values={"model.id": name} if name else {})
    assert found.kind == "no-config" and "--model-config" in found.help


def test_the_reason_for_an_unknown_model_is_kept() -> None:
    """What the launch leaves open is said."""
    assert "`$MODEL` is not set" in trouble(unknown={"model.id": "`$MODEL` is not set in this script"}).message


def test_unknown_architecture() -> None:
    """The type and the release that lacks it are named."""
    found = trouble(model_config={"model_type": "brand_new"})
    assert found.kind == "unknown-architecture" and "`brand_new`" in found.message and transformers.__version__ in found.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"num_key_value_heads": 3}, "`num_attention_heads` 4 is no multiple of `num_key_value_heads` 3"),
        ({"hidden_size": 66}, "`hidden_size` 66 is no multiple of `num_attention_heads` 4"),
        ({"num_hidden_layers": -1}, "`num_hidden_layers` is -1"),
        ({"hidden_size": "64"}, "hidden_size"),
        ({"model_type": "qwen3", "layer_types": ["full_attention"]}, "`layer_types` lists 1 layers"),
        ({"model_type": "llava", "text_config": {**LLAMA, "num_key_value_heads": 3}}, "`num_key_value_heads` 3"),
        ({"num_hidden_layers": 10**7}, "more than any model has"),
        ({"vocab_size": 10**15}, "more than any model has"),
        ({"hidden_act": "nonsense"}, "`hidden_act` is `nonsense`"),
        ({"torch_dtype": "float3"}, "`torch_dtype` is `float3`"),
        ({"vocab_size": 10**9, "hidden_size": 10**8, "tie_word_embeddings": True}, "parameters, as none has"),
    ],
)
def test_a_config_that_contradicts_itself(change: dict[str, Json], said: str) -> None:
    """What is wrong is named, before or by transformers."""
    found = trouble(model_config={**LLAMA, **change})
    assert found.kind == "bad-config" and said in found.message, found.message


@pytest.mark.parametrize("text", ["{", "[]", '{"hidden_size": 3}', ""])
def test_a_broken_config_file(text: str, tmp_path: Path) -> None:
    """Half a file, another JSON, no type."""
    assert trouble(model_folder=folder(tmp_path, text)).kind == "bad-config"


def test_a_quantised_checkpoint_is_built_without_its_quantisation(tmp_path: Path) -> None:
    """Packages for formats of weights are not needed to count."""
    result = answer(Request(model_folder=folder(tmp_path, {**LLAMA, "quantization_config": {"quant_method": "fp8"}})))
    assert result.ok and any("fp8" in each for each in result.assumptions)
    assert result.facts["dry_run.total_params"] == answer(Request(model_config=LLAMA)).facts["dry_run.total_params"]


REMOTE = {
    "model_type": "own_kind", "hidden_size": 8,
    "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"},
}  # fmt: skip
CODE = """
from pathlib import Path
import torch
from transformers import PretrainedConfig, PreTrainedModel
Path(__file__).with_name("ran").touch()
class OwnConfig(PretrainedConfig):
    model_type = "own_kind"
class OwnModel(PreTrainedModel):
    config_class = OwnConfig
    def __init__(self, config):
        super().__init__(config)
        self.one = torch.nn.Linear(config.hidden_size, 3)
        self.post_init()
    def forward(self, input_ids=None):
        return self.one(input_ids)
"""


def test_remote_code_is_refused(tmp_path: Path) -> None:
    """Code beside the config does not run unasked, and the option that allows it is named."""
    (tmp_path / "own.py").write_text(CODE)
    found = trouble(model_folder=folder(tmp_path, REMOTE))
    assert found.kind == "remote-code" and "--trust-remote-code" in found.help
    assert not (tmp_path / "ran").exists()


def test_remote_code_runs_where_it_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's own class is built."""
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    (tmp_path / "own.py").write_text(CODE)
    result = answer(Request(model_folder=folder(tmp_path, REMOTE), options=Options(trust_remote_code=True)))
    assert result.ok, result.problem
    assert result.facts["dry_run.total_params"] == 8 * 3 + 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise ImportError('no such thing')", "no such thing"),
        ("raise RuntimeError('of its own')", "RuntimeError: of its own"),
        ("import sys; sys.exit(3)", "sys.exit(3)"),
    ],
)
def test_remote_code_that_fails_says_nothing_of_the_launch(line: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its packages may be there in the launch: the model is not said to be wrong."""
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    (tmp_path / "own.py").write_text(f"{line}\n{CODE}")
    found = trouble(model_folder=folder(tmp_path, REMOTE), options=Options(trust_remote_code=True))
    assert found.kind in ("remote-code", "crash") and said in found.message


def test_a_native_type_needs_no_code(tmp_path: Path) -> None:
    """`auto_map` beside a type that transformers has is left alone."""
    assert answer(Request(model_folder=folder(tmp_path, {**LLAMA, "auto_map": {"AutoConfig": "own.X"}}))).ok
