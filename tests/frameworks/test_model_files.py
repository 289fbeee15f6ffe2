"""A config.json at hand wins over the table of known models: in a folder, in the hub's cache, broken, contradictory."""

import json
from pathlib import Path

import pytest

from lintune.launch.hub_cache import cached_snapshot, is_hub_name
from lintune.run.known import data
from lintune.run.run import Run
from lintune.values.value import Known, Unknown

HEAD = "torchrun --nproc_per_node 8 finetune.py --bf16 true --llm_type qwen --tune_vision true --max_slice_nums 9 --model_name_or_path"
LLAMAFACTORY = (
    "llamafactory-cli train --stage sft --do_train --finetuning_type lora --lora_rank 8 --lora_target all --output_dir o --bf16 true"
)
TOTAL, LAYER = 8_099_175_152, 3584 * 3584 * 2 + 2 * 3584 * 512 + 3584 + 2 * 512 + 3 * 3584 * 18944 + 2 * 3584
MINICPM = {
    "model_type": "minicpmv", "version": 2.6, "architectures": ["MiniCPMV"], "hidden_size": 3584, "num_hidden_layers": 28,
    "num_attention_heads": 28, "num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 151666, "tie_word_embeddings": False,
    "query_num": 64, "drop_vision_last_layer": False, "torch_dtype": "bfloat16", "max_position_embeddings": 32768,
    "vision_config": {
        "hidden_size": 1152, "image_size": 980, "intermediate_size": 4304, "num_hidden_layers": 27, "patch_size": 14,
    },
}  # fmt: skip
QWEN2 = {
    "model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 96, "vocab_size": 100, "tie_word_embeddings": True, "torch_dtype": "float16",
}  # fmt: skip
QWEN2_LAYER = (64 * 64 + 64) + 2 * (64 * 32 + 32) + 64 * 64 + 3 * 64 * 96 + 2 * 64
NAME = "openbmb/MiniCPM-V-2_6"


def cached(home: Path, text: str, name: str = NAME, revision: str = "main") -> Path:
    """Put a config.json into a hub cache, as `huggingface_hub` does."""
    model = home / "hub" / f"models--{name.replace('/', '--')}"
    snapshot = model / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / revision).write_text("0123abc")
    (snapshot / "config.json").write_text(text)
    return snapshot / "config.json"


def note(run: Run, name: str) -> str:
    """What the first step of a value's origin says."""
    return run.get(name).origin[0].note


def test_the_folder_wins_over_the_name(make_run) -> None:  # type: ignore[no-untyped-def]
    """Half the layers: shape and counts are the file's, the facts of the family stay."""
    files = {"models/MiniCPM-V-2_6/config.json": json.dumps({**MINICPM, "num_hidden_layers": 14})}
    run = make_run(f"{HEAD} models/MiniCPM-V-2_6", files)
    assert data(run.get("model.layers")) == 14
    assert note(run, "model.layers") == "models/MiniCPM-V-2_6/config.json `num_hidden_layers`"
    assert data(run.get("model.params.total")) == TOTAL - 14 * LAYER == data(run.get("derived.total_params"))
    assert note(run, "model.params.total") == "models/MiniCPM-V-2_6/config.json"
    assert data(run.get("model.params.exact")) is False
    assert data(run.get("model.expected_llm_type")) == "qwen"
    assert data(run.get("model.max_positions")) == 32768


def test_a_folder_of_any_name_is_recognised_by_its_config(make_run) -> None:  # type: ignore[no-untyped-def]
    """By `_name_or_path`, or by type and version; the same sizes give the published total."""
    run = make_run(f"{HEAD} models/mine", {"models/mine/config.json": json.dumps(MINICPM)})
    assert data(run.get("model.name")) == NAME
    assert data(run.get("model.recognised_by")) == "config"
    assert (data(run.get("model.params.total")), data(run.get("model.params.exact"))) == (TOTAL, True)


def test_without_a_config_the_table_speaks(make_run) -> None:  # type: ignore[no-untyped-def]
    """A folder that holds other files changes nothing."""
    run = make_run(f"{HEAD} models/MiniCPM-V-2_6", {"models/MiniCPM-V-2_6/weights.txt": ""})
    assert data(run.get("model.params.total")) == TOTAL
    assert data(run.get("model.config")) is None
    assert "model.config_flaws" not in run.items


@pytest.mark.parametrize("revision", ["main", "pr7"])
def test_a_snapshot_of_the_cache_wins(make_run, tmp_path, monkeypatch, revision) -> None:  # type: ignore[no-untyped-def]
    """For a hub name, at the revision that the launch asks for; another revision is not it."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    path = cached(tmp_path / "home", json.dumps({**MINICPM, "num_hidden_layers": 3}), revision=revision)
    run = make_run(f"{HEAD} {NAME}")
    assert data(run.get("model.layers")) == (3 if revision == "main" else 28)
    if revision == "main":
        assert note(run, "model.hidden").startswith(path.relative_to(tmp_path).as_posix())


def test_the_revision_that_is_asked_for(make_run, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Names the snapshot; one that is not in the cache says nothing."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    cached(tmp_path / "home", json.dumps(QWEN2), "Qwen/Qwen2.5-7B", "pr7")
    launch = f"{LLAMAFACTORY} --model_name_or_path Qwen/Qwen2.5-7B --model_revision"
    assert data(make_run(f"{launch} pr7").get("model.hidden")) == 64
    assert data(make_run(f"{launch} 0123abc").get("model.hidden")) == 64
    assert data(make_run(f"{launch} other").get("model.hidden")) == 3584


@pytest.mark.parametrize("name", ["../../etc", "a/../b", "/etc", "a--b/c", "a/b/c", ".hidden/x", "x"])
def test_what_is_no_hub_name_is_not_looked_for(tmp_path, monkeypatch, name) -> None:  # type: ignore[no-untyped-def]
    """A name cannot lead out of the cache."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert not is_hub_name(name)
    assert cached_snapshot(name) is None


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ('{\n "model_type": "qwen2"\n "hidden_size": 8}', "syntax", 3),
        ("[]", "syntax", 0),
        ("", "syntax", 1),
        (json.dumps({**QWEN2, "num_key_value_heads": 3}, indent=1), "values", 9),
        (json.dumps({**QWEN2, "num_hidden_layers": 10**9}), "values", 1),
        (json.dumps({**QWEN2, "num_hidden_layers": -1}), "values", 1),
        (json.dumps({**QWEN2, "hidden_size": "wide"}), "values", 1),
        (json.dumps({**QWEN2, "layer_types": ["full_attention"]}), "values", 1),
        ("{}", "values", 0),
    ],
)
def test_a_broken_config_is_a_flaw_and_its_facts_are_unknown(make_run, text, kind, line) -> None:  # type: ignore[no-untyped-def]
    """The table does not step in; the rest of the launch is still read."""
    run = make_run(f"{HEAD} models/MiniCPM-V-2_6", {"models/MiniCPM-V-2_6/config.json": text})
    (flaw,) = run.items["model.config_flaws"]
    assert (data(flaw.fields["kind"]), data(flaw.fields["line"])) == (kind, line)
    assert "models/MiniCPM-V-2_6/config.json" in str(data(flaw.fields["message"]))
    for name in ("model.hidden", "model.layers", "model.dtype", "derived.total_params"):
        assert isinstance(run.get(name), Unknown), name
    assert data(run.get("tune.llm.mode")) == "full"


def test_any_model_counts_by_its_config(make_run) -> None:  # type: ignore[no-untyped-def]
    """LLaMA-Factory with a model that no table has: shape, LoRA targets, tied head, type and block class."""
    run = make_run(f"{LLAMAFACTORY} --model_name_or_path mine", {"mine/config.json": json.dumps(QWEN2)})
    assert data(run.get("model.params.total")) == 100 * 64 + 2 * QWEN2_LAYER + 64
    fans = 64 + 64 + 2 * (64 + 32) + 64 + 64 + 3 * (64 + 96)
    assert data(run.get("derived.trainable_params")) == 8 * 2 * fans
    assert (data(run.get("model.tied")), data(run.get("model.dtype")), data(run.get("model.kind"))) == (True, "fp16", "llm")
    assert data(run.get("model.block_class")) == "Qwen2DecoderLayer"


def test_an_architecture_that_is_not_known(make_run) -> None:  # type: ignore[no-untyped-def]
    """Is no flaw: what the file says is known, the counts are not, whatever the folder is called."""
    files = {"Qwen2.5-7B/config.json": json.dumps({**QWEN2, "model_type": "another"})}
    run = make_run(f"{LLAMAFACTORY} --model_name_or_path ./Qwen2.5-7B", files)
    assert data(run.get("model.hidden")) == 64
    assert isinstance(run.get("derived.total_params"), Unknown)
    assert run.items["model.config_flaws"] == ()
    assert data(run.get("model.block_class")) is None


@pytest.mark.parametrize(
    ("said", "method", "bits", "kind"),
    [
        ({"quant_method": "gptq", "bits": 4}, "gptq", 4, None),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "bnb", 4, "nf4"),
        ({"load_in_8bit": True}, "bnb", 8, None),
        ({"quant_method": "fp8"}, "fp8", 8, None),
    ],
)
def test_weights_that_are_quantised_already(make_run, said, method, bits, kind) -> None:  # type: ignore[no-untyped-def]
    """`quantization_config` of the file holds whatever the flags say."""
    files = {"mine/config.json": json.dumps({**QWEN2, "quantization_config": said})}
    run = make_run(f"{LLAMAFACTORY} --model_name_or_path mine", files)
    found = [data(run.get(f"model.{name}")) for name in ("prequantised", "quant.method", "quant.bits", "quant.type")]
    assert found == [True, method, bits, kind]


def test_a_flag_that_is_changed_keeps_the_config(make_run) -> None:  # type: ignore[no-untyped-def]
    """What a way out would cost is counted by the same file."""
    run = make_run(f"{HEAD} mine", {"mine/config.json": json.dumps({**MINICPM, "num_hidden_layers": 14})})
    changed = run.what_if({"flag.tune_vision": False})
    assert isinstance(changed.get("model.layers"), Known) and data(changed.get("model.layers")) == 14
    assert data(changed.get("model.params.total")) == TOTAL - 14 * LAYER
