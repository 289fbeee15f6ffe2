"""Imports that may fail, in try, under conditions, of packages that are there or not."""
# run:
# run: --flash
# run: --need
# run: --quantize
# run: --quantize --full
# run: --late
import argparse

try:
    import no_such_package_anywhere

    HAS_FLASH = True
except ImportError:
    no_such_package_anywhere = None
    HAS_FLASH = False

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flash", action="store_true")
    parser.add_argument("--need", action="store_true")
    parser.add_argument("--quantize", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--late", action="store_true")
    args = parser.parse_args()
    if args.flash and not HAS_FLASH:
        raise ImportError("flash is not installed")  # not from options
    if args.need:
        import another_missing_package  # not from options

        another_missing_package.run()
    if args.quantize:
        from peft import prepare_model_for_kbit_training

        if args.full:
            raise ValueError("quantized and full")
    model = AutoModelForCausalLM.from_pretrained("m")
    if args.quantize:
        model = prepare_model_for_kbit_training(model)
    if args.late:
        prepare_model_for_kbit_training(model)
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
