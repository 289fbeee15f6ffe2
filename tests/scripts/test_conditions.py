"""Conditions of scripts: decided from options, undecided where something else is read, and the guards that carry them."""

import pytest

from lintune.scripts.conditions import decide
from lintune.scripts.entry import read_entry_script
from lintune.source.text import Source
from lintune.values.value import Absent, Known, Unknown, Value

SCRIPT = """
import os
from dataclasses import dataclass
from transformers import HfArgumentParser

@dataclass
class Arguments:
    mode: str = "slow"
    layers: int = 2
    model: str = ""
    cap: int = None

def train():
    (args,) = HfArgumentParser((Arguments,)).parse_args_into_dataclasses()
    fast = args.mode == "fast"
    layers = args.layers
    GUARD

train()
"""


def raises(guard: str, **options: Value) -> bool | None:
    """What the one guard says."""
    text = SCRIPT.replace("GUARD", guard.replace("\n", "\n    "))
    script = read_entry_script(Source("train.py", text), lambda path: None)
    assert len(script.guards) == 1, script.guards
    return decide(script.guards[0].condition, lambda name: options.get(name, Absent()))


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        ("if args.mode == 'fast' and not args.layers: raise ValueError()", True),
        ("if args.mode == 'slow' or args.layers: raise ValueError()", False),
        ("if 'Qwen' in args.model:\n    if layers < 1:\n        raise ValueError()", True),
        ("if 'Llama' in args.model: pass\nelif layers == 0: raise ValueError()", True),
        ("if args.mode in ['fast', 'quick']: raise ValueError()", True),
        ("if args.mode.upper() == 'FAST': raise ValueError()", True),
        ("if args.cap is not None: raise ValueError()", False),
        ("if args.cap is None: raise ValueError()", True),
        ("assert layers > 0, 'layers'", True),
        ("assert args.mode != 'slow'", False),
        ("if os.environ.get('X') and args.layers == 0: raise ValueError()", None),
        ("if os.environ.get('X') and args.layers: raise ValueError()", False),
        ("for _ in range(2):\n    if not args.layers: raise ValueError()", None),
        ("args.layers = 4\nif not args.layers: raise ValueError()", None),
        ("if args.model: return\nif not args.layers: raise ValueError()", None),
        ("try:\n    if not args.layers: raise ValueError()\nexcept ValueError:\n    pass", None),
    ],
)
def test_guard_decided(guard: str, expected: bool | None) -> None:
    """With mode fast, no layers, a Qwen model, and no cap."""
    assert raises(guard, mode=Known("fast"), layers=Known(0), model=Known("Qwen2")) is expected


def test_unknown_option_leaves_it_open() -> None:
    """Unless the rest settles it."""
    guard = "if args.mode == 'fast' and not args.layers: raise ValueError()"
    assert raises(guard, mode=Unknown("?"), layers=Known(0)) is None
    assert raises(guard, mode=Unknown("?"), layers=Known(1)) is False


def test_guard_of_a_helper_is_not_decided() -> None:
    """It runs only where the helper is called."""
    text = SCRIPT.replace("GUARD", "check(args)").replace(
        "def train():", "def check(args):\n    if not args.layers:\n        raise ValueError()\n\n\ndef train():"
    )
    script = read_entry_script(Source("train.py", text), lambda path: None)
    assert script.guards
    assert all(decide(guard.condition, lambda name: Known(0)) is None for guard in script.guards if guard.condition is not None)
