"""LLaMA-Factory's registry of data sets: names in `dataset` and `eval_dataset` must be keys of `dataset_info.json`.

data/parser.py `get_dataset_list` raises for another name; `dataset_dir: ONLINE` and `REMOTE:...` have no file here.
"""

from posixpath import join, normpath

from lintune.frameworks.context import Reading
from lintune.run.known import data, text
from lintune.run.run import Item, Run
from lintune.syntax.tree import Mapping, Scalar
from lintune.values.value import Absent, Data, Known, Value, site_of

FILE = "dataset_info.json"
_MOST_ABOVE = 6


def add_datasets(run: Run, reading: Reading) -> None:
    """Set `raw.dataset_unknown`: a name per item, with what is near it and the registry that lacks it; and `raw.dataset_misfit`."""
    folder = run.get("flag.dataset_dir")
    place = text(folder)
    if place is None or place == "ONLINE" or place.startswith(("REMOTE:", "/", "~")) or "://" in place:
        return
    found = _registry(reading, place)
    if found is None:
        return
    path, known, pairs = found
    items = []
    misfits = []
    for flag in ("dataset", "eval_dataset"):
        value = run.get(f"flag.{flag}")
        missing = [name for name in _names(data(value)) if name not in known]
        misfits += [
            Item({"name": Known(name), "registry": Known(path)}, site_of(value))
            for name in _names(data(value))
            if _misfit(run, pairs.get(name))
        ]
        items += [Item(_fields(name, flag, path, known), site_of(value)) for name in missing]
    if items:
        run.items["raw.dataset_unknown"] = tuple(items)
    if misfits:
        run.items["raw.dataset_misfit"] = tuple(misfits)


def _misfit(run: Run, ranking: bool | None) -> bool:
    """Whether a data set is of pairs where the stage wants none, or of none where it wants pairs (data/loader.py `_get_merged_dataset`)."""
    stage = text(run.get("flag.stage"))
    if ranking is None or stage not in ("sft", "pt", "kto", "rm", "dpo"):
        return False
    return ranking is not (stage in ("rm", "dpo"))


def _registry(reading: Reading, place: str) -> tuple[str, tuple[str, ...], dict[str, bool]] | None:
    """The registry's path and names: seen from the launch's folder, else from those above the file that holds the launch."""
    project = reading.context.project
    above = project.folders_above(reading.context.script)[:_MOST_ABOVE]
    for base in (reading.folder, *above):
        path = normpath(join(base, place, FILE))
        source = project.read(path) if project.exists(path) else None
        if source is not None:
            from lintune.syntax.json import parse_json

            root = parse_json(source).root
            return (path, tuple(str(entry.key.value) for entry in root.entries), _rankings(root)) if isinstance(root, Mapping) else None
    return None


def _rankings(root: Mapping) -> dict[str, bool]:
    """By data set whether the registry says that it holds pairs; those without an entry of their own are left out."""
    found: dict[str, bool] = {}
    for entry in root.entries:
        if isinstance(entry.value, Mapping):
            ranking = entry.value.get("ranking")
            said = ranking.value if isinstance(ranking, Scalar) else False
            if isinstance(said, bool):
                found[str(entry.key.value)] = said
    return found


def _names(found: Data) -> tuple[str, ...]:
    """A list, or names with commas between them (hparams/data_args.py `split_arg`)."""
    if isinstance(found, str):
        return tuple(name.strip() for name in found.split(",") if name.strip())
    return tuple(name for name in found if isinstance(name, str)) if isinstance(found, tuple) else ()


def _fields(name: str, flag: str, path: str, known: tuple[str, ...]) -> dict[str, Value]:
    from lintune.values.conversion import nearest

    near = nearest(name, known)
    return {"name": Known(name), "flag": Known(flag), "registry": Known(path), "nearest": Known(near) if near else Absent()}
