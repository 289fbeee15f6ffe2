"""LMFlow: arguments by pipeline name, a model class that wraps, `__post_init__` guards of several classes."""
# run: --model_name_or_path gpt2
# run: --model_name_or_path gpt2 --use_lora True
# run: --model_name_or_path gpt2 --config_overrides a=1
# run: --model_name_or_path gpt2 --use_qlora True
# run: --model_name_or_path gpt2 --train_file d.parquet
# run: --model_name_or_path gpt2 --train_file d.json --streaming True
# run: --model_name_or_path gpt2 --use_lisa True --lisa_activated_layers 0
# run: --model_name_or_path gpt2 --use_lisa True --fp16 --bf16
# run: --model_name_or_path gpt2 --arch_type encoder_decoder
# run: --model_name_or_path gpt2 --arch_type other
# run:
import os
import sys

from args import AutoArguments, DatasetArguments, ModelArguments
from auto_model import AutoModel
from transformers import HfArgumentParser, Trainer


class Finetuner:
    def __init__(self, model_args, data_args, finetuner_args):
        self.model_args, self.data_args, self.finetuner_args = model_args, data_args, finetuner_args

    def tune(self, model):
        trainer = Trainer(model=model.get_backend_model(), args=self.finetuner_args, train_dataset=[])
        trainer.train()
        return model


def main():
    pipeline_name = "finetuner"
    PipelineArguments = AutoArguments.get_pipeline_args_class(pipeline_name)
    parser = HfArgumentParser((ModelArguments, DatasetArguments, PipelineArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        model_args, data_args, pipeline_args = parser.parse_json_file(json_file=os.path.abspath(sys.argv[1]))
    else:
        model_args, data_args, pipeline_args = parser.parse_args_into_dataclasses()
    finetuner = Finetuner(model_args, data_args, pipeline_args)
    model = AutoModel.get_model(model_args)
    finetuner.tune(model=model)


if __name__ == "__main__":
    main()
