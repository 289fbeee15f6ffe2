"""Model wrappers by architecture."""

from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM


class Tunable:
    def get_backend_model(self):
        raise NotImplementedError("abstract")


class HFDecoderModel(Tunable):
    def __init__(self, model_args, tune_strategy="normal"):
        self.model_args = model_args
        if tune_strategy == "normal":
            if model_args.model_name_or_path is None:
                raise ValueError("no model_name_or_path")
            model = AutoModelForCausalLM.from_pretrained(model_args.model_name_or_path)
            if model_args.use_qlora:
                model = prepare_model_for_kbit_training(model)
            if model_args.use_lora:
                model = get_peft_model(model, LoraConfig(r=model_args.lora_r, target_modules=model_args.lora_target_modules))
        elif tune_strategy == "adapter":
            raise NotImplementedError("adapter tune strategy not implemented")
        self.backend_model = model

    def get_backend_model(self):
        return self.backend_model


class AutoModel:
    @classmethod
    def get_model(self, model_args, *args, **kwargs):
        arch_type = model_args.arch_type
        if arch_type == "decoder_only":
            return HFDecoderModel(model_args, *args, **kwargs)
        elif arch_type == "encoder_decoder":
            return HFDecoderModel(model_args, tune_strategy="adapter")
        else:
            raise NotImplementedError(f'model architecture type "{arch_type}" is not supported')
