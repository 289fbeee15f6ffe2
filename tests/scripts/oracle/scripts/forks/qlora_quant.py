"""A qlora fork: quantisation settings behind a class with dunder methods and a context manager that restores state."""
# run:
# run: --bits 4
# run: --bits 8 --double_quant
# run: --bits 3
# run: --bits 16 --quant_type nf4
# run: --bits 4 --quant_type int4
# run: --bits 4 --compute fp64
# run: --bits 4 --full_finetune
# run: --bits 16 --full_finetune --lora_modules q_proj
# run: --bits 4 --lora_modules q_proj o_proj q_proj
import argparse
from contextlib import contextmanager

from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


class Settings(dict):
    """A dictionary with attributes."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Bits:
    allowed = (4, 8, 16)

    def __init__(self, count):
        if count not in self.allowed:
            raise ValueError(f"bits must be one of {self.allowed}")
        self.count = count

    def __eq__(self, other):
        return self.count == (other.count if isinstance(other, Bits) else other)

    def __lt__(self, other):
        return self.count < other

    def __str__(self):
        return f"{self.count}-bit"

    def __bool__(self):
        return self.count < 16


DTYPES = dict(fp16="float16", bf16="bfloat16", fp32="float32")


@contextmanager
def explained(what):
    try:
        yield
    except KeyError as error:
        raise SystemExit(f"{what}: {error.args[0]} is not known") from error


def check(args):
    bits = Bits(args.bits)
    if not bits and args.quant_type is not None:
        raise ValueError(f"quant_type makes no sense at {bits}")
    if bits == 8 and args.double_quant:
        raise ValueError(f"double quantisation at {bits!s}")
    if bits < 16 and args.full_finetune:
        raise ValueError(f"full finetuning at {args.bits} bits")
    with explained("compute"):
        dtype = DTYPES[args.compute]
    with explained("quant_type"):
        {"nf4": 1, "fp4": 2, None: 0}[args.quant_type]
    return Settings(bits=bits.count, dtype=dtype)


def find_modules(args):
    names = set()
    for name in args.lora_modules:
        if name in names:
            raise ValueError(f"{name} is given twice")
        names.add(name)
    return sorted(names)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--double_quant", action="store_true")
    parser.add_argument("--quant_type", default=None)
    parser.add_argument("--compute", default="bf16")
    parser.add_argument("--full_finetune", action="store_true")
    parser.add_argument("--lora_modules", nargs="*", default=[])
    args = parser.parse_args()
    settings = check(args)
    modules = find_modules(args)
    if args.full_finetune and modules:
        raise ValueError(f"{len(modules)} modules for LoRA, but all is tuned")
    model = AutoModelForCausalLM.from_pretrained("m", torch_dtype=settings.dtype)
    if not args.full_finetune:
        if settings.bits < 16:
            model = prepare_model_for_kbit_training(model)
        model = get_peft_model(model, LoraConfig(target_modules=modules or ["q_proj", "v_proj"]))
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
