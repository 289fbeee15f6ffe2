"""Overrides of a project's Trainer against what releases of transformers pass."""

import pytest

from lintune.scripts.entry import EntryScript, read_entry_script
from lintune.source.text import Source


def script(text: str, **files: str) -> EntryScript:
    """An entry script with project files beside it."""
    sources = {f"{name}.py": Source(f"{name}.py", text) for name, text in files.items()}
    return read_entry_script(Source("finetune.py", text), sources.get)


@pytest.mark.parametrize(
    ("signature", "old"),
    [
        ("self, model, inputs", True),
        ("self, model, inputs, num_items_in_batch=None", False),
        ("self, model, inputs, count=None", False),
        ("self, *args", False),
    ],
)
def test_training_step(signature: str, old: bool) -> None:
    """The third argument comes by position, so that its name does not matter."""
    found = script(f"class Own(Trainer):\n    def training_step({signature}):\n        pass\n").trainer_override("training_step")
    assert (found is not None) is old
    if found:
        assert found[0] == "Own" and found[1].text == f"def training_step({signature}"


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("class Own(Trainer):\n    def compute_loss(self, model, inputs, return_outputs=False): pass\n", True),
        ("class Own(Trainer):\n    def compute_loss(self, model, inputs, return_outputs=False, **kw): pass\n", False),
        ("class Own(Trainer):\n    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None): pass\n", False),
        ("class Own(Trainer):\n    def compute_loss(self, m, i): pass\n    def training_step(self, m, i, n=None): pass\n", False),
        ("class Loss(Module):\n    def compute_loss(self, model, inputs): pass\n", False),
    ],
)
def test_compute_loss(text: str, old: bool) -> None:
    """A class that steps by itself calls its own loss."""
    assert (script(text).trainer_override("compute_loss") is not None) is old


def test_a_trainer_of_another_file() -> None:
    """The file is found through the import."""
    own = "from transformers import Trainer\nclass OwnTrainer(Trainer):\n    def training_step(self, model, inputs): pass\n"
    found = script("from trainer import OwnTrainer\nOwnTrainer(model=m, tokenizer=t)\n", trainer=own)
    step, tokenizer = found.trainer_override("training_step"), found.trainer_override("tokenizer")
    assert step is not None and step[1].source.path == "trainer.py"
    assert tokenizer is not None and tokenizer[1].text == "tokenizer=t"


@pytest.mark.parametrize("call", ["SFTTrainer(tokenizer=t)", "Trainer(processing_class=t)", "Collator(tokenizer=t)", "Own(tokenizer=t)"])
def test_other_tokenizers(call: str) -> None:
    """TRL's trainers have windows of their own, and a class with an `__init__` may take what it likes."""
    assert script(f"class Own(Trainer):\n    def __init__(self, tokenizer): pass\n{call}\n").trainer_override("tokenizer") is None
