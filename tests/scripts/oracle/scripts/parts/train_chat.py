"""InternVL's manner: freezing by a function, LoRA by the model's own methods, layers from a place on."""
# run:
# run: --freeze_llm True --freeze_vision True
# run: --freeze_llm True --llm_lora 16 --freeze_mlp True
# run: --vision_lora 8 --freeze_llm True
# run: --freeze_vision True --vision_layers -1
# run: --freeze_vision True --vision_layers 2
# run: --freeze_vision True --freeze_llm True --freeze_mlp True
# run: --freeze_llm True --unfreeze_head True
# run: --freeze_llm True --unfreeze_head_weight True
# run: --llm_lora 8 --vision_lora 8
# run: --parts True --freeze_llm True

from dataclasses import dataclass, field

from chat import ChatConfig, ChatModel
from transformers import CLIPVisionModel, HfArgumentParser, LlamaForCausalLM, Trainer, TrainingArguments


@dataclass
class Arguments:
    freeze_llm: bool = field(default=False)
    freeze_vision: bool = field(default=False)
    freeze_mlp: bool = field(default=False)
    unfreeze_head: bool = field(default=False)
    unfreeze_head_weight: bool = field(default=False)
    vision_layers: int = field(default=0)
    vision_lora: int = field(default=0)
    llm_lora: int = field(default=0)
    parts: bool = field(default=False)


def main():
    args, training_args = HfArgumentParser((Arguments, TrainingArguments)).parse_args_into_dataclasses()
    if args.parts:
        vision = CLIPVisionModel.from_pretrained("openai/clip")
        llm = LlamaForCausalLM.from_pretrained("meta/llama")
        model = ChatModel(ChatConfig("both"), vision, llm)
    else:
        config = ChatConfig.from_pretrained("some/chat")
        config.template = "chat"
        model = ChatModel.from_pretrained("some/chat", config=config)
    model.language_model.config.use_cache = False

    def _freeze(module):
        for param in module.parameters():
            param.requires_grad = False

    if args.freeze_vision:
        _freeze(model.vision_model)
    if args.freeze_llm:
        model.language_model = model.language_model.eval()
        _freeze(model.language_model)
    if args.unfreeze_head:
        model.language_model.lm_head.requires_grad = True
    if args.unfreeze_head_weight:
        model.language_model.lm_head.weight.requires_grad = True
    if args.vision_lora:
        model.wrap_backbone_lora(r=args.vision_lora, lora_alpha=2 * args.vision_lora)
    if args.llm_lora:
        model.wrap_llm_lora(r=args.llm_lora, lora_alpha=2 * args.llm_lora)
    if args.freeze_mlp:
        _freeze(model.mlp1)
    if args.vision_layers != 0:
        layers = model.vision_model.vision_model.encoder.layers[args.vision_layers :]
        for _, v in layers.named_parameters():
            v.requires_grad = True
    Trainer(model=model, args=training_args, train_dataset=[]).train()


main()
