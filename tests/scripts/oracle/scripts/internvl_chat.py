"""InternVL: three freezes, LoRA by rank, slices of the vision tower, a head that is not really unfrozen."""
# run: --model_name_or_path OpenGVLab/InternVL2
# run: --model_name_or_path OpenGVLab/InternVL2 --freeze_llm True --freeze_backbone True
# run: --model_name_or_path OpenGVLab/InternVL2 --freeze_llm True --freeze_backbone True --freeze_mlp True
# run: --model_name_or_path OpenGVLab/InternVL2 --freeze_llm True --use_llm_lora 16 --freeze_mlp True --freeze_backbone True
# run: --model_name_or_path OpenGVLab/InternVL2 --use_llm_lora 8
# run: --model_name_or_path OpenGVLab/InternVL2 --use_backbone_lora 4 --freeze_backbone True
# run: --model_name_or_path OpenGVLab/InternVL2 --freeze_backbone True --unfreeze_vit_layers 2
# run: --model_name_or_path OpenGVLab/InternVL2 --freeze_backbone True --unfreeze_vit_layers -1
# run: --model_name_or_path OpenGVLab/InternVL2 --freeze_llm True --unfreeze_lm_head True
# run: LAUNCHER=torchx --model_name_or_path OpenGVLab/InternVL2
# run: LAUNCHER=slurm --model_name_or_path OpenGVLab/InternVL2
# run: --model_name_or_path OpenGVLab/InternVL2 --loss_reduction mean

import os
import sys
from dataclasses import dataclass, field
from typing import Literal, Optional

import torch.distributed as dist
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer, HfArgumentParser, InternVLChatModel, Trainer, TrainingArguments, set_seed


@dataclass
class ModelArguments:
    model_name_or_path: Optional[str] = field(default=None)
    vision_path: Optional[str] = field(default=None)
    llm_path: Optional[str] = field(default=None)
    freeze_llm: bool = field(default=False)
    freeze_backbone: bool = field(default=False)
    freeze_mlp: bool = field(default=False)
    unfreeze_vit_layers: int = field(default=0)
    use_backbone_lora: int = field(default=0)
    use_llm_lora: int = field(default=0)
    unfreeze_lm_head: bool = field(default=False)
    grad_checkpoint: Optional[bool] = field(default=False)
    ps_version: Literal["v1", "v2"] = field(default="v2")


@dataclass
class DataTrainingArguments:
    max_seq_length: int = field(default=2048)
    conv_style: Optional[str] = field(default="internlm2-chat")
    loss_reduction: str = field(default="token")


def init_dist(launcher, backend="nccl"):
    if launcher == "pytorch":
        dist.init_process_group(backend=backend)
    elif launcher == "slurm":
        _init_dist_slurm(backend)
    else:
        raise ValueError(f"Invalid launcher type: {launcher}")


def _init_dist_slurm(backend):
    proc_id = int(os.environ["SLURM_PROCID"])
    dist.init_process_group(backend=backend, rank=proc_id)


def wrap_backbone_lora(model, r=128, lora_alpha=256, lora_dropout=0.05):
    lora_config = LoraConfig(r=r, target_modules=["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"], lora_alpha=lora_alpha)
    model.vision_model = get_peft_model(model.vision_model, lora_config)
    model.vision_model.print_trainable_parameters()


def wrap_llm_lora(model, r=128, lora_alpha=256):
    lora_config = LoraConfig(r=r, target_modules=["self_attn.q_proj", "self_attn.v_proj"], lora_alpha=lora_alpha, task_type="CAUSAL_LM")
    model.language_model = get_peft_model(model.language_model, lora_config)
    model.language_model.enable_input_require_grads()


def main():
    launcher = os.environ.get("LAUNCHER", "pytorch")
    init_dist(launcher=launcher, backend="nccl")
    parser = HfArgumentParser((ModelArguments, DataTrainingArguments, TrainingArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        model_args, data_args, training_args = parser.parse_json_file(json_file=os.path.abspath(sys.argv[1]))
    else:
        model_args, data_args, training_args = parser.parse_args_into_dataclasses()
    set_seed(training_args.seed)

    tokenizer = AutoTokenizer.from_pretrained(model_args.model_name_or_path or model_args.llm_path)
    if data_args.loss_reduction not in ["token", "sample", "square"]:
        raise NotImplementedError(f"{data_args.loss_reduction} is not supported")
    if model_args.model_name_or_path is not None:
        model = InternVLChatModel.from_pretrained(model_args.model_name_or_path)
    else:
        raise NotImplementedError("only a whole model here")

    def _freeze_params(module):
        for param in module.parameters():
            param.requires_grad = False

    if model_args.freeze_backbone:
        _freeze_params(model.vision_model)
    if model_args.freeze_llm:
        model.language_model = model.language_model.eval()
        _freeze_params(model.language_model)
    if model_args.unfreeze_lm_head:
        model.language_model.lm_head.requires_grad = True
    if model_args.use_backbone_lora:
        wrap_backbone_lora(model, r=model_args.use_backbone_lora, lora_alpha=2 * model_args.use_backbone_lora)
    if model_args.use_llm_lora:
        wrap_llm_lora(model, r=model_args.use_llm_lora, lora_alpha=2 * model_args.use_llm_lora)
    if model_args.freeze_mlp:
        _freeze_params(model.mlp1)
    if model_args.unfreeze_vit_layers != 0:
        layers = model.vision_model.encoder.layers[model_args.unfreeze_vit_layers :]
        for k, v in layers.named_parameters():
            v.requires_grad = True

    trainer = Trainer(model=model, args=training_args, train_dataset=[], eval_dataset=None, tokenizer=tokenizer)
    if training_args.resume_from_checkpoint is not None:
        checkpoint = training_args.resume_from_checkpoint
    else:
        checkpoint = None
    trainer.train(resume_from_checkpoint=checkpoint)


if __name__ == "__main__":
    main()
