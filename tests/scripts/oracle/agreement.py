"""Where a walk and a real run of the same script with the same options disagree."""

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from walk_truth import (  # type: ignore[import-not-found,unused-ignore]
    RealEnd,
    RealRun,
    is_told,
    is_written,
    same_end,
    statement_lines,
    wrong_branches,
    wrong_ends,
)

from lintune.scripts.entry import EntryScript, read_entry_script
from lintune.scripts.walk.targets import by_suffix
from lintune.scripts.walk.trace import PartState, ScriptTrace, walk_script
from lintune.scripts.walk.weights import Leaf, replay
from lintune.source.text import Source
from lintune.values.value import Absent, Known, Unknown, Value
from tests.scripts.oracle.real import NOT_FROM_OPTIONS, Case, Outcome


@dataclass
class Agreement:
    """What was compared: the disagreements, and counts of what was decided."""

    wrong: list[str] = field(default_factory=list)
    missed: dict[str, str] = field(default_factory=dict)
    """Ends that depend on options only and were not found certain: the last run by place (`train.py:12`)."""
    counts: Counter[str] = field(default_factory=Counter)


def read_script(case: Case) -> EntryScript:
    """The script of a case, with its project as the reader sees it."""
    return _read(case.root, case.script)


@lru_cache(maxsize=256)
def _read(root: Path, script: str) -> EntryScript:
    def read(path: str) -> Source | None:
        file = root / path
        return Source(path, file.read_text(encoding="utf-8")) if file.is_file() else None

    source = read(script)
    assert source is not None
    return read_entry_script(source, read)


def as_value(found: object) -> Value:
    """A parsed value as the launch has it."""
    match found:
        case None:
            return Absent()
        case list():
            return Known(tuple(found))
        case {"__opaque__": _}:
            return Unknown("not a plain value")
        case bool() | int() | float() | str() | dict():
            return Known(found)
    return Unknown("not a plain value")


def walked(case: Case, outcome: Outcome) -> ScriptTrace:
    """The walk with the options that the real parser made of the words."""

    def option(name: str) -> Value:
        return as_value(outcome.options[name]) if name in outcome.options else Unknown("no such option")

    def variable(name: str) -> Value:
        given = dict(case.env)
        return Known(given[name]) if name in given else Unknown("of the machine") if name == "PATH" else Absent()

    def exists(path: str) -> bool:
        return os.path.exists(os.path.join(case.root, path))

    def word(which: str) -> Value:
        words = (case.script, *case.argv)
        return Known(len(words)) if which == "count" else Known(words[int(which)]) if 0 < int(which) < len(words) else Unknown("no word")

    return walk_script(read_script(case), option, variable, exists, word)


def compare(case: Case, outcome: Outcome, trace: ScriptTrace, into: Agreement) -> None:
    """Adds what a walk says otherwise than the run was."""
    into.counts["runs"] += 1
    into.counts[outcome.outcome] += 1
    paths = {branch.site.source.path for branch in trace.branches} | {end.site.source.path for end in trace.ends} | {outcome.file}
    texts = {path: text_of(case, path) for path in paths if path}
    end = RealEnd(outcome.type, outcome.texts, outcome.file, outcome.line, outcome.library) if outcome.outcome == "raises" else None
    real = RealRun(end, outcome.outcome == "trains", outcome.lines)
    into.wrong += [f"{case}: {wrong}" for wrong in (*wrong_ends(trace, real, texts), *wrong_branches(trace, real, texts))]
    into.counts["training decided"] += trace.reaches_training is not None
    into.counts["branches"] += len(trace.branches)
    into.counts["branches decided"] += sum(branch.taken is not None for branch in trace.branches)
    if end is not None:
        _count_end(case, end, trace, texts, into)
    if outcome.outcome == "trains":
        _compare_parts(case, outcome, trace, into)
        _compare_calls(case, outcome, trace, into)


def text_of(case: Case, path: str) -> str:
    """The text of a project file."""
    return (case.root / path).read_text(encoding="utf-8")


def _count_end(case: Case, end: RealEnd, trace: ScriptTrace, texts: dict[str, str], into: Agreement) -> None:
    text = texts.get(end.file, "")
    found = [each for each in trace.ends if each.certain and same_end(each, end, text)]
    into.counts["raises found"] += bool(found)
    into.counts["messages told"] += any(is_told(each) for each in found)
    if must_be_found(end, text):
        into.counts["raises asked"] += 1
        into.counts["raises asked and found"] += bool(found)
        if not found:
            into.missed[f"{end.file}:{end.line}"] = f"{case}: {end.type}({end.texts[0]!r})"


def must_be_found(end: RealEnd, text: str) -> bool:
    """Whether an exception was written by the project and depends on options only; an unknown key of a table is one."""
    if not text or NOT_FROM_OPTIONS in text.splitlines()[end.line - 1]:
        return False
    return is_written(text, end) or (end.type == "KeyError" and not end.library)


_WRAPPERS = re.compile(r"^base_model\.model\.|\.base_layer\b|\.(lora_[AB]|modules_to_save)\.default\b|\.original_module\b")


def original(name: str) -> str:
    """The name of a parameter before adapters were put around its module."""
    while (shorter := _WRAPPERS.sub("", name.replace(".base_model.model.", "."))) != name:
        name = shorter
    return name


_CALLS = ("from_pretrained", "LoraConfig", "BitsAndBytesConfig", "Trainer")


def _compare_calls(case: Case, outcome: Outcome, trace: ScriptTrace, into: Agreement) -> None:
    """A call that is certain is made at its place, and with the values that are known."""
    for call in trace.loads:
        path = call.site.source.path
        if not call.certain or call.last not in _CALLS or call.name.endswith(_BESIDE):
            continue
        first, last = statement_lines(text_of(case, path), call.site.line)
        made = [keywords for _, file, line, keywords in outcome.calls if file == path and first <= line <= last]
        into.counts["calls"] += 1
        if not made:
            into.wrong.append(f"{case}: {call.name} at {path}:{call.site.line} was not called")
        for name, value in call.keywords.items():
            told = value.value if isinstance(value, Known) else None
            real = [keywords[name] for keywords in made if name in keywords]
            if told is None or not real or any(_opaque(each) for each in real) or _is_name(told):
                continue
            into.counts["call values"] += 1
            if not any(_listed(told) == _listed(each) for each in real):
                into.wrong.append(f"{case}: {call.name} at {path}:{call.site.line}: `{name}` is {real}, not {told!r}")


_BESIDE = ("Tokenizer.from_pretrained", "Processor.from_pretrained", "Config.from_pretrained")


def _is_name(told: object) -> bool:
    """Whether it is something of a library, told by its name."""
    return isinstance(told, str) and told.startswith(("peft.", "transformers.", "torch.", "trl."))


def _opaque(value: object) -> bool:
    return "__opaque__" in repr(value)


def _listed(value: object) -> object:
    match value:
        case tuple() | list():
            return [_listed(each) for each in value]
        case dict():
            return {str(key): _listed(each) for key, each in value.items()}
    return value


@dataclass(frozen=True)
class _Weight:
    """What a parameter of the model as loaded really is when training starts."""

    full: bool
    lora: bool = False
    copy: bool = False


def _weights(outcome: Outcome) -> dict[str, _Weight]:
    """The parameters of the model by the names that they had before adapters were put around their modules."""
    plain: dict[str, bool] = {}
    lora: set[str] = set()
    copies: set[str] = set()
    for names, trained in ((outcome.trained, True), (outcome.frozen, False)):
        for name in names:
            if "modules_to_save" in name:
                copies |= {original(name)} if trained else set()
            elif "lora_" in name:
                lora |= {original(name)} if trained else set()
            else:
                plain[original(name)] = trained
    return {name: _Weight(trained, name in lora, name in copies) for name, trained in plain.items()}


def _kind(name: str) -> str:
    module = name.rpartition(".")[0]
    for part, kind in (("embed_tokens", "embedding"), ("embeddings", "conv"), ("patch_embed", "conv"), ("norm", "norm"), ("ln_q", "norm")):
        if part in module:
            return kind
    return "other" if name.endswith("query") else "linear"


def _compare_parts(case: Case, outcome: Outcome, trace: ScriptTrace, into: Agreement) -> None:
    """Every parameter: what the walk says of it, and of the nearest part above it, must be so.

    Of layers of which a slice was switched (`share`) nothing is said one by one.
    """
    wrong: dict[str, list[str]] = {}
    weights = _weights(outcome)
    targeted = partial(by_suffix, others=[Leaf((name,), _kind(name)) for name in weights])
    for name, real in weights.items():
        state = replay(trace.operations, Leaf((name,), _kind(name)), targeted)
        part = nearest_part(trace, name)
        says = [("trained", None if state.share else state.full, real.full), ("copied", state.copy, real.copy)]
        says += [("with LoRA", state.lora, real.lora)] if name.endswith(".weight") else []
        into.counts["weights"] += 1
        into.counts["weights decided"] += None not in (state.full, state.lora, state.copy) and not state.share
        if part is not None and name.endswith(".weight"):
            into.counts["parts decided"] += part.trained is not None
            says.append((f"trained as part {part.path!r}", part.trained, real.full))
        for what, told, found in says:
            if told is not None and told is not found:
                wrong.setdefault(f"{what} {found}, not {told}", []).append(name)
    into.wrong += [f"{case}: {what}: `{names[0]}` and {len(names) - 1} more" for what, names in wrong.items()]


def nearest_part(trace: ScriptTrace, name: str) -> PartState | None:
    """The part with the longest path that lies above a parameter; None where names or slices decide."""
    if any("*" in path or "[" in path for path in trace.parts):
        return None
    above = [part for path, part in trace.parts.items() if not path or f"{name}.".startswith(f"{path}.")]
    return max(above, key=lambda part: len(part.path), default=None)
