"""What packages export in some of their releases only."""

import json

from lintune.source.data import data_text
from lintune.surfaces.exports import exporting
from lintune.surfaces.releases import releases


def having(package: str, name: str) -> list[str]:
    """The releases that export a name."""
    has = exporting(package, name)
    assert has is not None
    return [version.text for version, each in zip(releases(package), has, strict=True) if each]


def test_names_that_came_and_names_that_went() -> None:
    """First and last release of each."""
    assert having("transformers", "AdamW")[-1] == "4.49.0"
    assert having("transformers", "Qwen2_5_VLForConditionalGeneration")[0] == "4.49.0"
    assert having("peft", "prepare_model_for_int8_training")[-1] == "0.9.0"
    assert having("trl", "ORPOTrainer")[-1] == "0.28.0"


def test_a_name_of_every_release_is_not_listed() -> None:
    """Nor is one of none."""
    assert exporting("transformers", "Trainer") is None
    assert exporting("transformers", "NoSuchThing") is None


def test_every_bound_is_a_known_release() -> None:
    """And the first is not above the last."""
    for package, names in json.loads(data_text("schemas", "exports.json"))["packages"].items():
        known = [version.text for version in releases(package)]
        for name, (first, last) in names.items():
            assert not first or first in known, name
            assert not last or last in known, name
            assert not first or not last or known.index(first) <= known.index(last), name


def test_templates_are_within_the_known_releases() -> None:
    """Of LLaMA-Factory."""
    known = [version.text for version in releases("llamafactory")]
    for name, (first, last) in json.loads(data_text("schemas", "templates.json"))["packages"]["llamafactory"].items():
        assert (not first or first in known) and (not last or last in known), name
