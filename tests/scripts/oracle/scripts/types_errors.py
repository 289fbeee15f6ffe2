"""Errors that nobody wrote: TypeError, AttributeError, IndexError, ValueError of conversions, UnboundLocalError, NameError."""
# run:
# run: --case type
# run: --case attribute
# run: --case index
# run: --case convert
# run: --case unbound
# run: --case name
# run: --case unpack
# run: --case call
# run: --case option
# run: --case slice
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", default="none")
    args = parser.parse_args()
    case = args.case
    if case == "type":
        print("rank " + 3)
    if case == "attribute":
        print(case.lowered())
    if case == "index":
        print(["a", "b"][len(case)])
    if case == "convert":
        print(int(case))
    if case == "unbound":
        print(later)  # noqa: F821
    if case != "unbound":
        later = 1
    if case == "name":
        print(no_such_name)  # noqa: F821
    if case == "unpack":
        first, second = case.split("p")[0]
        print(first, second, later)
    if case == "call":
        case()
    if case == "option":
        print(args.no_such_option)
    if case == "slice":
        assert case[1:3] == "li" and case[::-1] == "ecils" and case[:-9] == "", "never"
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
