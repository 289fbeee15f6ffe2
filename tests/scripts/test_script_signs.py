"""Signs in a script that rules speak of."""

import ast

import pytest

from lintune.scripts.modules import Module
from lintune.scripts.script_signs import early_stopping, late_thaw
from lintune.source.text import Source

THAW = """
class Thaw(TrainerCallback):
    def {hook}(self, args, state, control, model=None, **kwargs):
        {body}
"""


def module(text: str) -> Module:
    """A file of a project."""
    return Module(Source("train.py", text), ast.parse(text), "")


@pytest.mark.parametrize(
    ("hook", "body", "late"),
    [
        ("on_epoch_begin", "model.vision.requires_grad_(True)", True),
        ("on_train_begin", "model.vision.requires_grad_()", True),
        ("on_step_begin", "model.head.weight.requires_grad = True", True),
        ("on_epoch_begin", "model.vision.requires_grad_(False)", False),
        ("build", "model.vision.requires_grad_(True)", False),
        ("on_epoch_begin", "model.a.requires_grad_(False); model.b.requires_grad_(True)", False),
    ],
)
def test_what_a_callback_thaws(hook: str, body: str, late: bool) -> None:
    """Only a hook that runs after the optimizer was made; who freezes as well (LISA) starts with everything in the optimizer."""
    found = late_thaw(iter([module(THAW.format(hook=hook, body=body))]))
    assert (found is not None) is late


def test_early_stopping() -> None:
    """By the last part of the name."""
    assert early_stopping(iter([module("trainer = Trainer(callbacks=[transformers.EarlyStoppingCallback(3)])")])) is not None
    assert early_stopping(iter([module("callbacks = [Other()]")])) is None
