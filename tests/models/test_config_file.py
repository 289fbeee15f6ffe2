"""Reading a config.json of which anything may be true."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lintune.frameworks.config_facts import add_facts
from lintune.models.config_file import read_config
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span

KEYS = (
    "model_type", "architectures", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size",
    "intermediate_size", "head_dim", "layer_types", "num_experts", "text_config", "vision_config", "quantization_config", "torch_dtype",
    "_name_or_path", "version", "query_num", "tie_word_embeddings", "visual", "mlp_ratio", "bits", "quant_method", "drop_vision_last_layer",
)  # fmt: skip
TYPES = st.sampled_from(
    ("llama", "qwen2", "qwen3_moe", "minicpmv", "qwen", "llava_llama", "gemma3", "qwen2_vl", "internvl_chat", "t5", "x")
)
LEAVES = st.none() | st.booleans() | st.integers(-3, 200) | st.just(10**400) | st.floats() | st.text(max_size=4) | TYPES
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=12), max_leaves=30
)
CONFIGS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=16)


@given(CONFIGS)
def test_any_object_is_read(config: dict[str, object]) -> None:
    """There is a shape, or a reason why there is none; facts of it can be added to a run."""
    source = Source("m/config.json", json.dumps(config))
    found = read_config(source, "m")
    assert (found.known is None) is bool(found.why)
    assert found.flaws == () or found.known is None
    if found.known is not None:
        assert found.known.model.params >= 0
    add_facts(Run("x", "x.sh", Site(Source("x.sh", ""), Span(0, 0))), found)


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    """What is no JSON object is a flaw."""
    found = read_config(Source("m/config.json", text), "m")
    assert found.flaws and found.known is None and "m/config.json" in found.flaws[0].message
