"""What ZeRO, FSDP and offload leave of the weights on a GPU, and the buffers that gathering and reducing take.

* ZeRO-3 gathers parameters and keeps those that are used again soon: up to 1e9 elements (stage3_max_live_parameters,
  stage3_max_reuse_distance, deepspeed/runtime/zero/config.py)
* FSDP gathers two units (the current and the next layer) and the root unit with embedding and head, and a unit's gradient
* FSDP 2 gathers the next unit into a buffer and copies it out: three units; a unit's gradients, the buffer that is reduced and that of
  the unit before: three more where weights are trained (torch/distributed/fsdp/_fully_shard/_fsdp_collectives.py)
* ZeRO-1 and 2 reduce through buckets: 2 of reduce_bucket_size with overlap_comm, and allgather_bucket_size in the step
"""

from lintune.memory.constants import constants, value
from lintune.memory.setting import Part, Setting
from lintune.memory.weights import Trained, added_bytes, base_bytes


def _sharded(setting: Setting) -> bool:
    return (setting.fsdp and setting.reshard) or setting.stage == 3


def shard_weights(setting: Setting, what: Trained) -> tuple[Part, Part, int]:
    """Weights and adapters on one GPU, and bytes of offloaded weights on the host per GPU."""
    base, added = base_bytes(setting), added_bytes(setting, what)
    split = (setting.shards if _sharded(setting) else 1) * setting.tensor
    size = base.bytes // split
    of = f" / {split}" if split > 1 else ""
    if setting.offload_params and _sharded(setting):
        return Part("weights", 0, "on the host"), Part("adapters", 0, "on the host"), size + added.bytes // split
    return Part("weights", size, base.formula + of), Part("adapters", added.bytes // split, added.formula + of), 0


def live_params(setting: Setting) -> Part:
    """Gathered parameters."""
    if not _sharded(setting) or (setting.shards == 1 and setting.stage != 3):
        return Part("gathered", 0, "")
    model, element = setting.model, setting.element
    if setting.stage == 3:
        count = min(model.params, int(value("zero3_live")))
        return Part("gathered", count * element, f"{element} B x {count:,} live parameters of ZeRO-3")
    layer = max((layer.params for layer in model.llm.layers), default=0)
    each = constants()["quantised"][setting.quant] if setting.quant else element
    ends = (model.embed, 0 if model.tied else model.head)
    root = (max(ends) if setting.profile.splits_root else sum(ends)) * element
    unit = int(layer * each)
    units = 3 if setting.fsdp2 else setting.profile.offload_units if setting.offload_params else 2
    gradients = (3 if setting.fsdp2 else 1) if setting.trains("llm") else 0
    return Part(
        "gathered",
        units * unit + gradients * layer * element + root,
        f"{units} FSDP units with {gradients} gradients of a unit, and embedding and head",
    )


def buffers(setting: Setting, what: Trained) -> Part:
    """Buffers for reduction and gathering."""
    if setting.stage in (1, 2) and setting.shards >= 1:
        count = setting.bucket or int(value("zero_bucket"))
        size = int(setting.element * value("zero_buckets") * count)
        return Part("buckets", size, f"reduce and gather buckets of {count:,} elements")
    if setting.stage == 3:
        return Part("buckets", int(value("zero3_buffers")), "reduce bucket and NCCL")
    if setting.shards > 1:
        return Part("buckets", int(value("nccl")), "NCCL")
    return Part("buckets", 0, "")
