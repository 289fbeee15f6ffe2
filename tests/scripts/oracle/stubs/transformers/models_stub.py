"""Models without numbers, with the parameter names of the released ones."""

from types import SimpleNamespace

import oracle_probe
from torch import nn


class Config:
    """A model's configuration, by name."""

    def __init__(self, name="", **values):
        self._name_or_path = name
        self.model_type = "llama"
        self.hidden_size = 8
        self.tie_word_embeddings = False
        self.use_cache = True
        self.torch_dtype = None
        self.architectures = ["LlamaForCausalLM"]
        self.vocab_size = 32
        self.num_hidden_layers = 2
        self.max_position_embeddings = 2048
        self.rope_scaling = None
        self.__dict__.update(values)

    @classmethod
    def from_pretrained(cls, name, **options):
        return cls(name)

    def update(self, values):
        self.__dict__.update(values)

    def to_dict(self):
        return dict(self.__dict__)


class Attention(nn.Module):
    def __init__(self, size):
        super().__init__()
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(self, name, nn.Linear(size, size, bias=False))


class Mlp(nn.Module):
    def __init__(self, size):
        super().__init__()
        for name in ("gate_proj", "up_proj", "down_proj"):
            setattr(self, name, nn.Linear(size, size, bias=False))


class Layer(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.self_attn = Attention(size)
        self.mlp = Mlp(size)
        self.input_layernorm = nn.RMSNorm(size)
        self.post_attention_layernorm = nn.RMSNorm(size)


class LlamaModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([Layer(config.hidden_size) for _ in range(config.num_hidden_layers)])
        self.norm = nn.RMSNorm(config.hidden_size)


class VisionBlock(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.norm1 = nn.LayerNorm(size)
        self.attn = nn.Module()
        self.attn.qkv = nn.Linear(size, size)
        self.attn.proj = nn.Linear(size, size)
        self.mlp = nn.Module()
        self.mlp.fc1 = nn.Linear(size, size)
        self.mlp.fc2 = nn.Linear(size, size)


class PreTrainedModel(nn.Module):
    """What every released model can do."""

    supports_gradient_checkpointing = True

    def __init__(self, config=None):
        super().__init__()
        self.config = config if config is not None else Config()
        self.generation_config = SimpleNamespace(do_sample=False)
        self.is_loaded_in_4bit = self.is_loaded_in_8bit = self.is_quantized = False
        self.is_parallelizable = self.model_parallel = False
        self.hf_device_map = {"": 0}
        self.build()

    def build(self):
        """Creates the modules."""

    @classmethod
    def from_pretrained(cls, name, *args, **options):
        oracle_probe.called("from_pretrained", options)
        return cls._loaded(name, **options)

    @classmethod
    def _loaded(cls, name, config=None, quantization_config=None, load_in_4bit=False, load_in_8bit=False, **options):
        model = cls(config if config is not None else Config(name))
        four = load_in_4bit or bool(getattr(quantization_config, "load_in_4bit", False))
        eight = load_in_8bit or bool(getattr(quantization_config, "load_in_8bit", False))
        model.is_loaded_in_4bit, model.is_loaded_in_8bit, model.is_quantized = four, eight, four or eight
        return model

    @classmethod
    def from_config(cls, config, **options):
        return cls(config)

    def gradient_checkpointing_enable(self, gradient_checkpointing_kwargs=None):
        return None

    def gradient_checkpointing_disable(self):
        return None

    def enable_input_require_grads(self):
        return None

    def tie_weights(self):
        return None

    def get_input_embeddings(self):
        return next(module for module in self.modules() if isinstance(module, nn.Embedding))

    def get_output_embeddings(self):
        return next((module for name, module in self.named_modules() if name.endswith("lm_head")), None)

    def resize_token_embeddings(self, count=None, **options):
        return self.get_input_embeddings()

    def save_pretrained(self, path, **options):
        return None

    @property
    def dtype(self):
        return "float32"

    @property
    def device(self):
        import torch

        return torch.device("cpu")


class LlamaForCausalLM(PreTrainedModel):
    def build(self):
        self.model = LlamaModel(self.config)
        self.lm_head = nn.Linear(self.config.hidden_size, self.config.vocab_size, bias=False)

    def get_model(self):
        return self.model


class Qwen2ForCausalLM(LlamaForCausalLM):
    pass


class CLIPVisionModel(PreTrainedModel):
    def build(self):
        self.vision_model = nn.Module()
        self.vision_model.embeddings = nn.Module()
        self.vision_model.embeddings.patch_embedding = nn.Conv2d(3, 8, 14, bias=False)
        self.vision_model.encoder = nn.Module()
        self.vision_model.encoder.layers = nn.ModuleList([VisionBlock(8) for _ in range(3)])
        self.vision_model.post_layernorm = nn.LayerNorm(8)


class MiniCPMV(PreTrainedModel):
    def build(self):
        self.llm = LlamaForCausalLM(self.config)
        self.vpm = nn.Module()
        self.vpm.embeddings = nn.Module()
        self.vpm.embeddings.patch_embedding = nn.Conv2d(3, 8, 14)
        self.vpm.encoder = nn.ModuleList([VisionBlock(8) for _ in range(2)])
        self.resampler = nn.Module()
        self.resampler.query = nn.Parameter((4, 8))
        self.resampler.kv_proj = nn.Linear(8, 8, bias=False)
        self.resampler.attn = nn.Linear(8, 8)


class Qwen2VLForConditionalGeneration(PreTrainedModel):
    def build(self):
        self.visual = nn.Module()
        self.visual.patch_embed = nn.Module()
        self.visual.patch_embed.proj = nn.Conv2d(3, 8, 14, bias=False)
        self.visual.blocks = nn.ModuleList([VisionBlock(8) for _ in range(2)])
        self.visual.merger = nn.Module()
        self.visual.merger.ln_q = nn.RMSNorm(8)
        self.visual.merger.mlp = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8))
        self.model = LlamaModel(self.config)
        self.lm_head = nn.Linear(self.config.hidden_size, self.config.vocab_size, bias=False)


class Qwen2_5_VLForConditionalGeneration(Qwen2VLForConditionalGeneration):  # noqa: N801
    pass


class Qwen3VLForConditionalGeneration(Qwen2VLForConditionalGeneration):
    def build(self):
        super().build()
        self.visual.deepstack_merger_list = nn.ModuleList([nn.Linear(8, 8)])


class SmolVLMForConditionalGeneration(PreTrainedModel):
    def build(self):
        self.model = nn.Module()
        self.model.vision_model = CLIPVisionModel(self.config).vision_model
        self.model.connector = nn.Module()
        self.model.connector.modality_projection = nn.Linear(8, 8, bias=False)
        self.model.text_model = LlamaModel(self.config)
        self.lm_head = nn.Linear(self.config.hidden_size, self.config.vocab_size, bias=False)


class InternVLChatModel(PreTrainedModel):
    def build(self):
        self.vision_model = nn.Module()
        self.vision_model.embeddings = nn.Module()
        self.vision_model.embeddings.patch_embedding = nn.Conv2d(3, 8, 14)
        self.vision_model.encoder = nn.Module()
        self.vision_model.encoder.layers = nn.ModuleList([VisionBlock(8) for _ in range(4)])
        self.language_model = LlamaForCausalLM(self.config)
        self.mlp1 = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8))


class BertForSequenceClassification(PreTrainedModel):
    def build(self):
        self.bert = nn.Module()
        self.bert.embeddings = nn.Embedding(32, 8)
        self.bert.encoder = nn.ModuleList([Layer(8) for _ in range(2)])
        self.bert.pooler = nn.Linear(8, 8)
        self.classifier = nn.Linear(8, 2)

    @property
    def base_model(self):
        return self.bert


_BY_NAME = {
    "minicpm-v": MiniCPMV,
    "internvl": InternVLChatModel,
    "qwen2.5-vl": Qwen2_5_VLForConditionalGeneration,
    "qwen3-vl": Qwen3VLForConditionalGeneration,
    "qwen2-vl": Qwen2VLForConditionalGeneration,
    "smolvlm": SmolVLMForConditionalGeneration,
    "bert": BertForSequenceClassification,
}


class AutoModel:
    """Picks the model by a part of its name, else a Llama."""

    @classmethod
    def from_pretrained(cls, name, *args, **options):
        found = next((made for part, made in _BY_NAME.items() if part in str(name).lower()), LlamaForCausalLM)
        return found.from_pretrained(name, *args, **options)

    @classmethod
    def from_config(cls, config, **options):
        return LlamaForCausalLM(config)
