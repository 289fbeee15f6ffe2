"""One conflict as every report shows it, and a result around it."""

import pytest

from lintune.engine.finding import Finding, Location, Wait, Way
from lintune.engine.result import CheckedFile, Result
from lintune.run.run import Run
from lintune.source.edits import Edit
from lintune.source.text import Site, Source, Span

SCRIPT = """\
#!/bin/bash
torchrun $DISTRIBUTED_ARGS finetune.py \\
    --model_name_or_path openbmb/MiniCPM-V-2_6 \\
    --tune_llm true \\
    --output_dir out \\
    --use_lora true
"""
TRAINING = "\n" * 9 + '        if training_args.tune_llm and training_args.use_lora:\n            raise ValueError("no")\n'


def at(source: Source, text: str) -> Site:
    """The first place of a text."""
    start = source.text.index(text)
    return Site(source, Span(start, start + len(text)))


@pytest.fixture
def script() -> Source:
    """The launch script."""
    return Source("finetune/finetune_lora.sh", SCRIPT)


@pytest.fixture
def conflict(script: Source) -> Finding:
    """The seed conflict, with two flags, the line that raises, and two ways out."""
    training = Source("finetune/finetune.py", TRAINING)
    return Finding(
        "TUN001",
        "lora-with-full-llm-tuning",
        "error",
        "certain",
        "`tune_llm` and `use_lora` are both on: full tuning and LoRA exclude each other",
        (
            Location(at(script, "--tune_llm true"), "full tuning of the LLM", "primary"),
            Location(at(script, "--use_lora true"), "LoRA"),
            Location(at(training, 'raise ValueError("no")'), "raises here"),
        ),
        effect="`finetune.py` raises ValueError",
        help="turn one of the two off",
        stage="after-weights",
        ways=(
            Way(
                "keep LoRA",
                "unsafe",
                "0.6 % trainable, at least 21.0 GiB per GPU",
                (("tune_llm", "false"),),
                (Edit(at(script, "true"), "false"),),
            ),
            Way("tune the LLM in full", "display", "100 % trainable, at least 61.0 GiB per GPU", (("use_lora", "false"),)),
        ),
        url="https://example.org/rules/lora-with-full-llm-tuning",
        framework="minicpmv",
    )


@pytest.fixture
def result(script: Source, conflict: Finding) -> Result:
    """A check that found the conflict, with one rule waiting."""
    launch = Run("minicpmv", script.path, at(script, "torchrun $DISTRIBUTED_ARGS finetune.py"))
    return Result(
        files=(CheckedFile(script.path, "launch", "minicpmv", 1),),
        findings=(conflict,),
        waits=(Wait("out-of-memory", "gpu.name", "the GPU is not known", "`--gpu 2xA100-40G`", script.path),),
        launches=(launch,),
        decided=61,
        undecided=1,
    )
