"""Saves that one rank makes alone."""

import pytest

from lintune.scripts.entry import read_entry_script
from lintune.source.text import Source


def saved(text: str) -> str | None:
    """The condition that is found."""
    site = read_entry_script(Source("finetune.py", text), lambda path: None).rank0_save
    return site.text if site else None


@pytest.mark.parametrize(
    "condition",
    ["args.local_rank == 0", "trainer.args.should_save and trainer.args.local_rank == 0", "trainer.is_world_process_zero()", "rank == 0"],
)
def test_a_collective_save_on_one_rank(condition: str) -> None:
    """`Trainer.save_model` gathers the weights of every rank."""
    assert saved(f"def save(trainer, rank):\n    if {condition}:\n        trainer.save_model('out')\n") == condition


@pytest.mark.parametrize(
    "text",
    [
        "if args.local_rank == 0:\n    print('done')\ntrainer.save_model('out')\n",
        "if args.local_rank == 0:\n    model.save_pretrained('out')\n",
        "if args.local_rank != 0:\n    trainer.save_model('out')\n",
        "if args.local_rank == 0 or args.local_rank == -1:\n    trainer.save_model('out')\n",
        "trainer.save_model('out')\n",
    ],
)
def test_other_saves(text: str) -> None:
    """Calls that every rank makes, or that gather nothing."""
    assert saved(text) is None
