"""2U1 Qwen-VL: LoRA demands `freeze_llm`."""
# run:
# run: --lora_enable True
# run: --lora_enable True --freeze_llm True
# run: --lora_enable True --freeze_llm True --freeze_vision_tower True --freeze_merger True
# run: --vision_lora True
# run: --vision_lora True --lora_enable True --freeze_llm True
# run: --vision_lora True --lora_enable True --freeze_llm True --freeze_vision_tower True --freeze_merger True
# run: --nframes 4 --fps 1
# run: --model_id Qwen/Qwen3-VL-8B
# run: --model_id Qwen/Qwen3-VL-8B --use_liger False --freeze_merger True
# run: --lora_enable True --freeze_llm True --lora_namespan_exclude "['lm_head','embed_tokens']"
# run: --lora_enable True --freeze_llm True --lora_namespan_exclude lm_head
# run: --freeze_llm True --unfreeze_topk_llm 1

import ast

import torch
from params import DataArguments, ModelArguments, TrainingArguments
from peft import LoraConfig, get_peft_model
from transformers import AutoProcessor, HfArgumentParser, Qwen2VLForConditionalGeneration, Qwen3VLForConditionalGeneration, Trainer

local_rank = None


def rank0_print(*args):
    if local_rank == 0 or local_rank == "0" or local_rank is None:
        print(*args)


def find_target_linear_names(model, num_lora_modules=-1, lora_namespan_exclude=[], verbose=True):
    linear_cls = torch.nn.modules.Linear if hasattr(torch.nn, "modules") else torch.nn.Linear
    lora_module_names = []
    for name, module in model.named_modules():
        if any(ex_keyword in name for ex_keyword in lora_namespan_exclude):
            continue
        if isinstance(module, linear_cls):
            lora_module_names.append(name)
    if num_lora_modules > 0:
        lora_module_names = lora_module_names[-num_lora_modules:]
    if verbose:
        rank0_print(f"Found {len(lora_module_names)} lora modules: {lora_module_names}")
    return lora_module_names


def set_requires_grad(parameters, requires_grad):
    for p in parameters:
        p.requires_grad = requires_grad


def configure_vision_tower(model, training_args):
    vision_model_params = model.visual.parameters()
    set_requires_grad(vision_model_params, not training_args.freeze_vision_tower)
    merger_params = model.visual.merger.parameters()
    set_requires_grad(merger_params, not training_args.freeze_merger)


def configure_llm(model, training_args):
    lm_head = model.lm_head.parameters()
    set_requires_grad(lm_head, not training_args.freeze_llm)
    llm_params = model.model.parameters()
    set_requires_grad(llm_params, not training_args.freeze_llm)


def unfreeze_topk_layers(model, k_llm=0, k_vis=0):
    if k_llm and k_llm > 0:
        for layer in model.model.layers[-k_llm:]:
            for p in layer.parameters():
                p.requires_grad = True
    if k_vis and k_vis > 0:
        for block in model.visual.blocks[-k_vis:]:
            for p in block.parameters():
                p.requires_grad = True


def train():
    global local_rank
    parser = HfArgumentParser((ModelArguments, DataArguments, TrainingArguments))
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()

    if data_args.nframes is not None and data_args.fps is not None:
        raise ValueError("You cannot set both `nframes` and `fps` at the same time. Please set only one of them.")
    if training_args.lora_enable and not training_args.freeze_llm:
        raise ValueError("If `lora_enable` is True, `freeze_llm` must also be True.")
    if not training_args.lora_enable:
        assert not training_args.vision_lora, "Error: training_args.lora_enable is not enabled, but training_args.vision_lora is enabled."
    if training_args.vision_lora and not training_args.freeze_vision_tower:
        raise ValueError("If `vision_lora` is True, `freeze_vision_tower` must also be True.")
    else:
        if training_args.lora_namespan_exclude is not None:
            training_args.lora_namespan_exclude = ast.literal_eval(training_args.lora_namespan_exclude)
        else:
            training_args.lora_namespan_exclude = []
        if not training_args.vision_lora:
            training_args.lora_namespan_exclude += ["visual"]

    local_rank = training_args.local_rank
    if "Qwen3" in model_args.model_id:
        if training_args.use_liger:
            raise ValueError("Liger does not know Qwen3-VL: set `use_liger` to False.")
        model = Qwen3VLForConditionalGeneration.from_pretrained(model_args.model_id)
    else:
        model = Qwen2VLForConditionalGeneration.from_pretrained(
            model_args.model_id, attn_implementation="flash_attention_2" if not training_args.disable_flash_attn2 else "sdpa"
        )
    model.config.use_cache = False
    configure_llm(model, training_args)
    configure_vision_tower(model, training_args)
    unfreeze_topk_layers(model, k_llm=getattr(training_args, "unfreeze_topk_llm", 0), k_vis=getattr(training_args, "unfreeze_topk_vision", 0))

    if training_args.lora_enable:
        peft_config = LoraConfig(
            r=training_args.lora_rank,
            lora_alpha=training_args.lora_alpha,
            target_modules=find_target_linear_names(
                model, lora_namespan_exclude=training_args.lora_namespan_exclude, num_lora_modules=training_args.num_lora_modules
            ),
            lora_dropout=training_args.lora_dropout,
        )
        model = get_peft_model(model, peft_config)
        if not training_args.freeze_vision_tower:
            for name, param in model.named_parameters():
                if "visual" in name:
                    param.requires_grad = True
        if not training_args.freeze_merger:
            for name, param in model.named_parameters():
                if "merger" in name:
                    param.requires_grad = True

    processor = AutoProcessor.from_pretrained(model_args.model_id)
    trainer = Trainer(model=model, processing_class=processor, args=training_args, train_dataset=[])
    trainer.train()


if __name__ == "__main__":
    train()
