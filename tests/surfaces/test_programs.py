"""Commands, the surfaces that make up their options, and what replaced an option, over the shipped data."""

import json
import re
from typing import Any

import pytest

from lintune.source.data import data_folder
from lintune.surfaces.programs import commands, program
from lintune.surfaces.releases import packages, releases, replacement
from lintune.surfaces.surface import Surface, load_surface
from lintune.values.version import Specifiers, Version

SCHEMAS = data_folder("schemas")


def _surface(package: str, name: str) -> Surface:
    found = load_surface(package, name)
    assert found is not None
    return found


def _data(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def test_every_command_has_surfaces_in_its_newest_release() -> None:
    for package, entries in _data("programs.json")["programs"].items():
        assert commands(package) == tuple(entries)
        for command, entry in entries.items():
            found = program(package, command)
            assert found is not None and entry["evidence"] and entry["unknown"] in ("refused", "dropped", "kept")
            for part in found.parts:
                assert any(load_surface(*dotted.split(".", 1)) for dotted in part), (package, command, part)
    assert program("nothing", "train") is None and program("trl", "nothing") is None


def test_the_first_surface_that_a_release_has_counts() -> None:
    found = program("llamafactory", "train")
    assert found is not None
    assert "transformers.Seq2SeqTrainingArguments" in found.at(Version.parse("0.9.0"))
    assert "llamafactory.TrainingArguments" in found.at(Version.parse("0.9.5"))
    megatron = program("ms-swift", "megatron rlhf")
    assert megatron is not None and megatron.at(Version.parse("2.6.1")) == () != megatron.at(Version.parse("4.0.4"))


@pytest.mark.parametrize(
    ("package", "name", "option", "works"),
    [
        ("ms-swift", "SftArguments", "sft_type", "<3.0"),
        ("ms-swift", "SftArguments", "tuner_type", ">=4.0"),
        ("ms-swift", "SftArguments", "attn_impl", ">=3.0"),
        ("ms-swift", "SftArguments", "enable_dft_loss", ">=3.8"),
        ("llamafactory", "ModelArguments", "new_special_tokens", "<0.9.3"),
        ("llamafactory", "FinetuningArguments", "pref_beta", ">=0.8"),
        ("trl", "SFTConfig", "max_seq_length", "<0.20"),
        ("trl", "GRPOConfig", "max_prompt_length", "<0.28"),
        ("trl", "ModelConfig", "torch_dtype", "<0.27"),
        ("peft", "LoraConfig", "use_dora", ">=0.9"),
        ("peft", "AdaLoraConfig", "init_r", ""),
        ("transformers", "BitsAndBytesConfig", "bnb_4bit_quant_storage", ">=4.39"),
        ("accelerate", "launch", "use_xpu", "<1.13"),
        ("deepspeed", "launcher", "include", ""),
        ("torch", "torchrun", "nproc_per_node", ""),
        ("openrlhf", "train_ppo_ray", "actor.adam.lr", ">=0.10.4"),
        ("litgpt", "finetune_lora", "train.micro_batch_size", ""),
        ("unsloth", "FastLanguageModel.from_pretrained", "load_in_4bit", ""),
    ],
)
def test_windows(package: str, name: str, option: str, works: str) -> None:
    assert _surface(package, name).window(option)[0] == works


def test_flags_keep_their_spellings() -> None:
    torchrun, launch = _surface("torch", "torchrun"), _surface("accelerate", "launch")
    newest = torchrun.at("nproc_per_node", len(torchrun.releases) - 1)
    assert newest is not None and {"--nproc-per-node", "--nproc_per_node"} <= set(newest.spellings)
    standalone = torchrun.at("standalone", len(torchrun.releases) - 1)
    assert standalone is not None and standalone.nargs == "none"
    last = len(launch.releases) - 1
    assert launch.dashed_at(last) and not launch.abbreviations_at(last) and torchrun.abbreviations_at(0)


def test_a_prefix_is_captured_by_a_longer_option() -> None:
    surface = _surface("llamafactory", "ModelArguments")
    newest = surface.options_at(surface.newest)
    assert [name for name in newest if name.startswith("new_special_tokens")] == ["new_special_tokens_config"]


def test_replacements_have_evidence_and_name_what_exists() -> None:
    known: dict[str, set[str]] = {}
    for path in (SCHEMAS / "surfaces").glob("*/*.json"):
        data = json.loads(path.read_text(encoding="utf-8"))
        names = known.setdefault(data["package"], set())
        names |= set(data["options"]) | set(data.get("refused", ()))
    older = {("llamafactory", "neft_alpha")}  # before the first release on the index
    servers = {"max_model_len", "enable_prefix_caching", "dtype"}  # of `trl vllm-serve`
    for package, entries in _data("replacements.json")["packages"].items():
        for name, entry in entries.items():
            assert entry["evidence"] and entry["use"], (package, name)
            assert name in known[package] or (package, name) in older, (package, name)
            for flag in re.findall(r"--([\w.]+)", entry["use"]):
                assert flag in known[package] | known["transformers"] | servers, (package, name, flag)
            Specifiers.parse(entry.get("both", ""))
            assert not entry.get("wins") or entry.get("both"), (package, name)


@pytest.mark.parametrize(
    ("package", "name", "use"),
    [
        ("transformers", "no_cuda", "--use_cpu"),
        ("transformers", "adafactor", "--optim adafactor"),
        ("ms-swift", "use_flash_attn", "--attn_impl flash_attn"),
        ("ms-swift", "neftune_alpha", "--neftune_noise_alpha"),
        ("llamafactory", "neft_alpha", "--neftune_noise_alpha"),
        ("llamafactory", "new_special_tokens", "--add_special_tokens"),
        ("trl", "use_liger", "--use_liger_kernel"),
        ("axolotl", "relora_steps", "jagged_restart_steps"),
    ],
)
def test_replacements(package: str, name: str, use: str) -> None:
    found = replacement(package, name)
    assert found is not None and found.text == use


def test_which_of_two_names_wins() -> None:
    found = replacement("transformers", "evaluation_strategy")
    assert found is not None and (found.both, found.wins) == (">=4.41,<4.51", "evaluation_strategy")
    dtype = replacement("trl", "torch_dtype")
    assert dtype is not None and dtype.wins == "dtype"


def test_releases_of_every_surface_are_known() -> None:
    for path in (SCHEMAS / "surfaces").glob("*/*.json"):
        data = json.loads(path.read_text(encoding="utf-8"))
        assert data["package"] == path.parent.name in packages()
        known = {version.text for version in releases(data["package"])}
        assert set(data["releases"]) <= known, path
        assert data["source"] and len(data["bases"]) >= 1


def test_the_data_is_small() -> None:
    total = sum(path.stat().st_size for path in SCHEMAS.rglob("*") if path.is_file())
    assert total < 2_000_000
