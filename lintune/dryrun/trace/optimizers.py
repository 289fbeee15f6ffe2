"""The optimizer's step by name: its states, and what it takes for a while.

torch's AdamW, SGD and Adagrad run themselves on meta tensors. The others are sketched: states as their code makes them, per parameter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

_BLOCK_8BIT, _SMALLEST_8BIT = 256, 4096
"""bitsandbytes: one scale per 256 elements; tensors below 4096 elements keep fp32 states (optim/optimizer.py)."""

_BYTE = torch.float8_e4m3fn
"""One byte that counts as floating point, so that it stays on the meta device."""

Parameters = Sequence[torch.nn.Parameter]
States = Callable[[torch.nn.Parameter], list[Tensor]]


@dataclass(slots=True)
class Stepper:
    """An optimizer of the trace: `step` makes states the first time; `states` are all of them."""

    parameters: Parameters
    make: States
    temporaries: Callable[[torch.nn.Parameter], list[Tensor]] = lambda _: []
    foreach: bool = False
    """Whether the temporaries of all parameters are alive at once."""
    states: dict[int, list[Tensor]] = field(default_factory=dict)

    def step(self) -> None:
        """One step over the parameters that have a gradient."""
        kept: list[Tensor] = []
        for parameter in self.parameters:
            if parameter.grad is None:
                continue
            if id(parameter) not in self.states:
                self.states[id(parameter)] = self.make(parameter)
            taken = self.temporaries(parameter)
            if self.foreach:
                kept += taken

    def tensors(self) -> list[Tensor]:
        """All states."""
        return [each for states in self.states.values() for each in states]


@dataclass(slots=True)
class TorchStepper:
    """One of torch's own optimizers."""

    inner: torch.optim.Optimizer

    def step(self) -> None:
        """One step."""
        self.inner.step()

    def tensors(self) -> list[Tensor]:
        """All states."""
        return [each for states in self.inner.state.values() for each in states.values() if isinstance(each, Tensor)]


def make_optimizer(name: str, parameters: Parameters, foreach_copies: int = 1) -> Stepper | TorchStepper:
    """An optimizer by the Trainer's name for it; AdamW's where the name is not known.

    `foreach_copies`: copies of the trained weights that torch's unfused AdamW makes while it steps: 1 since torch 2.1, 2 before.
    """
    name = name.lower().removeprefix("optimizernames.")
    match name:
        case "adamw_torch" | "adamw" | "adam" | "adamw_torch_npu_fused" if foreach_copies == 1:
            return TorchStepper(torch.optim.AdamW(parameters, foreach=True))
        case "adamw_torch" | "adamw" | "adam":
            return Stepper(parameters, _like(2), _copies(foreach_copies), foreach=True)
        case "adamw_for_loop":
            return TorchStepper(torch.optim.AdamW(parameters, foreach=False))
        case "sgd":
            return TorchStepper(torch.optim.SGD(parameters, foreach=True))
        case "sgd_momentum":
            return TorchStepper(torch.optim.SGD(parameters, momentum=0.9, foreach=True))
        case "adagrad":
            return TorchStepper(torch.optim.Adagrad(parameters, foreach=True))
        case "adamw_torch_4bit":
            return Stepper(parameters, _quantised(2, 0.5, 128))
        case "lora_fa":
            return Stepper(parameters, lambda of: [torch.empty_like(of), torch.empty_like(of)])
        case "adafactor":
            return Stepper(parameters, _factored, _copies(1))
        case "muon":
            return Stepper(parameters, lambda of: [torch.empty_like(of) for _ in range(1 if of.dim() == 2 else 2)], _copies(2))
        case "lomo" | "adalomo":
            return Stepper(parameters, lambda _: [])
        case _:
            return Stepper(parameters, _by_words(name))


def _by_words(name: str) -> States:
    """States by what a name says: `paged` ones are in host memory, `8bit` ones quantised, `lion` has one state."""
    if "paged" in name:
        return lambda _: []
    count = 1 if "lion" in name else 2
    if "8bit" in name:
        return _quantised(count, 1, _BLOCK_8BIT)
    if "32bit" in name:
        return lambda of: [torch.empty_like(of, dtype=torch.float32) for _ in range(count)]
    return _like(count)


def _like(count: int) -> States:
    return lambda of: [torch.empty_like(of) for _ in range(count)]


def _copies(count: int) -> Callable[[torch.nn.Parameter], list[Tensor]]:
    return lambda of: [torch.empty_like(of) for _ in range(count)]


def _quantised(count: int, each: float, block: int) -> States:
    def make(of: torch.nn.Parameter) -> list[Tensor]:
        if of.numel() < _SMALLEST_8BIT:
            return [torch.empty_like(of, dtype=torch.float32) for _ in range(count)]
        sizes = (int(of.numel() * each), 4 * -(-of.numel() // block))
        return [torch.empty(size, dtype=_BYTE, device=of.device) for _ in range(count) for size in sizes]

    return make


def _factored(of: torch.nn.Parameter) -> list[Tensor]:
    """Adafactor's second moments: a row and a column of a matrix, in fp32."""
    if of.dim() < 2:
        return [torch.empty_like(of, dtype=torch.float32)]
    rows, columns = of.shape[:-1], (*of.shape[:-2], of.shape[-1])
    return [torch.empty(shape, dtype=torch.float32, device=of.device) for shape in (rows, columns)]
