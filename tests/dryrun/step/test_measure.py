"""What held the memory of a step that did not fit."""

from typing import Any

import torch
from torch import nn

from lintune.dryrun.protocol import Json, Options, Request
from lintune.dryrun.step import one_process
from lintune.dryrun.step.measure import held

TINY: dict[str, Json] = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 512,
                         "num_key_value_heads": 2, "intermediate_size": 64}  # fmt: skip


def test_bytes_by_holder() -> None:
    model = nn.Linear(10, 10, bias=False)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 10)).sum().backward()
    optimizer.step()
    found = held(model, optimizer)
    assert (found["weights"], found["gradients"]) == (400, 400)
    assert found["optimizer"] == 804  # two moments and a step count


def test_out_of_memory_is_an_answer(monkeypatch: Any) -> None:
    """The GPU's error is raised by hand: there is none here."""
    import transformers

    def train(self: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(transformers.Trainer, "train", train)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card")
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 123)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda: 456)
    values: dict[str, Json] = {"tune.llm.mode": "full", "batch.micro": 1, "seq.max_len": 8}
    result = one_process.stepped(Request("step", values, model_config=TINY, options=Options(device="cpu")), "cpu")
    assert result.facts["dry_run.step.fits"] is False
    assert result.facts["dry_run.step.held_by"] == "weights"
