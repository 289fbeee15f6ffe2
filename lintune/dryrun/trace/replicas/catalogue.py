"""Which model types have a replica."""

from typing import Any

import torch

from lintune.dryrun.raw_config import RawConfig
from lintune.dryrun.trace.replicas.base import Replica
from lintune.dryrun.trace.replicas.qwen import Qwen

_REPLICAS: dict[str, type[Replica]] = {"qwen": Qwen, "qwen_vl": Qwen}


def replica_of(raw: RawConfig, dtype: torch.dtype) -> Any:
    """The replica of a config's model on the meta device; None where there is none."""
    kind = _REPLICAS.get(raw.type)
    if kind is None:
        return None
    with torch.device("meta"):
        return kind(raw.values).to(dtype)
