"""InternVL's manner: a model of the project that wraps its own parts, told by its config or by the script."""

from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import PreTrainedModel
from transformers.models_stub import CLIPVisionModel, Config, LlamaForCausalLM


class ChatConfig(Config):
    def __init__(self, name="", use_llm_lora=0, use_backbone_lora=0, **values):
        super().__init__(name, **values)
        self.use_llm_lora = use_llm_lora
        self.use_backbone_lora = use_backbone_lora


class ChatModel(PreTrainedModel):
    config_class = ChatConfig

    def __init__(self, config, vision_model=None, language_model=None):
        super().__init__(config)
        self.arch = config.architectures[0]
        if vision_model is not None:
            self.vision_model = vision_model
        else:
            self.vision_model = CLIPVisionModel(config)
        if language_model is not None:
            self.language_model = language_model
        else:
            self.language_model = LlamaForCausalLM(config)
        self.mlp1 = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8))
        if config.use_backbone_lora:
            self.wrap_backbone_lora(r=config.use_backbone_lora)
        if config.use_llm_lora:
            self.wrap_llm_lora(r=config.use_llm_lora)

    def wrap_backbone_lora(self, r=128, lora_alpha=256, lora_dropout=0.05):
        config = LoraConfig(r=r, target_modules=["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"], lora_alpha=lora_alpha)
        self.vision_model = get_peft_model(self.vision_model, config)

    def wrap_llm_lora(self, r=128, lora_alpha=256, lora_dropout=0.05):
        if self.arch == "OtherForCausalLM":
            names = ["attention.wqkv", "attention.wo", "feed_forward.w1"]
        elif self.arch in ["LlamaForCausalLM", "Qwen2ForCausalLM"]:
            names = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj"]
        else:
            raise NotImplementedError(self.arch)  # not from options
        config = LoraConfig(r=r, target_modules=names, lora_alpha=lora_alpha, lora_dropout=lora_dropout, task_type="CAUSAL_LM")
        self.language_model = get_peft_model(self.language_model, config)
        self.language_model.enable_input_require_grads()
        self.language_model.print_trainable_parameters()
