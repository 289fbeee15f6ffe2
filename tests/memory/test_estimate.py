"""The estimate: parts that can be checked by hand, against measurements, and never in silence where something is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.memory.estimate import Estimate, estimate
from lintune.memory.modes import modes_of
from lintune.memory.reading import NotEstimated, setting_of
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Data, Known

GIB = 2**30
LORA: dict[str, Data] = {"tune.llm.mode": "lora", "adapter.kind": "lora", "adapter.rank": 32, "adapter.targets": "q_proj,v_proj"}


def run_of(**values: Data) -> Run:
    """A run file's run: Llama-3.2-3B in bf16 on one card, one sample of 1024 tokens."""
    made: dict[str, Data] = {
        "model.id": "meta-llama/Llama-3.2-3B",
        "launch.nproc": 1,
        "tune.llm.mode": "full",
        "model.load_dtype": "bf16",
        "precision.compute": "bf16",
        "batch.micro": 1,
        "seq.max_len": 1024,
        "optim.name": "adamw_torch_fused",
    }
    made.update({name.replace("__", "."): value for name, value in values.items()})
    run = Run(str(made.get("launch.framework", "")), "run.json", Site(Source("run.json", ""), Span(0, 0)))
    run.values = {name: Known(value) for name, value in made.items() if value is not None}
    return run


def estimated(**values: Data) -> Estimate:
    """The estimate of such a run."""
    return estimate(setting_of(run_of(**values)))


def part(found: Estimate, name: str) -> int:
    """Bytes of a component; 0 where it does not stand at the peak."""
    return sum(each.bytes for each in found.components if each.name == name)


def test_states_by_hand() -> None:
    """Full tuning in bf16: 2 B of weights and 4 B of Adam states for each of 3,212,749,824 parameters."""
    found = estimated()
    assert (found.total_params, found.trained.total) == (3_212_749_824, 3_212_749_824)
    assert part(found, "weights") == 2 * 3_212_749_824
    assert part(found, "optimizer") == 4 * 3_212_749_824


def test_zero_divides_what_it_says() -> None:
    """Stage 2 divides gradients, masters and states by 8, stage 3 the weights too."""
    two, three = (estimated(launch__nproc=8, par__ds__stage=stage) for stage in (2, 3))
    assert part(two, "weights") == 2 * 3_212_749_824 and part(three, "weights") == 2 * 3_212_749_824 // 8
    assert part(two, "master") == part(three, "master") == 4 * 3_212_749_824 // 8


def test_lora_counts() -> None:
    """Rank 32 on q_proj and v_proj: 9,175,040 parameters in fp32."""
    found = estimate(setting_of(run_of(**{name.replace(".", "__"): value for name, value in LORA.items()})))
    assert found.trained.total == 9_175_040
    assert part(found, "adapters") == 4 * 9_175_040


def test_quantised_weights() -> None:
    """NF4: 0.5625 B for weights of linear layers, 2 B for the tied embedding and the norms."""
    values = {name.replace(".", "__"): value for name, value in LORA.items()}
    found = estimated(**values, model__quant__method="bnb", model__quant__bits=4, model__quant__type="nf4")
    linear = 3_212_749_824 - 128_256 * 3072 - 57 * 3072
    assert part(found, "weights") == int(linear * 0.5625 + (3_212_749_824 - linear) * 2)


@pytest.mark.parametrize(
    ("values", "metric", "measured", "within"),
    [
        # huggingface/peft method_comparison/MetaMathQA: reserved on an L40S
        (
            {"launch.framework": "peft-script", "batch.micro": 4, "seq.max_len": 768, "optim.name": "adamw_torch"},
            "reserved",
            38868615168,
            0.06,
        ),
        # fitcheck-llm 0.3.1, one T4, torch's own counter
        (
            {
                **LORA,
                "model.id": "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
                "launch.framework": "peft-script",
                "model.load_dtype": "fp16",
                "precision.compute": "fp16",
                "adapter.targets": "q_proj,k_proj,v_proj,o_proj",
                "batch.micro": 2,
                "mem.ckpt_llm": True,
                "adapter.dropout": 0.0,
            },
            "allocated",
            int(3.24 * GIB),
            0.04,
        ),
    ],
)
def test_measured(values: dict[str, Data], metric: str, measured: int, within: float) -> None:
    """Close to what was measured, and inside the band."""
    found = estimated(**{name.replace(".", "__"): value for name, value in values.items()})
    assert abs(getattr(found, metric) / measured - 1) < within
    assert found.low <= measured <= found.high or metric == "allocated"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"model.id": "nobody/nothing-7b"}, "--model-config"),
        ({"model.id": None}, "model.id"),
        ({"batch.micro": 0}, "batch.micro"),
        ({"seq.max_len": -1}, "seq.max_len"),
        ({"launch.nproc": 4, "par.tp": 3}, "tensor parallel 3"),
        ({"par.ds.stage": 4}, "0 to 3"),
        ({"par.ds.stage": 3, "par.fsdp.strategy": "full_shard"}, "both on"),
        ({**LORA, "adapter.targets": "nowhere"}, "nowhere"),
        ({**LORA, "adapter.targets": "(a+)+"}, "repeats"),
        ({"model.quant.method": "magic", "model.quant.bits": 3}, "magic"),
    ],
)
def test_bad_input_is_named(values: dict[str, Data], says: str) -> None:
    """No silent number."""
    with pytest.raises(NotEstimated, match=says.replace("(", r"\(")):
        estimated(**{name.replace(".", "__"): value for name, value in values.items()})


def test_a_missing_length_is_said() -> None:
    """The default that is taken stands in the notes."""
    assert any("2048" in note for note in estimated(seq__max_len=None).notes)


@given(
    micro=st.integers(1, 64),
    length=st.integers(1, 65536),
    world=st.sampled_from([1, 2, 8, 64]),
    stage=st.sampled_from([None, 0, 1, 2, 3]),
    checkpoint=st.booleans(),
)
def test_order(micro: int, length: int, world: int, stage: int | None, checkpoint: bool) -> None:
    """allocated <= reserved <= device inside low and high; components sum up to the peak; more tokens need no less."""
    values: dict[str, Data] = {"batch__micro": micro, "seq__max_len": length, "launch__nproc": world, "par__ds__stage": stage}
    found = estimated(**values, mem__ckpt_llm=checkpoint)
    assert found.low <= found.allocated <= found.reserved <= found.device <= found.high
    assert sum(each.bytes for each in found.components) == found.allocated
    assert estimated(**{**values, "seq__max_len": length + 1}, mem__ckpt_llm=checkpoint).allocated >= found.allocated


def test_checkpointing_never_needs_more_over_many_layers() -> None:
    """Inputs of layers alone are less than all activations."""
    assert estimated(batch__micro=8, mem__ckpt_llm=True).allocated < estimated(batch__micro=8).allocated


def test_megatron_by_hand() -> None:
    """Two tensor parallel ranks, no data parallel ones: half of the language model at 2 + 4 + 12 B, the frozen tower whole at 2 B."""
    values: dict[str, Data] = {"model__id": "Qwen/Qwen3-VL-8B-Instruct", "launch__framework": "ms-swift", "launch__nproc": 2, "par__tp": 2}
    setting = setting_of(run_of(**values, tune__vision__mode="frozen", tune__projector__mode="frozen"))
    found, half = estimate(setting), (setting.model.llm.params + setting.model.embed + setting.model.head) // 2
    assert part(found, "weights") == 2 * (half + setting.model.vision_params + setting.model.projector_params)
    assert (part(found, "gradients"), part(found, "master"), part(found, "optimizer")) == (4 * half, 4 * half, 8 * half)


def test_modes() -> None:
    """The alternatives: LoRA below full, QLoRA below LoRA, ZeRO-3 below ZeRO-2, and what is configured first."""
    modes = {mode.name: mode.estimate for mode in modes_of(setting_of(run_of(launch__nproc=8, par__ds__stage=2)))}
    assert next(iter(modes)) == "as configured"
    assert modes["QLoRA"].allocated < modes["LoRA"].allocated < modes["full"].allocated
    assert modes["ZeRO-3"].allocated < modes["as configured"].allocated
    assert modes["ZeRO-3, all on the host"].host > 0


def test_modes_of_a_vision_language_model() -> None:
    """Freezing the tower and training the projector alone are among them."""
    names = [mode.name for mode in modes_of(setting_of(run_of(model__id="Qwen/Qwen2.5-VL-7B-Instruct")))]
    assert {"full, vision too", "full, vision frozen", "projector only"} <= set(names)
