"""Adapters by name: what is frozen and what is added, as peft 0.14 does it."""

import copy
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Union

import oracle_probe
from torch import nn

__version__ = "0.14.0"


class TaskType:
    CAUSAL_LM = "CAUSAL_LM"
    SEQ_CLS = "SEQ_CLS"
    SEQ_2_SEQ_LM = "SEQ_2_SEQ_LM"


@dataclass
class PeftConfig:
    task_type: Optional[str] = None
    inference_mode: bool = False


@dataclass
class LoraConfig(PeftConfig):
    """Which layers get an adapter, and which are trained as copies."""

    r: int = 8
    target_modules: Optional[Union[List[str], str]] = None
    lora_alpha: int = 8
    lora_dropout: float = 0.0
    bias: str = "none"
    use_rslora: bool = False
    modules_to_save: Optional[List[str]] = None
    init_lora_weights: Any = True
    layers_to_transform: Optional[Union[List[int], int]] = None
    layers_pattern: Optional[str] = None
    use_dora: bool = False
    rank_pattern: Optional[Dict] = None
    layer_replication: Any = None

    def __new__(cls, *args, **keywords):
        oracle_probe.called("LoraConfig", keywords)
        return object.__new__(cls)

    def __post_init__(self):
        if isinstance(self.target_modules, str) and self.layers_to_transform is not None:
            raise ValueError("`layers_to_transform` cannot be used when `target_modules` is a str.")
        if self.layers_pattern and self.layers_to_transform is None:
            raise ValueError("When `layers_pattern` is specified, `layers_to_transform` must also be specified. ")


@dataclass
class PromptTuningConfig(PeftConfig):
    num_virtual_tokens: int = 8


class LoraLayer:
    """Marker."""


class LoraLinear(nn.Linear, LoraLayer):
    """A linear layer with an adapter beside it."""

    def __init__(self, base, rank):
        nn.Module.__init__(self)
        self.base_layer = base
        self.lora_A = nn.ModuleDict({"default": nn.Linear(base.in_features, rank, bias=False)})
        self.lora_B = nn.ModuleDict({"default": nn.Linear(rank, base.out_features, bias=False)})

    @property
    def weight(self):
        return self.base_layer.weight


class ModulesToSaveWrapper(nn.Module):
    """A module that is trained as a copy."""

    def __init__(self, module):
        super().__init__()
        self.original_module = module
        self.modules_to_save = nn.ModuleDict({"default": copy.deepcopy(module)})
        self.original_module.requires_grad_(False)
        self.modules_to_save.requires_grad_(True)


class PeftModel(nn.Module):
    """A model with an adapter."""

    def __init__(self, model, config):
        super().__init__()
        self.peft_config = {"default": config}
        self.base_model = nn.Module()
        self.base_model.model = model
        model.requires_grad_(False)
        if isinstance(config, LoraConfig):
            _add_lora(model, config)
        else:
            self.prompt_encoder = nn.Embedding(8, 8)

    def __getattr__(self, name):
        try:
            return nn.Module.__getattr__(self, name)
        except AttributeError:
            return getattr(self.__dict__["_modules"]["base_model"].model, name)

    @classmethod
    def from_pretrained(cls, model, path, is_trainable=False, **options):
        made = cls(model, LoraConfig(target_modules=["q_proj", "v_proj"]))
        for name, parameter in made.named_parameters():
            parameter.requires_grad = is_trainable and "lora_" in name
        return made

    def get_base_model(self):
        return self.base_model.model

    def print_trainable_parameters(self):
        return None

    def save_pretrained(self, path, **options):
        return None

    def merge_and_unload(self):
        return self.base_model.model


PeftModelForCausalLM = PeftModel


def _matches(name, target):
    if isinstance(target, str):
        return re.fullmatch(target, name) is not None
    return any(name == item or name.endswith(f".{item}") for item in target)


def _add_lora(model, config):
    target = config.target_modules or ["q_proj", "v_proj"]
    linear = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    if target == "all-linear":
        chosen = [(name, module) for name, module in linear if "lm_head" not in name]
    else:
        chosen = [(name, module) for name, module in linear if _matches(name, target)]
    if not chosen:
        raise ValueError(f"Target modules {target} not found in the base model. Please check the target modules and try again.")
    for name, module in chosen:
        if config.layers_to_transform is not None and not _in_layers(name, config.layers_to_transform):
            continue
        _replace(model, name, LoraLinear(module, config.r))
    for name, module in list(model.named_modules()):
        if config.modules_to_save and any(name == item or name.endswith(f".{item}") for item in config.modules_to_save):
            _replace(model, name, ModulesToSaveWrapper(module))
    if config.bias in ("all", "lora_only"):
        for name, parameter in model.named_parameters():
            if name.endswith("bias") and (config.bias == "all" or ".base_layer." in name):
                parameter.requires_grad = True


def _in_layers(name, layers):
    found = re.search(r"\.(\d+)\.", name)
    return found is not None and int(found[1]) in ([layers] if isinstance(layers, int) else layers)


def _replace(model, name, module):
    parent, _, last = name.rpartition(".")
    model.get_submodule(parent).add_module(last, module)


def get_peft_model(model, peft_config, adapter_name="default", **options):
    return PeftModel(model, peft_config)


def prepare_model_for_kbit_training(model, use_gradient_checkpointing=True, gradient_checkpointing_kwargs=None):
    model.requires_grad_(False)
    return model


def get_peft_model_state_dict(model, **options):
    return model.state_dict()


def set_peft_model_state_dict(model, state, **options):
    return None
