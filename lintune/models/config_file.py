"""What a config.json says of a model: its shape, what is wrong with it, and which known model it is."""

from collections.abc import Mapping
from functools import lru_cache

from lintune.models.at_hand import CONFIG
from lintune.models.catalogue import Known, find_model
from lintune.models.shapes import Model
from lintune.source.record import dataclass
from lintune.source.text import Problem, Source

MOST_PARAMS = 10**14
"""More than any model has."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a config.json."""

    kind: str
    """`syntax` (it is no JSON), `unread` (it is too large, or may not be read) or `values` (it contradicts itself)."""
    message: str
    line: int = 0
    """From 1; 0 where it is about no one line."""


@dataclass(frozen=True, slots=True)
class ConfigAtHand:
    """A config.json, and what it says."""

    path: str
    """As reports show it."""
    values: Mapping[str, object]
    """Empty where it cannot be read."""
    flaws: tuple[Flaw, ...] = ()
    known: Known | None = None
    """The shape; None where there are flaws, or the architecture is not known."""
    why: str = ""
    """Why there is no shape."""
    name: str = ""
    """The model of the table that it is by its own `_name_or_path`, or by the name it was asked for; empty where it is none."""


def read_config(source: Source | Problem, name: str) -> ConfigAtHand:
    """What a config.json says of the model that was asked for by this name; the same text is read once."""
    if isinstance(source, Problem):
        flaw = Flaw("unread", source.message)
        return ConfigAtHand(source.site.source.path, {}, (flaw,), None, f"its config.json cannot be read: {source.message}")
    return _read(source.path, source.text, name)


@lru_cache(maxsize=64)
def _read(path: str, text: str, name: str) -> ConfigAtHand:
    import json

    from lintune.models.contradictions import contradictions

    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        flaw = _syntax(path, text)
        return ConfigAtHand(path, {}, (flaw,), None, f"`{path}` is not valid JSON")
    if not isinstance(values, dict):
        return ConfigAtHand(path, {}, (Flaw("syntax", f"`{path}` holds no JSON object"),), None, f"`{path}` holds no JSON object")
    named = _table_name(values, name)
    flaws = tuple(_contradiction(path, text, key, message) for key, message in contradictions(values))
    if flaws:
        return ConfigAtHand(path, values, flaws, None, flaws[0].message, named)
    return _shaped(path, values, name, named)


def _shaped(path: str, values: dict[str, object], name: str, named: str) -> ConfigAtHand:
    """The shape of a config.json without flaws."""
    try:
        model = _model_of_file(values)
        if not 0 < model.params < MOST_PARAMS:
            raise ValueError("its sizes give a number of parameters that no model has")
    except KeyError as error:
        return ConfigAtHand(path, values, (), None, f"`{path}` leaves out {error}", named)
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError, RecursionError) as error:
        return ConfigAtHand(path, values, (), None, f"the architecture of `{path}` is not known: {str(error)[:60]}", named)
    listed = find_model(named) if named else None
    counted = "no" if listed is not None and listed.counted == "no" else CONFIG
    return ConfigAtHand(path, values, (), Known(path, model, True, counted), "", named)


def _model_of_file(values: dict[str, object]) -> Model:
    """The shape of a written config.json, which leaves out what its class has by default: those are known by the inventories."""
    from lintune.models.from_inventory import model_from_inventory
    from lintune.models.inventories import NoInventory
    from lintune.models.multimodal import model_of

    nested = [each for name in ("text_config", "llm_config") if isinstance(each := values.get(name), Mapping)]
    whole = all("num_key_value_heads" in each and "tie_word_embeddings" in each for each in nested or [values])
    try:
        return model_of(values) if whole else model_from_inventory(values)
    except (KeyError, NoInventory):
        return model_from_inventory(values) if whole else model_of(values)


def _table_name(values: Mapping[str, object], name: str) -> str:
    """The known model of the same kind that the file or the folder names; empty where there is none."""
    for each in (values.get("_name_or_path"), name):
        found = find_model(each) if isinstance(each, str) and each else None
        if found is not None and found.exact_name:
            return found.id
    return ""


def _syntax(path: str, text: str) -> Flaw:
    from lintune.syntax.json import parse_json

    problems = [each for each in parse_json(Source(path, text)).problems if each.kind != "duplicate-key"]
    if not problems:
        return Flaw("syntax", f"`{path}` is not valid JSON")
    first = problems[0]
    line = text.count("\n", 0, first.site.span.start) + 1
    return Flaw("syntax", f"`{path}`, line {line}: {first.message}", line)


def _contradiction(path: str, text: str, key: str, message: str) -> Flaw:
    """A flaw of values, with the line on which the key is first written."""
    at = text.find(f'"{key}"')
    line = text.count("\n", 0, at) + 1 if at >= 0 else 0
    return Flaw("values", f"`{path}`{f', line {line}' if line else ''}: {message}", line)
