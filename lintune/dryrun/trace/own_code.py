"""Frameworks that train model code of their own: litgpt, torchtune. Their model for a request, frozen and packed as they do it."""

from typing import Any

import torch

from lintune.dryrun.protocol import Request
from lintune.dryrun.quantised import QuantisedLinear, quantise
from lintune.dryrun.trace.replicas.litgpt import Adapter, LitGpt
from lintune.memory.setting import Setting

_DROPOUT = 0.05


def own_model(request: Request, setting: Setting, config: dict[str, Any]) -> Any:
    """The framework's own model on the meta device; None where it trains transformers' classes, or has none of this type."""
    if request.framework != "litgpt":
        return None
    targets = request.values.get("adapter.targets")
    names = targets if isinstance(targets, str) else ",".join(map(str, targets)) if isinstance(targets, list) else "q_proj,v_proj"
    adapter = Adapter.of(names, setting.rank, _DROPOUT if setting.dropout else 0.0)
    with torch.device("meta"):
        model = LitGpt(config, adapter).to(torch.bfloat16 if setting.element == 2 else torch.float32)
    if setting.rank:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("lora_" in name)
    if setting.quant.startswith("nf4"):
        quantise(model, 4, setting.quant == "nf4-dq", frozenset())
        for module in model.modules():
            if isinstance(module, QuantisedLinear):
                module.compute_dtype, module.keeps_input = torch.bfloat16, setting.profile.keeps_input
                module.stored_dtype = torch.float16  # lightning/fabric/plugins/precision/bitsandbytes.py quantize
    return model
