"""Which Trainer a script makes, and whether the project builds the groups of its optimizer."""

import pytest

from lintune.scripts.entry import read_entry_script
from lintune.scripts.walk.trace import walk_script
from lintune.source.text import Source
from lintune.values.value import Unknown

_OWN = """
from transformers import Trainer
class Grouped(Trainer):
    def create_optimizer(self):
        return None
class Below(Grouped):
    pass
class Bare(Trainer):
    def compute_loss(self, model, inputs):
        return 0
"""
_PATCH = """
import transformers
def create_optimizer(self):
    return None
transformers.Trainer.create_optimizer = create_optimizer
"""


@pytest.mark.parametrize(
    ("imported", "made", "groups"),
    [
        ("from own import Grouped", "Grouped", True),
        ("from own import Below", "Below", True),
        ("from own import Bare", "Bare", False),
        ("from transformers import Trainer", "Trainer", False),
        ("from trl import DPOTrainer", "DPOTrainer", False),
        ("import patch\nfrom own import Bare", "Bare", True),
        ("import patch\nfrom transformers import Trainer", "Trainer", True),
        ("from elsewhere import SpecialTrainer", "SpecialTrainer", None),
    ],
)
def test_groups_are_those_of_the_class_that_is_made(imported: str, made: str, groups: bool | None) -> None:
    sources = {name: Source(name, text) for name, text in (("own.py", _OWN), ("patch.py", _PATCH))}
    text = f"import argparse\n{imported}\nargs = argparse.ArgumentParser().parse_args()\ntrainer = {made}(model=None)\ntrainer.train()\n"
    found = walk_script(read_entry_script(Source("train.py", text), sources.get), lambda name: Unknown(""))
    assert [(each.name.rpartition(".")[2], each.certain, each.groups) for each in found.trainers] == [(made, True, groups)]
