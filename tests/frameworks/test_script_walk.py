"""What a launch tells the walk through its script."""

import pytest

from lintune.frameworks.script_walk import stands_in


@pytest.mark.parametrize("text", ["path/to/train.json", "your_model", "<name>", "xxxxx", "public_dataset1,public_dataset2", "my_dataset"])
def test_text_that_is_left_to_be_filled_in_decides_nothing(text: str) -> None:
    assert stands_in(text)


@pytest.mark.parametrize("text", ["data/train.json", "yahma/alpaca-cleaned", "coco_dataset", "cambrian_737k", "xx"])
def test_other_text_does(text: str) -> None:
    assert not stands_in(text)
