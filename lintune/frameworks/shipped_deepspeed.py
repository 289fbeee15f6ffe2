"""DeepSpeed files that frameworks bring along and that launches name where they are not in the project."""

from lintune.run.known import text
from lintune.run.run import Run
from lintune.run.settings import along
from lintune.values.value import Known, Unknown

_FILES: dict[str, tuple[int, str, str]] = {
    "deepspeed_configs/zero1.json": (1, "none", "none"),
    "deepspeed_configs/zero1_torch_compile.json": (1, "none", "none"),
    "deepspeed_configs/zero2.json": (2, "cpu", "none"),
    "deepspeed_configs/zero2_torch_compile.json": (2, "cpu", "none"),
    "deepspeed_configs/zero3.json": (3, "none", "none"),
    "deepspeed_configs/zero3_bf16.json": (3, "none", "none"),
    "deepspeed_configs/zero3_bf16_cpuoffload_all.json": (3, "cpu", "cpu"),
    "deepspeed_configs/zero3_bf16_cpuoffload_params.json": (3, "none", "cpu"),
    "examples/deepspeed/ds_z0_config.json": (0, "none", "none"),
    "examples/deepspeed/ds_z2_config.json": (2, "none", "none"),
    "examples/deepspeed/ds_z2_offload_config.json": (2, "cpu", "none"),
    "examples/deepspeed/ds_z3_config.json": (3, "none", "none"),
    "examples/deepspeed/ds_z3_offload_config.json": (3, "cpu", "cpu"),
}
"""By the end of the path: ZeRO stage, where optimizer states and parameters go (axolotl `axolotl fetch deepspeed_configs`, the
examples of LLaMA-Factory)."""


def add_shipped_file(run: Run) -> bool:
    """`par.ds.*` of a file that is not at hand but known by its path; whether it is one."""
    named = run.get("par.ds.file")
    path = text(named) or ""
    found = next((facts for end, facts in _FILES.items() if f"/{path}".endswith(f"/{end}")), None)
    if found is None or not isinstance(run.get("par.ds.stage"), Unknown):
        return False
    stage, optimizer, parameters = found
    run.values["par.ds.stage"] = along(stage, named.origin)
    run.values["par.ds.offload_opt"] = along(optimizer, named.origin)
    run.values["par.ds.offload_param"] = along(parameters, named.origin)
    for name in ("has_optimizer", "has_scheduler"):
        run.values[f"par.ds.{name}"] = along(False, named.origin)
    run.values["ds.zero_optimization.stage"] = along(found[0], named.origin)
    # it lies in the framework's own checkout, from which such a launch is started
    run.items["files"] = tuple(item for item in run.items.get("files", ()) if item.fields.get("role") != Known("deepspeed"))
    return True
