"""try: swallowed, re-raised, replaced, finally, else."""
# run:
# run: --case swallow
# run: --case reraise
# run: --case replace
# run: --case other
# run: --case else
# run: --case finally
# run: --case return
# run: --case base
# run: --case tuple
# run: --case bind
import argparse

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


class Refused(ValueError):
    pass


def guard(case):
    if case in ("swallow", "reraise", "replace", "finally", "return", "tuple", "bind"):
        raise Refused(f"case {case}")
    if case == "other":
        raise KeyError(case)
    if case == "base":
        raise KeyboardInterrupt


def attempt(case):
    try:
        guard(case)
    except KeyError:
        raise
    except Refused as error:
        if case == "reraise":
            raise
        if case == "replace":
            raise RuntimeError("replaced: " + case) from error
        if case == "bind":
            assert error.args[0] != "case bind", "bound"
    except Exception:
        return None
    else:
        if case == "else":
            raise LookupError("in else")
    finally:
        if case == "finally":
            raise OSError("in finally")
    return case


def returning(case):
    try:
        guard(case)
    finally:
        return case  # noqa: B012


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", default="none")
    case = parser.parse_args().case
    if case == "return":
        case = returning(case)
    try:
        attempt(case)
    except (TypeError, ArithmeticError):
        raise SystemExit("never") from None
    try:
        if case == "tuple":
            raise FileNotFoundError("none")
    except (KeyError, OSError):
        case = "handled"
    assert case != "tuple"
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
