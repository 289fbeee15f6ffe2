"""Keys of a DeepSpeed file that DeepSpeed does not know, or no longer does.

The lists are those of DeepSpeed 0.14 to 0.19 (deepspeed/runtime/constants.py, config.py, zero/config.py, zero/offload_config.py)
and of transformers, which reads the same file. Each function is the `check` of one rule page.
"""

from collections.abc import Iterator, Mapping

from lintune.launch.near_names import nearest_name
from lintune.run.run import Item, Run
from lintune.values.value import Data, Known, Value, site_of

_TOP = frozenset(
    [
        "train_batch_size",
        "train_micro_batch_size_per_gpu",
        "gradient_accumulation_steps",
        "optimizer",
        "scheduler",
        "communication_data_type",
        "seq_parallel_communication_data_type",
        "seq_parallel_comm_data_type",
        "prescale_gradients",
        "gradient_predivide_factor",
        "sparse_gradients",
        "fp16",
        "bf16",
        "bfloat16",
        "amp",
        "gradient_clipping",
        "graph_harvesting",
        "zero_optimization",
        "zero_allow_untested_optimizer",
        "zero_force_ds_cpu_optimizer",
        "steps_per_print",
        "wall_clock_breakdown",
        "dump_state",
        "memory_breakdown",
        "disable_allgather",
        "allgather_size",
        "fp32_allreduce",
        "flops_profiler",
        "activation_checkpointing",
        "aio",
        "autotuning",
        "sparse_attention",
        "data_efficiency",
        "curriculum_learning",
        "tensorboard",
        "wandb",
        "csv_monitor",
        "comet",
        "monitor",
        "elasticity",
        "compression_training",
        "quantize_training",
        "checkpoint",
        "data_types",
        "comms_logger",
        "pipeline",
        "eigenvalue",
        "progressive_layer_drop",
        "nebula",
        "hybrid_engine",
        "use_data_before_expert_parallelism",
        "compile",
        "timers",
        "gradient_allreduce_op",
        "torch_autocast",
        "tensor_parallel",
        "weight_quantization",
        "vocabulary_size",
        "dataloader_drop_last",
        "load_universal_checkpoint",
        "compute_grad_norm",
        "expert_parallel",
        "moe",
        "sequence_parallel_size",
        "ulysses",
        "zenflow",
        "datastates",
        "fp16_master_weights_and_gradients",
    ]
)
_STAGE3 = [
    "prefetch_bucket_size",
    "param_persistence_threshold",
    "model_persistence_threshold",
    "max_live_parameters",
    "max_reuse_distance",
    "gather_16bit_weights_on_model_save",
    "module_granularity_threshold",
    "use_all_reduce_for_fetch_params",
    "allgather_sequential",
    "partition_stream_chunk_size",
]
_ZERO = frozenset(
    [
        "stage",
        "contiguous_gradients",
        "reduce_scatter",
        "reduce_bucket_size",
        "use_multi_rank_bucket_allreduce",
        "allgather_partitions",
        "allgather_bucket_size",
        "overlap_comm",
        "load_from_fp32_weights",
        "elastic_checkpoint",
        "offload_param",
        "offload_optimizer",
        "zenflow",
        "sub_group_size",
        "cpu_offload",
        "cpu_offload_param",
        "cpu_offload_params",
        "cpu_offload_use_pin_memory",
        "stage3_gather_fp16_weights_on_model_save",
        "ignore_unused_parameters",
        "legacy_stage1",
        "round_robin_gradients",
        "zero_hpz_partition_size",
        "zero_quantized_weights",
        "zero_quantized_nontrainable_weights",
        "zero_quantized_gradients",
        "zeropp_loco_param",
        "mics_shard_size",
        "mics_hierarchical_params_gather",
        "memory_efficient_linear",
        "pipeline_loading_checkpoint",
        "override_module_apply",
        "log_trace_cache_warnings",
        "enable_sanity_checks",
        "save_muon_momentum_buffer_in_memory",
        "leaf_module",
        "compute_grad_norm",
    ]
).union(_STAGE3, (f"stage3_{name}" for name in _STAGE3))
_OFFLOAD_PARAM = frozenset(["device", "nvme_path", "buffer_count", "buffer_size", "max_in_cpu", "pin_memory"])
_OFFLOAD_OPTIMIZER = frozenset(
    [
        "device",
        "nvme_path",
        "buffer_count",
        "pin_memory",
        "pipeline_read",
        "pipeline_write",
        "pipeline",
        "fast_init",
        "ratio",
        "super_offload",
        "convert_grad_on_cpu",
        "cpuadam_cores_perc",
    ]
)
_SECTIONS: Mapping[str, frozenset[str]] = {
    "zero_optimization": _ZERO,
    "zero_optimization.offload_param": _OFFLOAD_PARAM,
    "zero_optimization.offload_optimizer": _OFFLOAD_OPTIMIZER,
}
_REMOVED = (
    *[
        "amp",
        "elasticity",
        "sparse_gradients",
        "sparse_attention",
        "compression_training",
        "quantize_training",
        "eigenvalue",
        "nebula",
        "graph_harvesting",
        "curriculum_learning",
        "progressive_layer_drop",
    ],
    "zero_optimization.mics_shard_size",
    "zero_optimization.mics_hierarchical_params_gather",
    "zero_optimization.zeropp_loco_param",
)


def unknown_top_keys(run: Run) -> Iterator[Item]:
    """Top-level keys that are nearly the name of one DeepSpeed reads; it ignores them without a word."""
    for key, value in _keys(run, ""):
        nearest = _nearest(key, _TOP) if key not in _TOP else None
        if nearest:
            yield _item(value, key=key, nearest=nearest)


def unknown_zero_keys(run: Run) -> Iterator[Item]:
    """Keys of `zero_optimization` and its offload blocks that are nearly a known one; DeepSpeed refuses them."""
    for section, known in _SECTIONS.items():
        for key, value in _keys(run, section):
            nearest = _nearest(key, known) if key not in known else None
            if nearest:
                yield _item(value, key=key, nearest=nearest, section=section)


def unlisted_zero_keys(run: Run) -> Iterator[Item]:
    """Keys of the same blocks that are like no known one; another release may know them."""
    for section, known in _SECTIONS.items():
        for key, value in _keys(run, section):
            if key not in known and not _nearest(key, known):
                yield _item(value, key=key, section=section)


def removed_keys(run: Run) -> Iterator[Item]:
    """Keys that DeepSpeed 0.19.8 refuses even when they turn something off."""
    for name in _REMOVED:
        value = run.values.get(f"ds.{name}")
        if isinstance(value, Known):
            yield _item(value, key=name.rpartition(".")[2])


def _keys(run: Run, section: str) -> list[tuple[str, Value]]:
    """The keys of a section of the file with their values, in the order written."""
    prefix = f"ds.{section}." if section else "ds."
    names = (name for name in run.values if name.startswith(prefix))
    return [(name.removeprefix(prefix), run.values[name]) for name in names if "." not in name.removeprefix(prefix)]


def _nearest(key: str, known: frozenset[str]) -> str | None:
    """A known key that differs by a few letters."""
    return nearest_name(key, sorted(known))


def _item(at: Value, **fields: Data) -> Item:
    return Item({name: Known(value, at.origin) for name, value in fields.items()}, site_of(at))
