"""The device map of a script's loading calls."""

import pytest

from lintune.scripts.entry import read_entry_script
from lintune.source.text import Source


def device_map(text: str) -> tuple[str, str] | None:
    """Kind, and the text at the place that is named."""
    found = read_entry_script(Source("finetune.py", text), lambda path: None).device_map
    return (found[0], found[1].text) if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('AutoModel.from_pretrained("m", device_map="auto")', ("auto", 'device_map="auto"')),
        ('AutoModel.from_pretrained("m", device_map={"": 0})', ("placed", 'device_map={"": 0}')),
        ('dm = {"": 0}\nAutoModel.from_pretrained("m", device_map=dm)', ("placed", "device_map=dm")),
        ('dm = None\nif ddp:\n    dm = {"": 0}\nAutoModel.from_pretrained("m", device_map=dm)', ("undecided", "device_map=dm")),
        ('if bits == 4:\n    AutoModel.from_pretrained("m", device_map="auto")', ("undecided", 'device_map="auto"')),
        ('def load(dm):\n    return AutoModel.from_pretrained("m", device_map=dm)', ("undecided", "device_map=dm")),
        ('AutoModel.from_pretrained("m", device_map=None)', None),
        ('AutoModel.from_pretrained("m")', None),
        ('print(device_map="auto")', None),
    ],
)
def test_what_is_passed(text: str, expected: tuple[str, str] | None) -> None:
    """Certain only where one value can be meant and no condition stands before the call."""
    assert device_map(f"import transformers\n{text}\n") == expected


def test_imported_packages() -> None:
    """The top-level packages of the script's own imports."""
    script = read_entry_script(
        Source("a.py", "import torch.nn as nn\nfrom transformers import Trainer\nfrom .data import x\n"), lambda path: None
    )
    assert script.imported_packages == {"torch", "transformers"}
