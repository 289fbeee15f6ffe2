"""What dry runs found, below the findings: the model that was built, what it trains, part by part, and what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from lintune.dryrun.protocol import Json, Result
from lintune.report.cells import harmless, wrapped
from lintune.report.paint import Paint

_PARTS = ("llm", "embed", "lm_head", "vision", "projector", "audio")
_COLUMNS = 118
_GIB = 2**30


def dry_run_blocks(answers: Sequence[tuple[str, Result]], paint: Paint, modules: bool = False) -> list[str]:
    """A block per dry run that answered (one that did not is a finding); `modules`: with every trained module."""
    return ["\n".join(_block(path, answer, paint, modules)) for path, answer in answers if answer.facts]


def _block(path: str, answer: Result, paint: Paint, modules: bool) -> Iterator[str]:
    packages = ", ".join(f"{name} {answer.versions[name]}" for name in ("transformers", "peft", "torch") if name in answer.versions)
    seconds = sum(answer.seconds.values())
    yield f"{paint('bold', f'dry run of {harmless(path)}')}  {paint('dim', f'{answer.action}, {seconds:.1f} s; {packages}')}"
    yield from _counts(answer.facts, paint)
    yield from _sizes(answer.facts)
    yield from _script(answer.facts)
    yield from _step(answer)
    if modules:
        yield from _modules(answer.detail.get("modules"))
    for each in answer.assumptions:
        yield from wrapped(f"assumed: {each}", "  ", "    ", _COLUMNS)


def _whole(facts: Mapping[str, Json], name: str) -> int | None:
    found = facts.get(f"dry_run.{name}")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _counts(facts: Mapping[str, Json], paint: Paint) -> Iterator[str]:
    total, trained = _whole(facts, "total_params"), _whole(facts, "trainable_params")
    if total is None:
        return
    share = f", {trained:,} trained ({100 * trained / total:.2f} %)" if trained is not None and total else ""
    yield f"  {facts.get('dry_run.model_class')} from {facts.get('dry_run.config')}: {paint('bold', f'{total:,}')} parameters{share}"
    for part in _PARTS:
        params, of_it = _whole(facts, f"parts.{part}.params"), _whole(facts, f"parts.{part}.trainable")
        if params:
            yield f"    {part:<10} {params:>18,}" + (f"  trained {of_it:>16,}" if of_it else "  frozen")
    matched = _whole(facts, "adapter.matched")
    if matched:
        yield f"    {facts.get('dry_run.adapter.kind')} on {matched} modules"


def _sizes(facts: Mapping[str, Json]) -> Iterator[str]:
    """Memory, traced and measured."""
    for prefix, word in (("", "traced"), ("step.", "measured")):
        found = [(name, size) for name in ("allocated", "reserved", "device") if (size := _whole(facts, f"{prefix}{name}_bytes"))]
        if found:
            peak = facts.get(f"dry_run.{prefix}peak_phase")
            at = f"; the peak stands in {peak}" if isinstance(peak, str) else ""
            yield f"  {word} per GPU: {', '.join(f'{name} {size / _GIB:,.2f} GiB' for name, size in found)}{at}"


def _script(facts: Mapping[str, Json]) -> Iterator[str]:
    """What the launch's own script did."""
    if "dry_run.script.trainer" in facts:
        rates = [
            f"{name.rpartition('.')[2]} {rate:g}"
            for name, rate in facts.items()
            if name.startswith("dry_run.script.lr_of.") and _is_number(rate)
        ]
        at = f", learning rate of {', '.join(rates)}" if rates else ""
        yield f"  the script hands {facts.get('dry_run.script.model_class')} to {facts['dry_run.script.trainer']}{at}"


def _step(answer: Result) -> Iterator[str]:
    """What a real step showed, and what it could not show."""
    facts = answer.facts
    losses = facts.get("dry_run.step.losses")
    if not isinstance(losses, list):
        return
    seconds, speed = facts.get("dry_run.step.seconds"), facts.get("dry_run.step.tokens_per_second")
    at = f", {seconds:.2f} s and {speed:,.0f} tokens/s" if _is_number(seconds) and _is_number(speed) else ""
    where = facts.get("dry_run.step.gpu") or "the CPU"
    yield f"  stepped on {where}{at}; loss {', '.join(f'{loss:.4f}' for loss in losses if _is_number(loss))}"
    for word, sentences in (("proved", answer.detail.get("proved")), ("not proved", answer.detail.get("not_proved"))):
        for each in sentences if isinstance(sentences, list) else ():
            yield from wrapped(f"{word}: {each}", "  ", "    ", _COLUMNS)
    shrunken = answer.detail.get("shrunken")
    if isinstance(shrunken, list) and shrunken:
        yield from wrapped(f"made smaller: {', '.join(str(each) for each in shrunken)}", "  ", "    ", _COLUMNS)


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _modules(modules: Json) -> Iterator[str]:
    if not isinstance(modules, dict):
        return
    for name, counts in modules.items():
        if isinstance(counts, list) and len(counts) == 2 and isinstance(counts[1], int) and counts[1]:
            yield f"    {harmless(name):<72} {counts[1]:>16,}"
