"""Compare `models/minicpm.json` with the config.json files of the models themselves.

    python tools/refresh_models.py FOLDER...

Each FOLDER is a downloaded model: its config.json and, where there is one, its model.safetensors.index.json. Prints every
value that differs from the table, and whether the computed parameter total equals the stored one (audio and speech parts
of the omni models are not in the table, so that their totals differ). Nothing is written: a person decides.
Exit status 1 where something differs.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lintune.frameworks.inventory import inventory, params_of  # noqa: E402
from lintune.frameworks.known_models import KnownModel, recognise  # noqa: E402

DECODER = {
    "hidden": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "intermediate": "intermediate_size",
    "vocab": "vocab_size",
    "tied": "tie_word_embeddings",
}
BYTES = {"float16": 2, "bfloat16": 2, "float32": 4}


def differences(model: KnownModel, config: dict[str, object]) -> list[str]:
    """The values of a config.json that the table has otherwise."""
    found = []
    for name, key in DECODER.items():
        mine, theirs = getattr(model.decoder, name), config.get(key)
        if theirs is not None and mine != theirs:
            found.append(f"{key}: table {mine}, config.json {theirs}")
    queries = config.get("query_num")
    if model.resampler is not None and queries is not None and queries != model.resampler.queries:
        found.append(f"query_num: table {model.resampler.queries}, config.json {queries}")
    vision = config.get("vision_config")
    if isinstance(vision, dict) and model.vision is not None:
        dropped = 1 if config.get("drop_vision_last_layer") else 0
        layers = vision.get("num_hidden_layers")
        if isinstance(layers, int) and layers - dropped != model.vision.layers:
            found.append(f"vision layers: table {model.vision.layers}, config.json {layers} less {dropped}")
    return found


def stored_params(folder: Path, config: dict[str, object]) -> int | None:
    """The parameters of the stored weights, from the index's total size; None without an index."""
    index = folder / "model.safetensors.index.json"
    size = BYTES.get(str(config.get("torch_dtype")))
    if not index.is_file() or size is None:
        return None
    return int(json.loads(index.read_text(encoding="utf-8"))["metadata"]["total_size"]) // size


def main(folders: list[str]) -> int:
    """Compare each folder; 0 where the table agrees with all of them."""
    wrong = 0
    for name in folders:
        folder, known = Path(name), recognise(name)
        if known is None or known.model.decoder is None:
            print(f"{name}: not a model of the table")
            continue
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        found = differences(known.model, config)
        stored, mine = stored_params(folder, config), params_of(inventory(known.model))
        if stored is not None and stored != mine:
            found.append(f"parameters: table {mine:,}, stored {stored:,}")
        print(f"{known.model.name}: " + ("; ".join(found) or f"agrees ({mine:,} parameters)"))
        wrong += bool(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
