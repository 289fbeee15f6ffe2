"""A multimodal model in the manner of LLaVA's: modules that methods put in later, towers that load when they are told to."""

from torch import nn
from transformers import CLIPVisionModel, LlamaForCausalLM
from transformers.models_stub import LlamaModel


class Tower(nn.Module):
    def __init__(self, name, args, delay_load=False):
        super().__init__()
        self.is_loaded = False
        self.name = name
        if not delay_load:
            self.load_model()
        elif getattr(args, "unfreeze_mm_tower", False):
            self.load_model()

    def load_model(self):
        if self.is_loaded:
            return
        self.tower = CLIPVisionModel.from_pretrained(self.name)
        self.tower.requires_grad_(False)
        self.is_loaded = True


def build_tower(args, **options):
    name = getattr(args, "mm_tower", getattr(args, "tower", None))
    if name.startswith("openai") or "siglip" in name:
        return Tower(name, args, **options)
    raise ValueError(f"unknown tower {name}")  # not from options: the checkpoint may have one


def build_projector(kind):
    if kind == "linear":
        return nn.Linear(8, 8)
    if kind == "mlp":
        return nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8))
    raise ValueError(f"unknown projector {kind}")  # not from options


class MetaModel:
    def __init__(self, config):
        super().__init__(config)
        if hasattr(config, "mm_tower"):
            self.vision_tower = build_tower(config, delay_load=True)
            self.mm_projector = build_projector(getattr(config, "mm_projector_type", "linear"))

    def get_vision_tower(self):
        tower = getattr(self, "vision_tower", None)
        if type(tower) is list:
            tower = tower[0]
        return tower

    def initialize_vision_modules(self, args, fsdp=None):
        if self.get_vision_tower() is None:
            tower = build_tower(args)
            if fsdp is not None and len(fsdp) > 0:
                self.vision_tower = [tower]
            else:
                self.vision_tower = tower
        else:
            tower = self.vision_tower
            tower.load_model()
        if getattr(self, "mm_projector", None) is None:
            self.mm_projector = build_projector(args.projector)
        else:
            for p in self.mm_projector.parameters():
                p.requires_grad = True


class TowerModel(MetaModel, LlamaModel):
    pass


class TowerForCausalLM(LlamaForCausalLM):
    def __init__(self, config):
        super().__init__(config)
        self.model = TowerModel(config)
        self.lm_head = nn.Linear(8, 32, bias=False)

    def get_vision_tower(self):
        return self.get_model().get_vision_tower()
