"""Environment variables: get with a default, getenv, a missing key, membership, conversion, setting."""
# run:
# run: MODE=strict
# run: MODE=strict ALLOW=1
# run: RANK_TEXT=x
# run: RANK_TEXT=3
# run: --need_token
# run: HUB=abc --need_token
# run: --offline
# run: DEBUG_FLAG=0
import argparse
import os

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

MODE = os.environ.get("MODE", "loose")
os.environ["OWN_SETTING"] = "set"
os.environ.setdefault("OTHER_SETTING", "1")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--need_token", action="store_true")
    parser.add_argument("--offline", action="store_true")
    args = parser.parse_args()
    if MODE == "strict" and not os.getenv("ALLOW"):
        raise PermissionError("strict")
    if os.environ.get("RANK_TEXT") is not None:
        if int(os.environ["RANK_TEXT"]) > 2:
            raise ValueError("rank text")
    if args.need_token:
        token = os.environ["HUB"]
        assert token
    if args.offline:
        os.environ["OFFLINE_MODE"] = "1"
    if os.environ.get("OFFLINE_MODE") == "1":
        raise ConnectionError("offline")
    if "DEBUG_FLAG" in os.environ:
        raise SystemExit("debug")
    assert os.environ["OWN_SETTING"] == "set"
    Trainer(model=AutoModelForCausalLM.from_pretrained("m"), args=TrainingArguments("out"), train_dataset=[]).train()


main()
