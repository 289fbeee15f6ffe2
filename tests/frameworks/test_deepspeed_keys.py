"""Keys of a DeepSpeed file against those that its releases know."""

import pytest

from lintune.frameworks.deepspeed_config import fill_deepspeed
from lintune.frameworks.deepspeed_keys import removed_keys, unknown_top_keys, unknown_zero_keys, unlisted_zero_keys
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.syntax.json import parse_json
from lintune.syntax.tree import Mapping
from lintune.values.value import Known


def run_of(text: str) -> Run:
    """The run of a DeepSpeed file."""
    source = Source("ds.json", text)
    run = Run("hf-trainer", "ds.json", Site(source, Span(0, 1)))
    root = parse_json(source).root
    assert isinstance(root, Mapping)
    fill_deepspeed(run, root, ())
    return run


def keys(items: object) -> list[tuple[object, ...]]:
    """Key, nearest and text at the place of each item."""
    found: list[tuple[object, ...]] = []
    for item in items:  # type: ignore[attr-defined]
        fields = {name: value.value for name, value in item.fields.items() if isinstance(value, Known)}
        found.append((fields["key"], fields.get("nearest"), item.site.line))
    return found


def test_a_slip_at_the_top() -> None:
    """Pointed at where it is written, with the key that was meant; a key of one's own is left alone."""
    run = run_of('{"zero_optimization": {"stage": 2},\n "gradient_cliping": 1.0,\n "my_comment": "x"}')
    assert keys(unknown_top_keys(run)) == [("gradient_cliping", "gradient_clipping", 2)]


def test_a_slip_in_the_zero_block_and_its_offload() -> None:
    """Both spellings of the stage 3 keys are right."""
    run = run_of(
        '{"zero_optimization": {"stage": 3, "overlap_com": true,\n "offload_param": {"devise": "cpu"},\n'
        '"prefetch_bucket_size": 1, "stage3_prefetch_bucket_size": 1, "steps_per_print": 1}}'
    )
    assert keys(unknown_zero_keys(run)) == [("overlap_com", "overlap_comm", 1), ("devise", "device", 2)]
    assert keys(unlisted_zero_keys(run)) == [("steps_per_print", None, 3)]


@pytest.mark.parametrize("key", ["amp", "elasticity", "sparse_attention"])
def test_removed_even_when_off(key: str) -> None:
    """A block that turns the feature off is refused as well."""
    assert keys(removed_keys(run_of(f'{{"{key}": {{"enabled": false}}, "zero_optimization": {{"stage": 1}}}}'))) == [(key, None, 1)]


def test_a_file_without_fault() -> None:
    """The usual keys are all known."""
    run = run_of(
        '{"bf16": {"enabled": "auto"}, "zero_optimization": {"stage": 3, "offload_optimizer": {"device": "cpu", "pin_memory": true},'
        '"stage3_gather_16bit_weights_on_model_save": true, "sub_group_size": 1e9}, "train_batch_size": "auto", "steps_per_print": 100}'
    )
    for check in (unknown_top_keys, unknown_zero_keys, unlisted_zero_keys, removed_keys):
        assert not list(check(run))
