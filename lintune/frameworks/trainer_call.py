"""What a script hands to its Trainer beside the configuration: `trainer.*`, given or not."""

import re
from collections.abc import Iterator

from lintune.frameworks.code_config import CodeConfig, undecided
from lintune.run.run import Item, Run
from lintune.scripts.calls import LibraryCall
from lintune.values.value import Absent, Known, Step, Unknown, Value, site_of

_TRAINER = re.compile(r"(?:transformers|trl)\.\w*Trainer$")
_READ = ("train_dataset", "eval_dataset", "data_collator", "formatting_func", "ref_model", "peft_config", "processing_class")
_SWITCHES = ("packing", "force_use_ref_model")
"""Arguments of older trainers that their configurations took over."""
_REWARD = re.compile(r"(?i)reward|\brm\b|[-_]rm[-_]?|classif")
"""Names of checkpoints that have a head already."""
_IN_ORDER = 2
"""Every Trainer of transformers and TRL begins with the model and the configuration, or the reference and then that."""
_WHOLE = re.compile(r"\blist\(|from_list|from_dict|from_generator|from_pandas|DataFrame|\.take\(|to_list|\.__len__|def __len__")
"""Ways by which a stream ends up as a data set with a length."""
_INPUT_GRADS = re.compile(
    r"enable_input_require_grads|prepare_model_for_\w*bit_training|require_grads?_hook|requires_grad_\(True\)|gradient_checkpointing_enable"
    r"|requires_grad\s*=\s*True|make_inputs_require_grad"
)


def add_trainer_call(run: Run, code: CodeConfig) -> None:
    """Fill `trainer.kind` and the arguments of its one call; unknown where there are several, or none that is a library's own."""
    found = code.near(call for call in code.file.calls if _TRAINER.match(call.dotted))
    if len(found) != 1 or not found[0].certain:
        run.unread["trainer"] = undecided("which Trainer is made is decided by the script's code", found[0] if found else None)
        return
    call = found[0]
    run.values["trainer.kind"] = Known(call.name, (Step("script", call.site),))
    run.values["trainer.package"] = Known(call.dotted.partition(".")[0], (Step("script", call.site),))
    for name in _READ:
        run.values[f"trainer.{name}"] = _given(call, name)
        made = call.arguments[name].made if name in call.arguments else ""
        run.values[f"trainer.{name}_kind"] = Known(made.rpartition(".")[2]) if made else Unknown("what it is is not known")
    for name in _SWITCHES:
        run.values[f"trainer.{name}"] = call.value(name)
    if "packing" in call.arguments:
        run.values["batch.packing"] = call.value("packing")
    run.items["trainer.rewards"] = tuple(_rewards(code, call))
    run.values["data.streaming"] = _streamed(code, call)
    run.values["adapter.input_grads"] = _input_grads(code)


def _rewards(code: CodeConfig, call: LibraryCall) -> Iterator[Item]:
    """The call that loads a reward model with a new head of more than one label."""
    loads = [each for each in code.file.calls if each.name == "from_pretrained" and "ForSequenceClassification." in each.dotted]
    if call.name != "RewardTrainer" or len(loads) != 1 or loads[0].open_ended:
        return
    name = loads[0].value("pretrained_model_name_or_path")
    named = name.value if isinstance(name, Known) else None
    own = not isinstance(named, str) or _REWARD.search(named) is not None or named.startswith((".", "/"))
    if isinstance(loads[0].value("num_labels"), Absent) and isinstance(loads[0].value("config"), Absent) and not own:
        yield Item({"loader": Known(loads[0].dotted)}, loads[0].site)


def _given(call: LibraryCall, name: str) -> Value:
    """True where an argument is certainly given, absent where it certainly is not."""
    argument = call.arguments.get(name)
    if name in call.stored:
        return Unknown(f"the script sets `{name}` after the call", (Step("script", call.site),))
    if argument is not None:
        if isinstance(argument.value, Absent):
            return argument.value
        site = site_of(argument.value) or argument.name_site
        if argument.is_object:
            return Known(True, (Step("script", site),))
        return Unknown(f"whether `{name}` is None is decided by the script's code", (Step("script", site),))
    if call.open_ended or call.positional > _IN_ORDER:
        return undecided(f"`{name}` may be among the arguments without a keyword", call)
    return Absent((Step("script", call.site),))


def _streamed(code: CodeConfig, call: LibraryCall) -> Value:
    """Whether the training data are a stream, as `load_dataset(streaming=True)` gives it, with nothing that collects it."""
    loads = [each for each in code.file.calls if each.dotted == "datasets.load_dataset"]
    streams = [each.value("streaming") for each in loads]
    if not loads or "train_dataset" not in call.arguments:
        return Unknown("where the training data come from is not known")
    if all(isinstance(each, Known) and each.value is True for each in streams) and not _WHOLE.search(code.file.source.text):
        return Known(True, streams[0].origin)
    if all(isinstance(each, Absent) for each in streams):
        return Absent()
    return Unknown("which of the data are a stream is decided by the script's code")


def _input_grads(code: CodeConfig) -> Value:
    """Whether the script makes the outputs of a frozen embedding carry a gradient, where it wraps the model with an adapter itself."""
    wraps = [each for each in code.file.calls if each.dotted == "peft.get_peft_model"]
    if len(wraps) != 1:
        return Unknown("the script does not wrap its model itself")
    found = _INPUT_GRADS.search(code.file.source.text)
    if found is not None:
        return Known(True)
    return Known(False, (Step("script", wraps[0].site),))
