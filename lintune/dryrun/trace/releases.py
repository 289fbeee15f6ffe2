"""What releases of transformers and TRL change in the memory of a step.

* transformers before 4.46 (modeling_*.py): logits are cast to fp32 and given back so; the loss copies all but the last position
* 4.46 to 4.48 (loss/loss_utils.py ForCausalLMLoss): cast and copied inside of the loss; from 4.49 on labels are moved instead of logits
* TRL before 0.25 prepares 4-bit models itself: all that is not quantised becomes fp32 (peft `prepare_model_for_kbit_training`), then
  embeddings and head become bf16 again where the run says bf16 (trl/trainer/utils.py peft_module_casting_to_bf16); 0.25 casts norms alone;
  from 0.26 on the weights of the adapter become bf16 instead
* axolotl casts as `prepare_model_for_kbit_training` does, and then norms, embeddings and head to the type of the run again, so that flash
  attention can read them (src/axolotl/loaders/model.py _configure_embedding_dtypes)
* TRL packs into rows of equal length up to 0.18; from 0.19 on all samples of a batch are one row (sft_trainer.py, `packing_strategy`)

A release that the launch does not pin is taken for the newest; a profile may stand for a script of an earlier time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lintune.dryrun.protocol import Json
from lintune.values.version import Specifiers, Version

Preparation = Literal["", "all", "norms", "adapters", "ends back"]
_EARLIER = {"script": {"transformers": "4.37.2"}}
"""What the README of AnswerDotAI/fsdp_qlora asks for, the script behind the profile of plain FSDP scripts."""


@dataclass(frozen=True, slots=True)
class Releases:
    """The releases of a launch, as far as they matter."""

    floats_held: bool = False
    """Whether the model's outputs hold the logits in fp32."""
    copied: bool = False
    """Whether the loss copies the fp32 logits without their last position."""
    prepares: Preparation = ""
    """What the trainer casts of a model in 4 bits: everything to fp32, norms to fp32, adapters to bf16, or norms and ends back to bf16."""
    flattens: bool = True
    """Whether packed samples of a batch are one row for flash attention."""


def releases_of(values: Mapping[str, Json], framework: str) -> Releases:
    """The releases that a request pins (`pins.transformers`, `pins.trl`)."""
    found = _pinned(values, "transformers", framework)
    trl = _pinned(values, "trl", framework)
    prepares: Preparation = ""
    if framework == "trl":
        prepares = "adapters" if trl is None or trl >= Version.parse("0.26") else "norms" if trl >= Version.parse("0.25") else "all"
    if framework == "axolotl":
        prepares = "ends back"
    return Releases(
        floats_held=found is not None and found < Version.parse("4.46"),
        copied=found is not None and found < Version.parse("4.49"),
        prepares=prepares,
        flattens=trl is None or trl >= Version.parse("0.19") or values.get("batch.padding_free") is True,
    )


def _pinned(values: Mapping[str, Json], package: str, framework: str) -> Version | None:
    """The exact release of a package; None where it is open."""
    text = values.get(f"pins.{package}") or _EARLIER.get(framework, {}).get(package)
    if not isinstance(text, str):
        return None
    try:
        return Specifiers.parse(text if text[:1] in "=<>!~" else f"=={text}").exact
    except ValueError:
        return None
