"""Which parts take gradients, replayed in the order in which a script switches them on and off.

Scripts decide by a sequence of statements (freeze the backbone, wrap with PEFT, freeze everything but the projector ...)
of which each undoes part of what was there. Every step is three-valued: where a flag is not known, what would have come
out the same either way stays known.
"""

from collections.abc import Iterable

from lintune.frameworks.inventory import PARTS, Part
from lintune.run.known import truth
from lintune.run.run import Run
from lintune.run.settings import blocked, derived
from lintune.values.value import Value

BACKBONE: tuple[Part, ...] = ("llm", "embed")
LANGUAGE: tuple[Part, ...] = ("llm", "embed", "lm_head")


class Gradients:
    """The state of every part: whether its own weights are trained, and whether an adapter on it is."""

    def __init__(self, parts: Iterable[Part] = PARTS) -> None:
        """Everything that was loaded is trained until a script says otherwise."""
        self.full: dict[Part, bool | None] = dict.fromkeys(parts, True)
        self.lora: dict[Part, bool | None] = dict.fromkeys(parts, False)
        self.share: dict[Part, str] = {}
        """For a part of which only some layers are trained: which (`topk:4`)."""
        self._sources: dict[Part, list[Value]] = {part: [] for part in self.full}

    def switch(self, parts: Iterable[Part], on: bool | None, *sources: Value, when: bool | None = True) -> None:
        """The parts' own weights are switched on or off, where the condition holds."""
        for part in parts:
            self._note(part, when, sources)
            self.full[part] = _merged(self.full[part], on, when)
            if when:
                self.share.pop(part, None)

    def some_layers(self, part: Part, share: str, *sources: Value) -> None:
        """Some layers of a frozen part are switched on."""
        self._note(part, True, sources)
        if self.full[part] is False:
            self.full[part], self.share[part] = True, share

    def adapt(self, parts: Iterable[Part], when: bool | None, *sources: Value, within: Iterable[Part] | None = None) -> None:
        """PEFT wraps the modules `within` (default: all): their own weights are frozen, and the parts given get an adapter."""
        for part in self.full if within is None else within:
            self._note(part, when, sources)
            self.full[part] = _merged(self.full[part], False, when)
            if when:
                self.share.pop(part, None)
        for part in parts:
            self.lora[part] = _merged(self.lora[part], True, when)

    def freeze_everything(self, when: bool | None, *sources: Value) -> None:
        """`model.requires_grad_(False)`: adapters too."""
        self.switch(self.full, False, *sources, when=when)
        for part in self.lora:
            self.lora[part] = _merged(self.lora[part], False, when)

    def restore_adapters(self, parts: Iterable[Part], when: bool | None) -> None:
        """The adapters of these parts are switched on again."""
        for part in parts:
            self.lora[part] = _merged(self.lora[part], True, when)

    def sources(self, part: Part) -> tuple[Value, ...]:
        """The settings that touched a part."""
        return tuple(self._sources[part])

    def mode(self, part: Part) -> str | None:
        """frozen, full, lora, lora+full or topk:N; None where it is not known."""
        full, lora = self.full[part], self.lora[part]
        if full is None or lora is None:
            return None
        names = ["lora"] if lora else []
        if full:
            names.append(self.share.get(part, "full"))
        return "+".join(names) or "frozen"

    def _note(self, part: Part, when: bool | None, sources: tuple[Value, ...]) -> None:
        if when is not False:
            self._sources[part] = [old for old in self._sources[part] if old not in sources] + list(sources)


def _merged(old: bool | None, new: bool | None, when: bool | None) -> bool | None:
    """The new state where the condition holds, the old one where it does not; where that is open, what both agree on."""
    if when is None:
        return old if old == new else None
    return new if when else old


def either(*flags: bool | None) -> bool | None:
    """Three-valued or."""
    return True if True in flags else None if None in flags else False


def negated(flag: bool | None) -> bool | None:
    """Three-valued not."""
    return None if flag is None else not flag


def add_modes(run: Run, gradients: Gradients, note: str) -> None:
    """Set `tune.PART.mode` and `derived.trainable_parts`."""
    trained: list[str] = []
    open_parts: list[Part] = []
    for part in gradients.full:
        mode = gradients.mode(part)
        if mode is None:
            run.values[f"tune.{part}.mode"] = blocked(gradients.sources(part), "the tuning flags are not known")
            open_parts.append(part)
        else:
            run.values[f"tune.{part}.mode"] = derived(mode, note, *gradients.sources(part))
            trained += [part] if mode != "frozen" else []
    _add_twice(run, gradients, note)
    every = [source for part in gradients.full for source in gradients.sources(part)]
    if open_parts:
        why = blocked([source for part in open_parts for source in gradients.sources(part)], "the tuning flags are not known")
        run.values["derived.trainable_parts"] = why
    else:
        run.values["derived.trainable_parts"] = derived(tuple(trained), "parts that are not frozen", *dict.fromkeys(every))
    for name in ("trainable_params", "total_params", "trainable_percent"):
        run.values[f"derived.{name}"] = blocked((), "the parameters of this model are not counted yet")


def _add_twice(run: Run, gradients: Gradients, note: str) -> None:
    """`tune.twice`: parts with LoRA whose own weights are trained too; the setting that came last is named first."""
    twice = tuple(part for part in gradients.full if gradients.full[part] and gradients.lora[part])
    sources = list(reversed(gradients.sources(twice[0]))) if twice else []
    run.values["tune.twice"] = derived(twice, note, *sources)


def flag_truths(run: Run, *names: str) -> tuple[tuple[Value, ...], tuple[bool | None, ...]]:
    """The values of some flags, and what each says as a switch."""
    values = tuple(run.get(f"flag.{name}") for name in names)
    return values, tuple(truth(value) for value in values)
