"""A setting on the cards that the user names."""

from lintune.memory.setting import Setting
from lintune.run.gpu import parse_gpu
from lintune.run.run import Run
from lintune.source.record import replace
from lintune.values.value import Known


def on_cards(setting: Setting, run: Run, spec: str, in_use: int = 0) -> Setting:
    """The setting on cards written as `2xA100-40G`; where the launch does not say how many processes it has, one per card is taken.

    `in_use`: bytes of a card that are taken already. Raises `ValueError` where the specification is none.
    """
    setting = replace(setting, in_use=in_use)
    if not spec:
        return setting
    card = parse_gpu(spec)
    notes = setting.notes
    if card.memory_bytes is None:
        notes = (*notes, f"the memory of `{card.name}` is not known: write it as {card.name}-80G")
    world = setting.world
    if card.count and not isinstance(run.get("derived.world_size"), Known):
        world = card.count * (card.nodes or 1)
        if world != setting.world:
            notes = (*notes, f"{world} processes are taken: one per card of `--gpu {spec}`")
    return replace(setting, gpu_name=card.name, gpu_bytes=card.memory_bytes, world=world, notes=notes)
