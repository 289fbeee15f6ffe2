"""The step that is traced, twice, so that the optimizer's states are there the second time: micro batches, clipping, the optimizer."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, simplefilter

import torch
from torch import Tensor, nn

from lintune.dryrun.trace.attention import install_flash
from lintune.dryrun.trace.functions import Functions
from lintune.dryrun.trace.hybrid import HybridMeta
from lintune.dryrun.trace.lives import Lives, Log
from lintune.dryrun.trace.loss import compute_loss, of_its_release
from lintune.dryrun.trace.offload import Offload
from lintune.dryrun.trace.optimizers import Stepper, TorchStepper, make_optimizer
from lintune.dryrun.trace.plan import Plan
from lintune.dryrun.trace.private import autocast_on_meta, run_backward, set_attention, watched_resizes

Batch = Mapping[str, Tensor]
MakeBatch = Callable[[], Batch]


@dataclass(slots=True)
class Traced:
    """A traced step."""

    log: Log
    assumed: Counter[str]
    """What was decided where a float's value would have."""


def trace_step(model: nn.Module, make_batch: MakeBatch, plan: Plan, hybrid: HybridMeta | None = None) -> Traced:
    """Traces a model on the meta device; `make_batch` is called once per micro batch, as a loader's batch is moved to the GPU."""
    hybrid = hybrid or HybridMeta()
    functions, lives = Functions(plan.kernel, plan.autocast, plan.expands_keys), Lives(plan.kernel != "cpu")
    prepare(model, plan)
    with ExitStack() as stack:
        stack.callback(install_flash())
        modes = (lives.within(model), hybrid, lives, autocast_on_meta(functions.switch), watched_resizes(lives.resized))
        for mode in (of_its_release(model, plan), *modes):
            stack.enter_context(mode)
        run_steps(model, make_batch, plan, lives, functions)
    return Traced(lives.log, hybrid.assumed)


def prepare(model: nn.Module, plan: Plan) -> None:
    """Sets the attention and the checkpointing of a plan on a model, and the training mode."""
    model.train()
    if plan.attention:
        set_attention(model, plan.attention)
    config = getattr(model, "config", None)
    for part in (config, getattr(config, "text_config", None)):
        if part is not None and hasattr(part, "use_cache"):
            part.use_cache = False
    if plan.checkpointing:
        _checkpoint(model, reentrant=plan.checkpointing == "reentrant")


def _checkpoint(model: Any, reentrant: bool) -> None:
    """Turns checkpointing on, and lets gradients reach the first block where the embedding is frozen."""
    enable = model.gradient_checkpointing_enable
    with catch_warnings():
        simplefilter("ignore")
        enable(gradient_checkpointing_kwargs={"use_reentrant": reentrant})
    embedding = model.get_input_embeddings()
    if not any(parameter.requires_grad for parameter in embedding.parameters()):
        embedding.register_forward_hook(lambda _module, _args, out: out.requires_grad_(True))


def run_steps(model: nn.Module, make_batch: MakeBatch, plan: Plan, lives: Lives, functions: Functions) -> None:
    """Runs the steps under modes that are on already.

    Where gradients accumulate they are kept from one step to the next, which makes the last one like the last micro batch of many.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = make_optimizer(plan.optimizer, trained, plan.foreach_copies)
    with _stepping_in_backward(trained, optimizer, plan):
        graph: object = None
        for _ in range(plan.steps):
            held, graph = [graph], None
            graph = _micro_batch(model, make_batch, plan, lives, functions, held)
            with lives.during("step"):
                _finish(trained, optimizer, plan, lives)
            if plan.accumulate == 1:
                for parameter in trained:
                    parameter.grad = None


def _micro_batch(model: nn.Module, make_batch: MakeBatch, plan: Plan, lives: Lives, functions: Functions, before: list[object]) -> object:
    """Forward and backward pass of one micro batch; returns the graph of its loss where the loop holds it, and takes the one before."""
    functions.caching = True
    offload = Offload(lives.came_back) if plan.offload else None
    with lives.during("forward"):
        batch = make_batch()
        for tensor in batch.values():
            lives.follow(tensor, "inputs")
        with functions:
            loss, outputs = compute_loss(model, batch, plan, offload)
        before.clear()
        functions.forget()
        if not plan.hold_outputs:
            outputs = None
    functions.caching = False
    with lives.during("backward"), functions:
        run_backward(loss)
        if offload is not None:
            offload.clear()
    del outputs
    return loss if plan.hold_graph else None


def _finish(trained: list[nn.Parameter], optimizer: Stepper | TorchStepper, plan: Plan, lives: Lives) -> None:
    """Clipping, the optimizer's step, and the end of the gradients."""
    if plan.clip:
        torch.nn.utils.clip_grad_norm_(trained, plan.clip)
    if not plan.step_in_backward:
        optimizer.step()
    for tensor in optimizer.tensors():
        lives.follow(tensor, "optimizer")


@contextmanager
def _stepping_in_backward(trained: list[nn.Parameter], optimizer: Stepper | TorchStepper, plan: Plan) -> Iterator[None]:
    """Steps each parameter when its gradient is there, where the plan says so."""
    if not plan.step_in_backward:
        yield
        return

    def step(_parameter: Tensor) -> None:
        optimizer.step()
        _parameter.grad = None

    handles = [parameter.register_post_accumulate_grad_hook(step) for parameter in trained]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
