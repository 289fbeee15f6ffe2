"""Training configuration that is written in Python: `TrainingArguments(...)`, `SFTConfig(...)` and the calls around them.

The configuration's keywords are the options of the launch, over the defaults of the release in force.
"""

from collections.abc import Iterable, Mapping

from lintune.frameworks.call_keywords import Items, asks_version, check_config, check_loader, check_other
from lintune.frameworks.command_line import Parsed
from lintune.frameworks.context import Reading
from lintune.frameworks.option_table import OptionTable, library_table
from lintune.scripts.calls import CallFile, LibraryCall
from lintune.source.record import dataclass
from lintune.surfaces.surface import surface_of
from lintune.values.value import Absent, Step, Unknown, Value

_TRANSFORMERS = frozenset(("TrainingArguments", "Seq2SeqTrainingArguments"))
_UNSLOTH = "UnslothTrainingArguments"


@dataclass(frozen=True, slots=True)
class CodeConfig:
    """A configuration with the calls that go with it."""

    config: LibraryCall
    file: CallFile

    @property
    def framework(self) -> str:
        """The framework, for people and for rules."""
        if self.file.imports("unsloth"):
            return "unsloth"
        return "trl" if self.config.dotted.startswith("trl.") else "hf-trainer"

    def near(self, calls: Iterable[LibraryCall]) -> list[LibraryCall]:
        """Of some calls those in the configuration's own function or around it; all where there is none."""
        found, scopes = list(calls), []
        scope = self.config.scope
        while scope is not None:
            scopes.append(scope)
            if scope.outer is None:
                break
            scope = scope.outer
        return [call for call in found if call.scope in scopes] or found


def configs_of(file: CallFile) -> list[LibraryCall]:
    """The calls that make a training configuration."""
    return [call for call in file.calls if is_config(call.dotted)]


def is_config(dotted: str) -> bool:
    """Whether a class is a training configuration whose options are known."""
    package, _, name = dotted.partition(".")
    if package == "transformers":
        return name in _TRANSFORMERS
    if package == "unsloth":
        return name == _UNSLOTH
    return package == "trl" and name.endswith("Config") and name != "ModelConfig" and surface_of(dotted) is not None


def read_config(reading: Reading, code: CodeConfig) -> Parsed:
    """The options: keywords over defaults; with what is wrong with the keywords of every call."""
    table = _table(reading, code.config)
    parsed, items = Parsed(), Items()
    made_anew = code.file.imports("unsloth")  # it makes the classes of TRL anew, and they take more
    for call in code.near(code.file.calls):
        if call.dotted.startswith("trl.") and made_anew:
            continue
        if call is code.config:
            check_config(call, table, items)
        elif call.name == "from_pretrained":
            check_loader(call, reading.versions, items)
        elif call.dotted.startswith("transformers.") and reading.script is not None:
            continue  # a rule over the script's trainers sees those made from them, too
        else:
            check_other(call, reading.versions, items)
    if asks_version(code.file.source.text):
        items.clear()
    for name in {**table.options, **code.config.arguments}:
        found = table.options.get(name)
        value = code.config.value(name)
        if isinstance(value, Absent) and name not in code.config.arguments:
            value = table.default(name)
        elif found is not None and isinstance(value, Absent) and not value.origin:
            value = Absent((Step("script", code.config.site),))
        parsed.values[name] = value
    parsed.items = {kind: tuple(found) for kind, found in items.items()}
    return parsed


def _table(reading: Reading, config: LibraryCall) -> OptionTable:
    dotted, unread = config.dotted, ""
    if config.name == _UNSLOTH:
        dotted, unread = "transformers.TrainingArguments", "options of unsloth are not known"
    return library_table(dotted, pins=reading.versions, unread=unread)


def mapping(value: Value) -> Mapping[str, object] | None:
    """The mapping that a value holds."""
    data = getattr(value, "value", None)
    return data if isinstance(data, Mapping) else None


def undecided(why: str, call: LibraryCall | None = None) -> Unknown:
    """What the script decides when it runs."""
    return Unknown(why, (Step("script", call.site),) if call is not None else ())
