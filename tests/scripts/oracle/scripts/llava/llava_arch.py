"""The model class of the LLaVA script."""

from builders import build_vision_projector, build_vision_tower
from transformers import LlamaForCausalLM, LlamaModel


class LlavaLlamaModel(LlamaModel):
    def initialize_vision_modules(self, model_args, fsdp=None):
        self.config.mm_vision_tower = model_args.vision_tower
        if getattr(self, "vision_tower", None) is None:
            self.vision_tower = build_vision_tower(model_args)
        self.config.use_mm_proj = True
        self.config.mm_projector_type = getattr(model_args, "mm_projector_type", "linear")
        if getattr(self, "mm_projector", None) is None:
            self.mm_projector = build_vision_projector(self.config.mm_projector_type)
        else:
            for p in self.mm_projector.parameters():
                p.requires_grad = True


class LlavaLlamaForCausalLM(LlamaForCausalLM):
    def build(self):
        super().build()
        self.model = LlavaLlamaModel(self.config)

    def get_model(self):
        return self.model
