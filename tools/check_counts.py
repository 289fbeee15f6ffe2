"""Compare the parameter counts of `models/known.json` with the models that transformers builds on the meta device.

    python tools/check_counts.py [NAME ...]

Run it with an interpreter that has torch and transformers. Prints each model whose count differs and how many agree; families
that only exist as remote code are counted as not checked. Exit status 1 where something differs.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lintune.models.multimodal import model_of  # noqa: E402

CLASSES = ("AutoModelForImageTextToText", "AutoModelForCausalLM", "AutoModelForMultimodalLM", "AutoModelForMaskedLM")


def built(config: dict[str, Any]) -> int | None:
    """The parameters of the model that transformers builds; None where it does not know the type."""
    import torch  # type: ignore[import-not-found,unused-ignore]
    import transformers  # type: ignore[import-not-found,unused-ignore]

    values = {name: value for name, value in config.items() if name != "model_type"}
    try:
        made = transformers.AutoConfig.for_model(config["model_type"], **values)
    except ValueError:
        return None
    base = config["model_type"] in ("bert", "roberta")
    for name in ("AutoModel",) if base else CLASSES:
        auto = getattr(transformers, name, None)
        if auto is None or type(made) not in auto._model_mapping:
            continue
        with torch.device("meta"):
            model = auto.from_config(made)
        model.tie_weights() if hasattr(model, "tie_weights") else None
        return int(sum(parameter.numel() for parameter in model.parameters()))
    return None


def main(names: list[str]) -> int:
    """Compare all models, or those whose first name holds one of the words."""
    wrong = agree = unchecked = 0
    for entry in json.loads((ROOT / "models" / "known.json").read_text(encoding="utf-8"))["models"]:
        first = entry["ids"][0]
        if names and not any(name.lower() in first.lower() for name in names):
            continue
        try:
            theirs = built(entry["config"])
        except Exception as error:
            print(f"{first}: {type(error).__name__}: {error}")
            theirs = None
        if theirs is None:
            unchecked += 1
            continue
        mine = model_of(entry["config"]).params
        agree += mine == theirs
        wrong += mine != theirs
        if mine != theirs:
            print(f"{first}: lintune {mine}, transformers {theirs}, {mine - theirs:+}")
    print(f"{agree} agree, {wrong} differ, {unchecked} not in transformers")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
