"""What the scripts that fine-tune vision language models share: inputs, model, quantisation, files."""

from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.run.known import data, text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, blocked, derived, fact
from lintune.scripts.entry import EntryScript
from lintune.values.value import Absent, Unknown, Value

ADAPTER: tuple[tuple[str, str], ...] = (
    ("adapter.rank", "lora_r"),
    ("adapter.alpha", "lora_alpha"),
    ("adapter.dropout", "lora_dropout"),
    ("adapter.bias", "lora_bias"),
)


def fields_of(script: EntryScript | None) -> frozenset[str] | None:
    """The options that the script at hand defines itself; None where no script that parses options is at hand."""
    if script is None or script.kind == "none":
        return None
    return frozenset(name for found in script.dataclasses for name in found.options)


def add_model(run: Run, name: Value, family: str | None, note: str) -> None:
    """Set `model.id`, `model.kind` and `model.family` (`family` None: the script trains models of many)."""
    run.values["model.id"] = name
    run.values["model.kind"] = fact("vlm", note)
    if text(name) is None:
        run.values["model.family"] = blocked((name,), "the model is not named")
    else:
        run.values["model.family"] = along(family, name.origin) if family else Absent()
    run.values["model.load_dtype"] = run.get("precision.compute")
    run.values["precision.weights"] = run.get("precision.compute")


def add_adapter(run: Run, enabled: Value, names: tuple[tuple[str, str], ...] = ADAPTER) -> None:
    """Set `adapter.kind` and, where LoRA is on, its settings: (dotted name, flag)."""
    on = truth(enabled)
    kind = blocked((enabled,), "whether LoRA is on is not known") if on is None else along("lora" if on else "none", enabled.origin)
    run.values["adapter.kind"] = kind
    for name, flag in names:
        run.values[name] = run.get(f"flag.{flag}") if on else kind if on is None else Absent()


def add_attention(run: Run, flash: bool | None, note: str, *sources: Value) -> None:
    """Set `model.attn`."""
    if flash is None:
        run.values["model.attn"] = blocked(sources, "the attention implementation is not known")
    else:
        run.values["model.attn"] = derived("flash_attention_2" if flash else "other", note, *sources)


def add_bits(run: Run, flag: str = "bits") -> None:
    """Set `model.quant.*` from a flag that says 4, 8 or 16 bits: 4 and 8 quantise with bitsandbytes, anything else does not."""
    bits = run.get(f"flag.{flag}")
    count = whole(bits)
    if count is None:
        run.values["model.quant.method"] = Absent() if isinstance(bits, Absent) else blocked((bits,), "`bits` is not a number")
        return
    run.values["model.quant.method"] = derived("bnb" if count in (4, 8) else "none", "4 and 8 bits are quantised", bits)
    if count in (4, 8):
        run.values["precision.weights"] = Unknown("quantised weights have no one type", bits.origin)
        run.values["model.quant.bits"] = bits
        run.values["model.quant.type"] = run.get("flag.quant_type") if count == 4 else Absent()
        run.values["model.quant.double"] = run.get("flag.double_quant") if count == 4 else Absent()


def add_named_files(run: Run, reading: Reading, data_flags: tuple[str, ...], model_flags: tuple[str, ...]) -> None:
    """Add the data and model files that these flags name."""
    named = [NamedFile("data", run.get(f"flag.{flag}")) for flag in data_flags]
    named += [NamedFile("model", run.get(f"flag.{flag}")) for flag in model_flags if data(run.get(f"flag.{flag}")) != ""]
    add_files(run, reading, tuple(named))
