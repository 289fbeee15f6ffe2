"""What a step needed: time, and memory on a GPU; and what held it where it did not fit."""

import time
from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass(slots=True)
class Measured:
    """Of one process, in bytes and seconds."""

    seconds: list[float] = field(default_factory=list)
    """Of each optimizer step."""
    allocated_bytes: int = 0
    """The peak of live tensors; 0 on the CPU."""
    reserved_bytes: int = 0
    device_bytes: int = 0
    """What the device says is in use, with the context."""
    losses: list[float] = field(default_factory=list)


def reset(device: str) -> float:
    """Forget earlier peaks; returns the time now."""
    if device != "cpu":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    return time.perf_counter()


def read(measured: Measured, device: str) -> None:
    """Put the peaks since `reset` into a measurement."""
    if device == "cpu":
        return
    measured.allocated_bytes = torch.cuda.max_memory_allocated()
    measured.reserved_bytes = torch.cuda.max_memory_reserved()
    free, total = torch.cuda.mem_get_info()
    measured.device_bytes = total - free


def held(model: Any, optimizer: Any) -> dict[str, int]:
    """Bytes by what holds them, for a step that ran out of memory; what is left over is activations and temporaries."""
    weights = sum(each.numel() * each.element_size() for each in model.parameters())
    gradients = sum(each.grad.numel() * each.grad.element_size() for each in model.parameters() if each.grad is not None)
    states = 0
    for state in getattr(optimizer, "state", {}).values():
        states += sum(each.numel() * each.element_size() for each in state.values() if isinstance(each, torch.Tensor))
    found = {"weights": weights, "gradients": gradients, "optimizer": states}
    if torch.cuda.is_available():
        found["activations and temporaries"] = max(torch.cuda.max_memory_allocated() - weights - gradients - states, 0)
    return found
