"""The little of transformers that a training script touches before its first step."""

import random
from types import SimpleNamespace

import oracle_probe

from . import integrations as integrations
from . import trainer_utils as trainer_utils
from . import utils as utils
from .hf_argparser import HfArg as HfArg
from .hf_argparser import HfArgumentParser as HfArgumentParser
from .models_stub import (
    AutoModel,
    BertForSequenceClassification,
    CLIPVisionModel,
    Config,
    InternVLChatModel,
    LlamaForCausalLM,
    LlamaModel,
    MiniCPMV,
    PreTrainedModel,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2ForCausalLM,
    Qwen2VLForConditionalGeneration,
    Qwen3VLForConditionalGeneration,
    SmolVLMForConditionalGeneration,
)
from .trainer import EarlyStoppingCallback as EarlyStoppingCallback
from .trainer import Seq2SeqTrainer as Seq2SeqTrainer
from .trainer import Trainer as Trainer
from .trainer import TrainerCallback as TrainerCallback
from .training_args import IntervalStrategy as IntervalStrategy
from .training_args import Seq2SeqTrainingArguments as Seq2SeqTrainingArguments
from .training_args import TrainingArguments as TrainingArguments

__version__ = "4.51.3"
__all__ = [
    "BertForSequenceClassification",
    "CLIPVisionModel",
    "InternVLChatModel",
    "LlamaForCausalLM",
    "LlamaModel",
    "MiniCPMV",
    "PreTrainedModel",
    "Qwen2ForCausalLM",
    "Qwen2VLForConditionalGeneration",
    "Qwen2_5_VLForConditionalGeneration",
    "Qwen3VLForConditionalGeneration",
    "SmolVLMForConditionalGeneration",
]
AutoModelForCausalLM = AutoModelForVision2Seq = AutoModelForImageTextToText = AutoModelForSeq2SeqLM = AutoModel
AutoModelForSequenceClassification = AutoModel
AutoConfig = PretrainedConfig = LlamaConfig = Config


class PreTrainedTokenizer:
    """A tokenizer without words."""

    def __init__(self, name=""):
        self.name_or_path = name
        self.pad_token, self.eos_token, self.unk_token, self.bos_token = None, "</s>", "<unk>", "<s>"
        self.pad_token_id, self.eos_token_id, self.unk_token_id = None, 2, 0
        self.padding_side, self.model_max_length, self.chat_template = "right", 2048, None
        self.image_processor, self.tokenizer = SimpleNamespace(size={}), self
        self.im_start_id = 3

    @classmethod
    def from_pretrained(cls, name, *args, **options):
        made = cls(name)
        for key, value in options.items():
            setattr(made, key, value)
        return made

    def add_special_tokens(self, tokens):
        return len(tokens)

    def add_tokens(self, tokens, special_tokens=False):
        return len(tokens)

    def __len__(self):
        return 32

    def __call__(self, *args, **options):
        return {"input_ids": [], "attention_mask": []}

    def convert_tokens_to_ids(self, token):
        return 1

    def save_pretrained(self, path):
        return None


PreTrainedTokenizerBase = AutoTokenizer = AutoProcessor = LlamaTokenizer = PreTrainedTokenizer
CLIPImageProcessor = AutoImageProcessor = ProcessorMixin = PreTrainedTokenizer


class BitsAndBytesConfig:
    """How weights are quantised."""

    def __init__(self, load_in_8bit=False, load_in_4bit=False, **options):
        oracle_probe.called("BitsAndBytesConfig", {"load_in_8bit": load_in_8bit, "load_in_4bit": load_in_4bit, **options})
        if load_in_4bit and load_in_8bit:
            raise ValueError("load_in_4bit and load_in_8bit are both True, but only one can be used at the same time")
        self.load_in_8bit, self.load_in_4bit = load_in_8bit, load_in_4bit
        self.__dict__.update(options)


class GenerationConfig:
    def __init__(self, **options):
        self.__dict__.update(options)


class DataCollatorForSeq2Seq:
    def __init__(self, *args, **options):
        self.options = options


default_data_collator = DataCollatorForLanguageModeling = DataCollatorWithPadding = DataCollatorForSeq2Seq


def set_seed(seed):
    random.seed(seed)


def get_scheduler(name, optimizer=None, **options):
    return SimpleNamespace(step=lambda: None)
