"""Names that other releases of transformers and peft have, which a script of their time imports: the same thing where it lives now.

What is not known here fails, as it would in the launch with these releases: a stand-in for something that freezes or wraps would change
what is trained.
"""

import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec

_NOW = {
    ("transformers", "deepspeed"): ("transformers.integrations.deepspeed", ""),
    ("transformers.trainer", "ALL_LAYERNORM_LAYERS"): ("transformers.pytorch_utils", "ALL_LAYERNORM_LAYERS"),
    ("transformers", "AutoModelForVision2Seq"): ("transformers", "AutoModelForImageTextToText"),
    ("transformers", "AutoModelWithLMHead"): ("transformers", "AutoModelForCausalLM"),
    ("transformers", "LLaMATokenizer"): ("transformers", "LlamaTokenizer"),
    ("peft", "prepare_model_for_int8_training"): ("peft", "prepare_model_for_kbit_training"),
    ("peft.utils", "prepare_model_for_int8_training"): ("peft", "prepare_model_for_kbit_training"),
}
"""Module and name as they were: module and name as they are (no name: the module itself). From the release notes of both."""
_STARRED = ("transformers.trainer", "transformers.trainer_pt_utils", "transformers.modeling_utils")
"""Modules that scripts import with a star, and so their typing names, which newer releases write otherwise."""
_TYPING = ("Any", "Callable", "Dict", "List", "Optional", "Tuple", "Union", "Type", "Iterator", "Iterable")


def install() -> None:
    """Put the names where scripts look for them, where they are not there."""
    for (module, name), (now, what) in _NOW.items():
        with suppress(ImportError, AttributeError):
            there, found = import_module(module), import_module(now)
            if not hasattr(there, name):
                setattr(there, name, getattr(found, what) if what else found)
    if find_spec("transformers.deepspeed") is None:
        sys.modules["transformers.deepspeed"] = import_module("transformers.integrations.deepspeed")
    typing = import_module("typing")
    for module in _STARRED:
        there = import_module(module)
        for name in _TYPING:
            vars(there).setdefault(name, getattr(typing, name))
    trainer = vars(import_module("transformers.trainer"))
    trainer.setdefault("ALL_LAYERNORM_LAYERS", [import_module("torch").nn.LayerNorm])  # what it was when it was taken out
