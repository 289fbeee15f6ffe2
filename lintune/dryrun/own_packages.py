"""Packages that a model's own code asks for and that are not installed: stand-ins, as far as what is asked for needs none of them."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lintune.dryrun.intercept.stand_in import Packages

COMPUTING = frozenset((
    "flash_attn", "xformers", "causal_conv1d", "mamba_ssm", "einops", "timm", "triton", "fla", "apex", "torchvision", "torchaudio",
    "liger_kernel", "kernels", "bitsandbytes", "open_clip", "sentence_transformers", "scipy", "numpy",
))  # fmt: skip
"""Packages that take part in a forward pass; a model that lacks one can be counted, not run."""


@contextmanager
def own_packages(runnable: bool, assumptions: list[str]) -> Iterator[None]:
    """Inside, code of the model's own finds stand-ins for what it lacks; `runnable`: but for what computes. They are told of."""
    from transformers import dynamic_module_utils

    packages = Packages(os.path.abspath(dynamic_module_utils.HF_MODULES_CACHE), COMPUTING if runnable else frozenset())
    original = dynamic_module_utils.check_imports

    def check_imports(filename: Any) -> Any:
        for name in dynamic_module_utils.get_imports(filename):
            if name.partition(".")[0] in packages.never and not _there(name):
                return original(filename)  # it says which are missing
        return dynamic_module_utils.get_relative_imports(filename)

    dynamic_module_utils.check_imports = check_imports
    sys.meta_path.append(packages)
    try:
        yield
    finally:
        sys.meta_path.remove(packages)
        dynamic_module_utils.check_imports = original
        _forget(packages.made)
        assumptions += [f"`{name}`, which the model's code asks for, is not installed: a stand-in" for name in sorted(packages.made)]


def _forget(made: set[str]) -> None:
    """Nobody else shall find the stand-ins, nor the code that was imported with them."""
    for name in [each for each in sys.modules if each.partition(".")[0] in made or (made and each.startswith("transformers_modules."))]:
        del sys.modules[name]


def _there(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True
