"""A package beside the script: star import, `__all__`, relative imports, module attributes."""
# run:
# run: --rank 65
# run: --train_head True
# run: --train_norms True
# run: --train_head True --strict True
# run: --strict True
# run: --version 1
import recipe
import recipe.limits as limits
from recipe import *  # noqa: F403
from recipe import Options
from transformers import AutoModelForCausalLM, HfArgumentParser, Trainer, TrainingArguments


def main():
    options, training = HfArgumentParser((Options, TrainingArguments)).parse_args_into_dataclasses()
    check_all(options, strict=options.strict)  # noqa: F405
    if options.version != recipe.VERSION:
        raise RuntimeError(f"version {options.version}, not {recipe.VERSION}")
    model = AutoModelForCausalLM.from_pretrained("m")
    if options.train_head or options.train_norms:
        model = recipe.freezing.freeze(model, options)
    assert options.rank <= limits.MOST
    Trainer(model=model, args=training, train_dataset=[]).train()


if __name__ == "__main__":
    main()
