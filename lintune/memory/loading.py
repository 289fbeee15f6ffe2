"""What stands on a GPU, and in the memory of the machine, while weights are read.

* whole: the weights as they are kept, and one tensor in 16 bits while bitsandbytes quantises it (transformers quantises tensor by tensor);
  prepare_model_for_kbit_training makes fp32 copies one after the other (peft/utils/other.py)
* ZeRO-3 creates every tensor whole before it is divided (deepspeed/runtime/zero/partition_parameters.py Init)
* FSDP divides layer by layer; litgpt allocates the whole model on each GPU first (finetune/lora.py `fabric.init_module`)
* the machine: without ZeRO-3 every process reads all weights into its own memory before they move to the GPU (transformers
  `from_pretrained` without a device map), under ZeRO-3 one file of some 5 GB at a time; quantised weights go to the GPU as they are read
"""

from lintune.memory.setting import Part, Setting
from lintune.memory.weights import base_bytes

_FILE = 5_000_000_000
"""Bytes of a weights file: `max_shard_size` of `save_pretrained`."""


def load_part(setting: Setting, weights: int) -> Part:
    """The peak on a GPU while weights are read; `weights` is what stays there of them."""
    largest = _largest(setting)
    if setting.fsdp and setting.world > 1 and setting.profile.loads_whole:
        whole = base_bytes(setting).bytes
        return Part("load", whole + whole // setting.shards, f"the whole model and its part of {setting.shards}")
    if setting.stage == 3 or setting.fsdp:
        return Part("load", weights + largest, "its part of the weights, and the largest tensor before it is divided")
    if setting.quant in ("nf4", "nf4-dq", "int8"):
        return Part("load", weights + largest, "weights, and the largest tensor before it is quantised")
    return Part("load", weights, "weights while they are read")


def host_load(setting: Setting) -> int:
    """Bytes of the machine while its processes read weights."""
    whole = base_bytes(setting).bytes
    if setting.quant or setting.stage == 3:
        return min(whole, _FILE) * setting.per_node
    if setting.fsdp:
        return whole  # rank 0 reads, the others get their parts from it
    return whole * setting.per_node


def _largest(setting: Setting) -> int:
    """Bytes of the largest tensor in the type that it is read in."""
    matrices = (
        linear.fan_in * linear.fan_out * (linear.copies if linear.stacked else 1)
        for layer in setting.model.llm.layers
        for linear in layer.linears
    )
    return max(setting.model.embed, setting.model.head, *matrices) * setting.element
