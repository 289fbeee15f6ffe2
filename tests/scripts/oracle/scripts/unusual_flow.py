"""Generators, context managers, nested finally, loops with else, recursion through a table, del, starred."""
# run:
# run: --n 1
# run: --n 2
# run: --n 3
# run: --n 4
# run: --n 5
# run: --n 6
# run: --n 7
# run: --n 8
import argparse
import contextlib

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


def numbers(limit):
    for value in range(limit):
        if value == 4:
            raise StopAsyncIteration("four")
        yield value


@contextlib.contextmanager
def guarded(name):
    try:
        yield name
    except ArithmeticError as error:
        raise ValueError(f"in {name}") from error


class Swallow:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return kind is LookupError


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=0)
    n = parser.parse_args().n
    if n == 1:
        with guarded("one"):
            raise ArithmeticError("inner")
    with contextlib.suppress(KeyError):
        if n == 2:
            raise KeyError("suppressed")
    with Swallow():
        if n == 3:
            raise LookupError("swallowed")
    if n == 4:
        with Swallow() as swallow, guarded("four"):
            raise TypeError(f"{swallow is None}")
    total = 0
    for value in numbers(5 if n == 5 else 3):
        total += value
    while total > 0:
        total -= 1
        if n == 6 and total == 1:
            break
    else:
        n += 10
    if n == 6:
        raise ValueError("left the loop")
    if n == 17:
        del total
        print(total)
    with contextlib.ExitStack() as stack:
        stack.enter_context(Swallow())
        if n == 18:
            raise LookupError("swallowed by the stack")
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
