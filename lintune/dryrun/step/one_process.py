"""The step in one process: model, Trainer, two optimizer steps, and what they did."""

import os
import time
from tempfile import TemporaryDirectory
from typing import Any

import torch

from lintune.dryrun.auto_class import said
from lintune.dryrun.count import base_of
from lintune.dryrun.problem import DryRunProblem
from lintune.dryrun.protocol import Request, Result
from lintune.dryrun.stage import report_stage
from lintune.dryrun.step import measure
from lintune.dryrun.step.audit import Audit, Watch
from lintune.dryrun.step.batch import Samples, Shape, accepted_by, one_picture, shape_of
from lintune.dryrun.step.measure import Measured
from lintune.dryrun.step.model import RealModel, real_model
from lintune.dryrun.step.settings import STEPS, training_arguments
from lintune.dryrun.step.sharded import SAID, shard, shards, steps

_WHATEVER_THE_SIZES = ("does not require grad", "marked as ready", "marked a variable ready", "Expected to have finished reduction",
                       "Expected to mark", "CheckpointError")  # fmt: skip
"""Words of failures that come from what is frozen, checkpointed and wrapped."""
SEEING = ("vision", "projector", "audio")
"""Parts that a batch of text alone does not reach."""


def stepped(request: Request, device: str) -> Result:
    """The step's result on a device (`cpu` or `cuda`). Raises `DryRunProblem`."""
    small = device == "cpu"
    place = "cpu" if small else f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    report_stage("building the model")
    torch.manual_seed(0)
    built = real_model(request, place, small)
    shape = shape_of(request, small, built.assumptions)
    if not any(each.requires_grad for each in built.model.parameters()):
        raise DryRunProblem(
            "nothing-trained", "no parameter is trained: the Trainer would have nothing to do", "unfreeze a part, or add LoRA"
        )
    _prepare(request, built)
    with TemporaryDirectory(prefix="lintune-") as folder:
        return _trained(request, built, shape, folder, device)


def _prepare(request: Request, built: RealModel) -> None:
    model = built.model
    model.train()
    if hasattr(built.config, "use_cache"):
        built.config.use_cache = False
    checkpointed = request.values.get("mem.ckpt") is True or request.values.get("mem.ckpt_llm") is True
    if checkpointed and built.adapter.applied and hasattr(model, "enable_input_require_grads"):
        model.enable_input_require_grads()
        built.assumptions.append("the script lets gradients through the frozen embedding (`enable_input_require_grads`)")


def _trained(request: Request, built: RealModel, shape: Shape, folder: str, device: str) -> Result:
    import transformers

    sharded = shards(request, device)
    arguments = None if sharded else training_arguments(request, shape, folder, device, built.assumptions)
    if sharded:
        shard(built, request)
    world = int(os.environ.get("WORLD_SIZE", "1"))
    classes = int(getattr(built.config, "num_labels", 2)) if type(built.model).__name__.endswith("SequenceClassification") else 0
    pictures = one_picture(built.config, built.assumptions)
    samples = Samples(shape.micro * shape.accumulate * world * STEPS, shape, built.config, classes, pictures)
    samples.accepted = accepted_by(base_of(built.model))
    measured, watch = Measured(), Watch(built.model)
    report_stage("taking a step")
    measure.reset(device)
    trainer: Any = None
    try:
        if sharded:
            optimizer: Any = steps(request, built, shape, samples, watch, measured)
        else:
            look = _callback(transformers.TrainerCallback, built, watch, measured)
            trainer = transformers.Trainer(
                model=built.model, args=arguments, train_dataset=samples, data_collator=samples.collate, callbacks=[look]
            )
            trainer.train()
            optimizer = trainer.optimizer
            measured.losses = [float(each["loss"]) for each in trainer.state.log_history if "loss" in each]
    except torch.OutOfMemoryError:
        return _out_of_memory(built, getattr(trainer, "optimizer", None), device)
    except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise failure(error, built) from error
    measure.read(measured, device)
    audit = watch.audit(built.model, optimizer, lambda name: pictures is not None or built.part_of(name) not in SEEING)
    return _result(built, shape, measured, audit, device, world, pictures is not None)


def failure(error: Exception, built: RealModel) -> DryRunProblem:
    """A step that raised, as a problem: of the launch where neither the smaller sizes nor the made-up batch can be to blame."""
    raised = f"raised {type(error).__name__}: {said(error)}"
    if type(built.config).__module__.startswith("transformers_modules"):
        help = "its batches or packages may be its own: `--dry-run=script` runs the launch's script"
        return DryRunProblem("remote-code", f"the step of the model's own code {raised}", help)
    made_up = bool(built.shrunken) or hasattr(built.config, "vision_config")
    if made_up and not any(words in raised for words in _WHATEVER_THE_SIZES):
        help = "this may be due to the smaller sizes or the made-up batch, not to the launch: run it where the GPU is"
        return DryRunProblem("step-unproved", f"the step {raised}", help)
    return DryRunProblem("step-failed", f"the step {raised}", "the launch would fail alike")


def _callback(base: Any, built: RealModel, watch: Watch, measured: Measured) -> Any:
    """A TrainerCallback that looks at gradients before they are used, and takes the time of each step."""

    class Look(base):
        """Notes gradients and times."""

        begun = 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Start the clock."""
            self.begun = time.perf_counter()

        def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Look at the gradients."""
            watch.look(built.model)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Stop the clock."""
            measured.seconds.append(time.perf_counter() - self.begun)

    return Look()


def _result(built: RealModel, shape: Shape, measured: Measured, audit: Audit, device: str, world: int, seen: bool) -> Result:
    finite = bool(measured.losses) and all(loss == loss and abs(loss) != float("inf") for loss in measured.losses) and not audit.not_finite
    result = Result("step", True, assumptions=list(built.assumptions))
    last = measured.seconds[-1] if measured.seconds else 0.0
    result.facts = {
        "dry_run.step.device": device,
        "dry_run.step.processes": world,
        "dry_run.step.shrunken": bool(built.shrunken),
        "dry_run.step.weights": built.weights,
        "dry_run.step.losses": list(measured.losses),
        "dry_run.step.finite": finite,
        "dry_run.step.trainable_tensors": audit.trainable,
        "dry_run.step.without_gradient": list(audit.without_gradient),
        "dry_run.step.idle_parts": list(idle_parts(built, audit)),
        "dry_run.step.unchanged": list(audit.unchanged),
        "dry_run.step.rounded_away": list(audit.rounded_away),
        "dry_run.step.moved": list(audit.moved),
        "dry_run.step.not_finite": list(audit.not_finite),
        "dry_run.step.not_in_optimizer": list(audit.not_in_optimizer),
    }
    if device != "cpu":
        result.facts |= {
            "dry_run.step.gpu": torch.cuda.get_device_name(), "dry_run.step.fits": True, "dry_run.step.seconds": last,
            "dry_run.step.tokens_per_second": shape.tokens * world / last if last else 0.0,
            "dry_run.step.allocated_bytes": measured.allocated_bytes, "dry_run.step.reserved_bytes": measured.reserved_bytes,
            "dry_run.step.device_bytes": measured.device_bytes,
        }  # fmt: skip
    proved, open_ = what_it_proves(built, shape, audit, world, seen)
    result.detail = {"proved": list(proved), "not_proved": list(open_), "shrunken": list(built.shrunken)}
    return result


def idle_parts(built: RealModel, audit: Audit) -> list[str]:
    """Parts that should be trained and of which no tensor got a gradient."""
    expected: dict[str, bool] = {}
    for name, parameter in built.model.named_parameters():
        if parameter.requires_grad:
            part = built.part_of(name)
            expected[part] = expected.get(part, True) and name in audit.idle
    return sorted(part for part, idle in expected.items() if idle)


def what_it_proves(built: RealModel, shape: Shape, audit: Audit, world: int, seen: bool) -> tuple[list[str], list[str]]:
    """Sentences: what the step showed, and what it could not show."""
    through = "torch's `fully_shard`" if SAID in built.assumptions else "transformers' Trainer"
    name = type(base_of(built.model)).__name__.removeprefix("FSDP")  # `fully_shard` puts it before the class
    what = f"{name} steps {STEPS} times through {through} with {shape.micro} x {shape.length} tokens"
    proved = [f"{what} in {world} processes" if world > 1 else what, f"{audit.trainable} trainable tensors were watched"]
    open_ = []
    if built.shrunken:
        open_ += ["memory and speed: the model was made smaller for the CPU", "kernels of the GPU (flash attention, fused optimizers)"]
    if built.weights == "random":
        open_.append("the value of the loss: the weights are random")
    if not seen and hasattr(built.config, "vision_config"):
        open_.append("the vision tower and the projector: the synthetic batch holds no images")
    return proved, open_


def _out_of_memory(built: RealModel, optimizer: Any, device: str) -> Result:
    holders = measure.held(built.model, optimizer)
    first = max(holders, key=holders.__getitem__)
    result = Result("step", True, assumptions=list(built.assumptions))
    result.facts = {
        "dry_run.step.device": device, "dry_run.step.gpu": torch.cuda.get_device_name(), "dry_run.step.fits": False,
        "dry_run.step.shrunken": False, "dry_run.step.out_of_memory": True, "dry_run.step.held_by": first,
        "dry_run.step.allocated_bytes": torch.cuda.max_memory_allocated(), "dry_run.step.reserved_bytes": torch.cuda.max_memory_reserved(),
    }  # fmt: skip
    result.detail = {"held": dict(holders)}
    return result
