"""Configs made small for the CPU: the same classes, every kind of layer still there, outputs that still fit together."""

import pytest
import torch
import transformers

from lintune.dryrun.step.shrink import mend, shrink

LLAMA = {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336}


def test_width_of_heads_stays() -> None:
    config = transformers.LlamaConfig(**LLAMA)
    changes = shrink(config)
    assert (config.num_hidden_layers, config.num_attention_heads, config.num_key_value_heads) == (2, 2, 1)
    assert config.hidden_size // config.num_attention_heads == 128
    assert "num_hidden_layers 32 -> 2" in changes


def test_every_kind_of_layer_is_kept() -> None:
    config = transformers.Gemma3TextConfig(num_hidden_layers=26, hidden_size=1152, num_attention_heads=4, num_key_value_heads=1)
    kinds = set(config.layer_types)
    shrink(config)
    assert set(config.layer_types) == kinds
    assert len(config.layer_types) == config.num_hidden_layers == 6


def test_what_is_small_is_left() -> None:
    config = transformers.LlamaConfig(
        hidden_size=64, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, intermediate_size=64
    )
    assert shrink(config) == []


def test_tower_still_fits_the_language_model() -> None:
    config = transformers.Qwen3VLConfig()
    shrink(config)
    assert config.vision_config.out_hidden_size == config.text_config.hidden_size
    assert len(set(config.vision_config.deepstack_visual_indexes)) == 3
    assert config.text_config.num_hidden_layers >= 3  # each takes one of the tower's outputs


def test_special_tokens_of_partial_configs_come_inside() -> None:
    config = transformers.Idefics3Config(text_config=transformers.LlamaConfig(vocab_size=1000))
    mend(config)
    assert config.image_token_id == 999


@pytest.mark.parametrize("kind", ["llama", "qwen3_moe", "deepseek_v3", "gemma2", "phi3", "falcon", "gpt_oss", "lfm2", "mixtral"])
def test_shrunken_models_compute(kind: str) -> None:
    config = transformers.AutoConfig.for_model(kind)
    shrink(config)
    model = transformers.AutoModelForCausalLM.from_config(config)
    assert sum(each.numel() for each in model.parameters()) < 400_000_000
    tokens = torch.arange(10, 26)[None]
    model(input_ids=tokens, labels=tokens).loss.backward()
