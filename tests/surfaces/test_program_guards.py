"""What frameworks refuse, mined from their releases: nothing of what they ship as defaults, and what their own texts say."""

from pathlib import Path
from typing import Any

import pytest

from lintune.source.data import data_folder
from lintune.surfaces.guards import Guards, load_guards
from lintune.surfaces.surface import load_surface
from lintune.values.version import Version

FILES = sorted(path.stem for path in Path(data_folder("schemas") / "guards").glob("*.json"))
LLAMAFACTORY = ("ModelArguments", "DataArguments", "TrainingArguments", "FinetuningArguments", "GeneratingArguments")
AXOLOTL: dict[str, Any] = {
    "base_model": "NousResearch/Meta-Llama-3-8B",
    "datasets": ({"path": "data", "type": "alpaca"},),
    "micro_batch_size": 2,
    "gradient_accumulation_steps": 4,
    "num_epochs": 1,
    "learning_rate": 0.0002,
    "sequence_len": 2048,
    "bf16": True,
}


def guards_of(name: str) -> Guards:
    """The guards of a file."""
    found = load_guards(name)
    assert found is not None
    return found


def defaults(surface: str, release: str) -> dict[str, Any]:
    """The defaults of a class at a release, over those of the class that it inherits."""
    found: dict[str, Any] = {}
    for package, name in (("transformers", "TrainingArguments"), tuple(surface.split(".", 1))):
        options = load_surface(package, name)
        if options is None:
            continue
        version = Version.parse(release) if package != "transformers" else options.releases[-1]
        found |= {
            key: option.default for key, option in options.options_at(version).items() if option.default_known or option.default is None
        }
    return found


def llamafactory(release: str, **given: Any) -> str:
    """What LLaMA-Factory says to an ordinary launch with these settings."""
    options: dict[str, Any] = {}
    for name in LLAMAFACTORY:
        options |= defaults(f"llamafactory.{name}", release)
    ordinary = {
        "model_name_or_path": "m",
        "dataset": ("d",),
        "do_train": True,
        "stage": "sft",
        "finetuning_type": "lora",
        "output_dir": "out",
    }
    ordinary |= {"template": "llama3", "output_dir": "out", "run:par.ds.stage": None, "run:derived.world_size": 2}
    raised = guards_of("llamafactory.train").first_raised({**options, **ordinary, **given}).get(release)
    return raised.message if raised is not None else ""


def axolotl(release: str, **given: Any) -> str:
    """What axolotl says to an ordinary file with these keys."""
    guards, settings = guards_of("axolotl.config"), {**AXOLOTL, **given}
    read = {name for row in guards.rows for name in row[4]}
    options = {name: settings.get(name.removeprefix("given:")) for name in read}
    raised = guards.first_raised(options).get(release)
    return raised.message if raised is not None else ""


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_whole(name: str) -> None:
    """Windows lie in the releases, nodes refer to earlier ones, and every guard can be reached."""
    guards = guards_of(name)
    assert guards.rows
    for windows, condition, _, source, options in guards.rows:
        assert all(0 <= first <= last < len(guards.releases) for first, last in windows)
        assert 0 <= condition < len(guards.nodes)
        assert source and options
    assert guards.first_raised({}) == {}


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("trl.") or ".Sft" in name or ".RLHF" in name])
def test_no_class_refuses_its_defaults(name: str) -> None:
    """A class with what it needs and nothing else."""
    guards = guards_of(name)
    needed = {"output_dir": "out", "model": "m", "dataset": ("d",), "load_args": False, "rlhf_type": "dpo", "run:derived.world_size": 8}
    wrong = {
        release: raised.message
        for release in guards.releases
        if (raised := guards.first_raised({**defaults(name, release), **needed}).get(release)) is not None
    }
    assert wrong == {}


def test_ordinary_launches_pass() -> None:
    """In every release."""
    assert {release for release in guards_of("llamafactory.train").releases if llamafactory(release)} == set()
    assert {release for release in guards_of("axolotl.config").releases if axolotl(release)} == set()


def test_llamafactory_says_what_it_says() -> None:
    """Conditions of one class, of several together, and of the run."""
    assert "PiSSA" in llamafactory("0.9.5", quantization_bit=4, pissa_init=True)
    assert "only valid for LoRA" in llamafactory("0.9.5", finetuning_type="full", use_dora=True)
    assert llamafactory("0.9.5", streaming=True).startswith("Please specify `max_steps`")
    assert llamafactory("0.9.5", streaming=True, max_steps=10) == ""
    assert "ZeRO-3" in llamafactory("0.9.5", pissa_init=True, **{"run:par.ds.stage": 3})
    assert "layer-wise GaLore" in llamafactory("0.9.5", finetuning_type="full", use_galore=True, galore_layerwise=True)


def test_axolotl_says_what_it_says() -> None:
    """Validators that see the file, validators that see the fields, and plugins that are switched on."""
    assert "mutually exclusive" in axolotl("0.19.0", warmup_steps=10, warmup_ratio=0.1)
    assert axolotl("0.19.0", datasets=None).startswith("either datasets")
    assert "jagged_restart_steps" in axolotl("0.19.0", relora=True)
    assert axolotl("0.5.2", max_memory={0: "20GiB"}, gpu_memory_limit="20GiB") != ""


def test_swift_and_trl_say_what_they_say() -> None:
    """Through inherited classes, and with the number of processes."""
    swift = {**defaults("ms-swift.SftArguments", "4.6.0"), "model": "m", "dataset": ("d",), "load_args": False, "packing": True}
    raised = guards_of("ms-swift.SftArguments").first_raised({**swift, "attn_impl": "sdpa"})["4.6.0"]
    assert "flash attention" in raised.message and raised.source == "SftArguments._check_padding_free"
    grpo = {**defaults("trl.GRPOConfig", "1.16.0"), "num_generations": 6, "run:derived.world_size": 8}
    assert "divisible" in guards_of("trl.GRPOConfig").first_raised(grpo)["1.16.0"].message
    assert guards_of("trl.GRPOConfig").first_raised({**grpo, "num_generations": 8}).get("1.16.0") is None
