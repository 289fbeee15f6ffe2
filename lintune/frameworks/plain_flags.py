"""Training programs whose flags are not those of TrainingArguments: OpenRLHF and llama-cookbook."""

import re
from posixpath import basename

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.context import Reading
from lintune.frameworks.files import NamedFile, add_files
from lintune.frameworks.overrides import flags
from lintune.frameworks.own_options import table_of
from lintune.run.known import text, truth, whole
from lintune.run.run import Run
from lintune.run.settings import along, derived
from lintune.surfaces.surface import load_surface
from lintune.values.value import Absent, Known, Unknown

OPENRLHF = "openrlhf"
COOKBOOK = "llama-cookbook"
_OPENRLHF_FLAGS = frozenset(("micro_train_batch_size", "train.micro_batch_size", "pretrain", "model.model_name_or_path"))
_OPENRLHF_SETTINGS = (
    ("model.id", "pretrain"),
    ("batch.micro", "micro_train_batch_size"),
    ("seq.max_len", "max_len"),
    ("optim.lr", "learning_rate"),
    ("data.train", "dataset"),
    ("run.output_dir", "save_path"),
    ("run.epochs", "max_epochs"),
    ("adapter.rank", "lora_rank"),
    ("par.ds.stage", "zero_stage"),
    ("precision.bf16", "bf16"),
)


def program_of(entry: str) -> str:
    """`train_sft` of `openrlhf.cli.train_sft` and `../train_sft.py`."""
    return basename(entry).removesuffix(".py").rpartition(".")[2]


def is_openrlhf(reading: Reading, entry: str) -> bool:
    """Whether the entry is a program of OpenRLHF: by its module, or by its name and flags."""
    named = load_surface("openrlhf", program_of(entry)) is not None
    return named and ("openrlhf" in entry or bool(reading.words & _OPENRLHF_FLAGS))


def read_openrlhf(reading: Reading) -> Parsed:
    """The flags of the program."""
    entry = reading.launch.entry.text if reading.launch.entry is not None else ""
    parsed = parse_command_line(reading.launch.args, table_of(reading, [f"openrlhf.{program_of(entry)}"]))
    parsed.items = {name: found for name, found in parsed.items.items() if name != "raw.required"}
    return parsed


def fill_openrlhf(run: Run, reading: Reading) -> None:
    """The common vocabulary; DeepSpeed is configured by flags."""
    for name, flag in _OPENRLHF_SETTINGS:
        run.values[name] = run.get(f"flag.{flag}")
    run.unread["ds"] = Unknown("OpenRLHF builds the DeepSpeed configuration of its flags")
    rank = run.get("flag.lora_rank")
    size = whole(rank)
    if size is not None:
        run.values["adapter.kind"] = derived("lora" if size > 0 else "none", "`lora_rank`", rank)
    bits = run.get("flag.load_in_4bit")
    if truth(bits) is True:
        run.values["model.quant.bits"] = along(4, bits.origin)
        run.values["model.quant.method"] = along("bnb", bits.origin)
    add_files(run, reading, (NamedFile("model", run.get("model.id")),))


def is_cookbook(reading: Reading, entry: str) -> bool:
    """Whether the entry is the finetuning program of llama-cookbook (once llama-recipes)."""
    named = entry in ("llama_recipes.finetuning", "llama_cookbook.finetuning") or basename(entry) == "finetuning.py"
    return named and bool(reading.words & {"enable_fsdp", "use_peft", "quantization", "batch_size_training"})


def read_cookbook(reading: Reading) -> Parsed:
    """The flags, which python-fire hands to dataclasses."""
    return Parsed(values=dict(flags(reading.launch.args)))


def fill_cookbook(run: Run, reading: Reading) -> None:
    """What the flags say of model, adapter, quantisation and FSDP."""
    run.unread["flag"] = Unknown("the defaults of llama-cookbook are not known")
    given = reading.words
    run.values["model.id"] = run.get("flag.model_name")
    run.values["batch.micro"] = run.get("flag.batch_size_training")
    run.values["batch.accum"] = run.get("flag.gradient_accumulation_steps")
    run.values["optim.lr"] = run.get("flag.lr")
    fsdp, peft = run.get("flag.enable_fsdp"), run.get("flag.use_peft")
    run.values["par.fsdp.on"] = fsdp if "enable_fsdp" in given else derived(False, "no `enable_fsdp`")
    run.values["par.fsdp.version"] = derived(1, "llama-cookbook shards with FSDP 1")
    method = run.get("flag.peft_method")
    if "use_peft" in given and truth(peft) is True:
        run.values["adapter.kind"] = method if text(method) is not None else along("lora", peft.origin)
    else:
        run.values["adapter.kind"] = derived("none", "no `use_peft`") if "use_peft" not in given else peft
    quant = run.get("flag.quantization")
    if "quantization" in given and isinstance(quant, Known):
        found = re.match(r"[48]", str(quant.value))
        bits = int(found[0]) if found else 8 if truth(quant) is True else None
        run.values["model.quant.bits"] = along(bits, quant.origin) if bits else Absent()
        run.values["model.quant.method"] = along("bnb", quant.origin)
