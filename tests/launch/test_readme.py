"""What a README claims for a script, and when nothing is taken for a claim."""

import pytest

from lintune.launch.readme import readme_claim
from lintune.source.text import Source

FULL = "# Tuning\n\n## Full-parameter finetuning\n\n```\nsh run.sh\n```\n"


def claim(text: str, script: str = "a/run.sh", name: str = "README.md") -> tuple[str, str, str] | None:
    """The tuning, heading and mention of a claim in a README beside the script."""
    found = readme_claim(script, lambda folder: [name, "run.sh"], lambda path: Source(path, text))
    return (found.tuning, found.heading.text, found.mention.text) if found else None


def test_the_heading_above_the_command_is_the_claim() -> None:
    """Its kind, its line, and where the script is named."""
    assert claim(FULL) == ("full", "## Full-parameter finetuning", "run.sh")


@pytest.mark.parametrize(
    ("heading", "tuning"),
    [
        ("Full fine-tuning", "full"),
        ("Full Parameters Tuning", "full"),
        ("LoRA finetuning", "lora"),
        ("Q-LoRA", "qlora"),
        ("QLoRA on one card", "qlora"),
        ("Fine-tuning", None),
        ("Full tuning or LoRA", None),
        ("A successful run", None),
    ],
)
def test_kinds_of_tuning(heading: str, tuning: str | None) -> None:
    """A heading that names one kind is a claim; one that names none, or two, is not."""
    found = claim(FULL.replace("Full-parameter finetuning", heading))
    assert (found[0] if found else None) == tuning


def test_other_scripts_and_mixed_claims_are_no_claim() -> None:
    """The script's own name must stand in the section, and under one kind of tuning only."""
    assert claim(FULL.replace("run.sh", "prerun.sh")) is None
    assert claim(FULL.replace("run.sh", "other/run.sh")) is None
    assert claim(FULL + "\n## LoRA\n\nrun.sh\n") is None
    assert claim("no heading, run.sh") is None


def test_no_readme() -> None:
    """Nothing is read where none lies beside the script."""
    assert readme_claim("run.sh", lambda folder: ["run.sh"], lambda path: Source(path, FULL)) is None
