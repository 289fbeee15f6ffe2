"""An axolotl-like trainer: the options become a nested dictionary, plugins check it one after the other."""
# run:
# run: --set adapter=lora
# run: --set adapter=lora lora.r=32 lora.alpha=16
# run: --set adapter=qlora
# run: --set adapter=qlora quant.bits=4
# run: --set optimizer=sgd scheduler=cosine
# run: --set adapter=ia3
# run: --set lora.r=abc
# run: --set datasets.0.type=chat datasets.1.type=raw
# run: --set packing=true datasets.0.type=raw
# run: --strict --set colour=red
import argparse

from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

DEFAULTS = {"adapter": None, "optimizer": "adamw", "scheduler": "linear", "packing": False, "lora": {"r": 8, "alpha": 16}}
PLUGINS = []


class Plugin:
    """Registers what is derived from it."""

    order = 0

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        PLUGINS.append(cls)

    def check(self, config):
        raise NotImplementedError


class AdapterPlugin(Plugin):
    order = 1
    known = ("lora", "qlora", None)

    def check(self, config):
        adapter = config["adapter"]
        if adapter not in self.known:
            raise ValueError(f"adapter {adapter}")
        if adapter == "qlora" and config.get("quant", {}).get("bits") != 4:
            raise ValueError("qlora needs quant.bits=4")
        if adapter and config["lora"]["alpha"] < config["lora"]["r"]:
            raise ValueError("alpha is smaller than r")


class DataPlugin(Plugin):
    def check(self, config):
        kinds = [config["datasets"][key]["type"] for key in sorted(config.get("datasets", {}))]
        if len(set(kinds)) > 1:
            raise ValueError(f"mixed kinds of data: {'/'.join(kinds)}")
        if config["packing"] and "raw" in kinds:
            raise ValueError("raw data cannot be packed")


class OptimizerPlugin(Plugin):
    def check(self, config):
        match (config["optimizer"], config["scheduler"]):
            case ("sgd", "cosine" | "linear" as scheduler):
                raise ValueError(f"sgd goes with constant, not {scheduler}")
            case (str() as name, _) if name.startswith("ada"):
                pass
            case _:
                raise ValueError("optimizer")


def scalar(text):
    lowered = text.lower()
    if lowered in {"true", "false"}:
        return lowered == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def assign(config, dotted, value):
    *above, last = dotted.split(".")
    for key in above:
        config = config.setdefault(key, {})
    config[last] = value


def flattened(config, prefix=""):
    for key, value in config.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--strict", action="store_true")
    args = parser.parse_args()
    config = {key: dict(value) if isinstance(value, dict) else value for key, value in DEFAULTS.items()}
    for word in args.set:
        key, value = word.split("=", maxsplit=1)
        assign(config, key, scalar(value))
    if args.strict:
        unknown = [key for key in flattened(config) if key.split(".")[0] not in DEFAULTS]
        assert not unknown, f"unknown settings: {unknown}"
    for plugin in sorted(PLUGINS, key=lambda each: each.order):
        plugin().check(config)
    if not isinstance(config["lora"]["r"], int):
        raise TypeError(f"lora.r must be a whole number, not {config['lora']['r']!r}")
    model = AutoModelForCausalLM.from_pretrained("m")
    if config["adapter"]:
        model = get_peft_model(model, LoraConfig(r=config["lora"]["r"], target_modules=["q_proj"]))
    Trainer(model=model, args=TrainingArguments("out"), train_dataset=[]).train()


main()
