"""What a step did, told from the weights before and after."""

import torch
from torch import nn

from lintune.dryrun.step.audit import Watch, checksum, kind_of


class Layered(nn.Module):
    """Two layers and a head; the second layer can be left out of the loss."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
        self.head = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor, depth: int = 2) -> torch.Tensor:
        for layer in list(self.layers)[:depth]:
            x = layer(x)
        return self.head(x).square().sum()


def stepped(
    model: Layered, depth: int = 2, parameters: list[nn.Parameter] | None = None, rate: float = 0.1
) -> tuple[Watch, torch.optim.Optimizer]:
    watch = Watch(model)
    optimizer = torch.optim.SGD(parameters or [each for each in model.parameters() if each.requires_grad], lr=rate)
    model(torch.ones(3, 4), depth).backward()
    watch.look(model)
    optimizer.step()
    return watch, optimizer


def test_everything_trained() -> None:
    model = Layered()
    watch, optimizer = stepped(model)
    found = watch.audit(model, optimizer, lambda _: True)
    assert (found.trainable, found.unchanged, found.without_gradient, found.moved, found.not_finite, found.not_in_optimizer) == (
        6,
        [],
        [],
        [],
        [],
        [],
    )


def test_a_layer_that_the_loss_does_not_reach() -> None:
    model = Layered()
    watch, optimizer = stepped(model, depth=1)
    found = watch.audit(model, optimizer, lambda _: True)
    assert found.without_gradient == ["layers.1"]
    assert found.unchanged == []  # said once, not twice
    assert watch.audit(model, optimizer, lambda name: not name.startswith("layers.1")).without_gradient == []


def test_a_frozen_weight_that_moves() -> None:
    model = Layered()
    model.head.requires_grad_(False)
    watch, optimizer = stepped(model)
    with torch.no_grad():
        model.head.weight.add_(1.0)
    found = watch.audit(model, optimizer, lambda _: True)
    assert found.moved == ["head.weight"]


def test_a_weight_that_the_optimizer_does_not_hold() -> None:
    model = Layered()
    watch, optimizer = stepped(model, parameters=list(model.layers.parameters()))
    found = watch.audit(model, optimizer, lambda _: True)
    assert found.not_in_optimizer == found.unchanged == ["head.bias", "head.weight"]


def test_a_step_below_the_precision_of_the_type() -> None:
    model = Layered().to(torch.bfloat16)
    watch = Watch(model)
    model(torch.ones(3, 4, dtype=torch.bfloat16)).backward()
    watch.look(model)
    found = watch.audit(model, torch.optim.SGD(model.parameters()), lambda _: True)
    assert "layers.*.weight" in found.rounded_away
    assert found.unchanged == []


def test_gradients_that_are_not_finite() -> None:
    model = Layered()
    watch = Watch(model)
    (model(torch.ones(3, 4)) * float("inf")).backward()
    watch.look(model)
    assert watch.audit(model, None, lambda _: True).not_finite == ["head.bias", "head.weight", "layers.*.bias", "layers.*.weight"]


def test_checksum_sees_the_last_bit() -> None:
    tensor = torch.ones(1000)
    before = checksum(tensor)
    tensor[3] = torch.nextafter(tensor[3], torch.tensor(2.0))
    assert checksum(tensor) != before
    assert checksum(torch.empty(3, device="meta")) == ()


def test_names_without_wrappers() -> None:
    assert (
        kind_of("base_model.model.model.layers.3.mlp.up_proj.lora_A.default.weight") == "model.layers.*.mlp.up_proj.lora_A.default.weight"
    )
    assert kind_of("base_model.model.model.embed_tokens.modules_to_save.default.weight") == "model.embed_tokens.weight"
