"""Keys of configuration files through releases, against what the knowledge pages and the released sources say."""

import json
from pathlib import Path

import pytest

from lintune.source.data import data_folder
from lintune.surfaces.keys import KeySurface, load_keys
from lintune.surfaces.surface import SurfaceError
from lintune.values.version import Version


@pytest.fixture(name="deepspeed", scope="module")
def deepspeed_keys() -> KeySurface:
    found = load_keys("deepspeed")
    assert found is not None
    return found


@pytest.fixture(name="axolotl", scope="module")
def axolotl_keys() -> KeySurface:
    found = load_keys("axolotl")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("train_micro_batch_size_per_gpu", True),
        ("zero_optimization.stage", True),
        ("zero_optimization.offload_optimizer.device", True),
        ("zero_optimization.stage3_prefetch_bucket_size", True),
        ("zero_optimization.prefetch_bucket_size", True),  # names and stage3_ aliases are both legal
        ("bf16.enabled", True),
        ("bfloat16.enabled", True),
        ("fp16.loss_scale", True),
        ("flops_profiler.enabled", True),
        ("wandb.project", True),
        ("gradient_cliping", False),
        ("zero_optimization.offload_param.ratio", False),
    ],
)
def test_deepspeed_keys(deepspeed: KeySurface, path: str, known: bool) -> None:
    assert deepspeed.known(path) is known


def test_deepspeed_removed_keys_are_refused_from_0_19_8(deepspeed: KeySurface) -> None:
    for path in ("amp", "elasticity", "sparse_gradients", "graph_harvesting", "curriculum_learning"):
        assert not deepspeed.known(path, Version.parse("0.19.8")) and deepspeed.known(path, Version.parse("0.19.6")), path
        assert deepspeed.refused(path, Version.parse("0.19.8")) and not deepspeed.refused(path, Version.parse("0.19.6")), path
    assert deepspeed.window("amp") == ("<0.19.8", ">=0.19.8")
    assert deepspeed.window("nebula") == ("<0.19.7", ">=0.19.7")


def test_deepspeed_unknown_keys(deepspeed: KeySurface) -> None:
    assert deepspeed.unknown("") == "dropped"
    assert deepspeed.unknown("zero_optimization") == "refused" == deepspeed.unknown("zero_optimization.offload_param")
    assert deepspeed.unknown("optimizer.params") == "kept", "the keys of a mapping that is handed on are not known"
    assert (deepspeed.unknown("fp16", Version.parse("0.16.9")), deepspeed.unknown("fp16", Version.parse("0.17.6"))) == (
        "dropped",
        "refused",
    )


def test_nearest_keys_are_of_the_same_mapping(deepspeed: KeySurface) -> None:
    assert deepspeed.nearest("gradient_cliping") == "gradient_clipping"
    assert deepspeed.nearest("zero_optimization.stag") == "zero_optimization.stage"
    assert deepspeed.nearest("stag") is None
    assert "zero_optimization.overlap_comm" in deepspeed.elsewhere("overlap_comm")


def test_children_and_sections(deepspeed: KeySurface) -> None:
    inside = deepspeed.children("zero_optimization.offload_optimizer", Version.parse("0.19.8"))
    assert "zero_optimization.offload_optimizer.device" in inside and len(inside) >= 8
    assert all(path.count(".") == 0 for path in deepspeed.children())
    key = deepspeed.key("zero_optimization.offload_optimizer.device")
    assert key is not None and key.option.choices == ("none", "cpu", "nvme") and not key.section
    old = deepspeed.key("zero_optimization.cpu_offload")
    assert old is not None and old.deprecated and old.instead == "offload_optimizer"


def test_axolotl_drops_unknown_keys_at_every_level(axolotl: KeySurface) -> None:
    assert axolotl.unknown("") == "dropped" == axolotl.unknown("datasets")
    assert axolotl.nearest("context_parapllel_size") == "context_parallel_size"
    assert not axolotl.known("fsdp_config.sharding_strategy", axolotl.releases[-1])
    assert axolotl.known("fsdp_config.state_dict_type") and axolotl.known("fsdp_config.fsdp_state_dict_type")


def test_lists_have_no_index_in_a_path(axolotl: KeySurface) -> None:
    assert axolotl.canonical("datasets[0].path") == "datasets.path" == axolotl.canonical("datasets.0.path")
    assert axolotl.known("datasets[1].type") and axolotl.known("datasets.0")
    key = axolotl.key("datasets")
    assert key is not None and key.section and key.option.nargs == "many"


def test_another_name_of_a_key(axolotl: KeySurface) -> None:
    assert axolotl.canonical("model_config") == "model_config" and axolotl.canonical("overrides_of_model_config") == "model_config"
    assert axolotl.known("overrides_of_model_config.rope_scaling") is False


def test_accelerate_config() -> None:
    found = load_keys("accelerate")
    assert found is not None and found.unknown("") == "refused"
    assert found.known("fsdp_config.fsdp_sharding_strategy") and found.known("fsdp_config.sharding_strategy")
    assert found.known("deepspeed_config.zero_stage") and found.window("parallelism_config") == (">=1.10", "<1.10")


def test_plugins_and_recipes() -> None:
    plugins, recipe = load_keys("axolotl", "plugins"), load_keys("torchtune", "lora_finetune_single_device")
    assert plugins is not None and plugins.known("liger.liger_rms_norm") and plugins.known("cut_cross_entropy.cut_cross_entropy")
    assert recipe is not None and recipe.known("clip_grad_norm") and recipe.unknown("model") == "kept"
    assert load_keys("axolotl", "nothing") is None


def test_every_key_file_is_consistent() -> None:
    count = 0
    for path in sorted((data_folder("schemas") / "surfaces").glob("*/*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        last = len(data["releases"]) - 1
        for section, windows in data.get("sections", {}).items():
            count += 1
            assert not section or section in data["options"], (path, section)
            assert all(0 <= first <= end <= last and said in ("refused", "dropped", "kept") for first, end, said in windows)
        if data.get("sections"):
            for name in data["options"]:
                assert "." not in name or name.rpartition(".")[0] in data["options"], (path, name)
    assert count > 100


def test_a_damaged_file_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import lintune.surfaces.surface as module

    path = tmp_path / "surfaces" / "broken" / "config.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"releases": ["1.0"], "options": {}}', encoding="utf-8")
    monkeypatch.setattr(module, "data_path", lambda *parts: str(tmp_path.joinpath(*parts[1:])))
    with pytest.raises(SurfaceError, match=r"config\.json is damaged"):
        load_keys("broken")
    load_keys.cache_clear()
