"""Write `models/inventories.json`: the parameters of each model type as formulas over its config values, learned from the meta device.

    python tools/refresh_inventories.py [TYPE ...]

Run it with an interpreter that has torch and transformers. Every type is built a few dozen times under other config values; each dimension,
repetition and condition is solved exactly and verified on random configs. A type that is not wholly explained is left out and named.
Given types replace their entries; without arguments all of `TYPES` are done.
"""

import json
import random
import re
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT))

from meta_samples import FIXED, Sample, Type, changed, perturbed, random_changes, studied_fields, study  # noqa: E402
from symbolic_shapes import solve  # noqa: E402

FILE = ROOT / "models" / "inventories.json"
VERIFIED = 12
"""Random configs that each entry is verified on."""
LONGEST = 240
"""Seconds for one type."""
TYPES = Path(__file__).with_name("inventory_types.txt")


class NotExplained(Exception):
    """What could not be solved."""


@dataclass(slots=True)
class Observed:
    """All samples of a type, the first one its base."""

    type: Type
    samples: list[Sample] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)
    """Of each sample: the switch that was set otherwise, and the one field that was changed beside it; `*` for several."""

    @property
    def base(self) -> Sample:
        """The sample of the type's defaults."""
        return self.samples[0]

    def add(self, switch: str, name: str, made: Sample | None) -> bool:
        """Take a sample over, if there is one."""
        if made is not None:
            self.samples.append(made)
            self.changes.append((switch, name))
        return made is not None

    def relevant(self) -> dict[str, Any]:
        """The fields of which a change alone changed the parameters, with their values in the base."""
        pairs = zip(self.changes, self.samples, strict=True)
        bases = {switch: made.tensors for (switch, name), made in zip(self.changes, self.samples, strict=True) if not name}
        names = [name for (switch, name), made in pairs if name not in ("", "*") and made.tensors != bases[switch]]
        return {name: self.base.fields[name] for name in dict.fromkeys(names)}


def observe(name: str) -> Observed:
    """Build the type under one change at a time, under switches with one change at a time, then under random changes."""
    studied = study(name)
    base = studied.built({})
    if base is None:
        raise NotExplained("transformers does not build it from its own defaults")
    found = Observed(studied, [base], [("", "")])
    for each, value in studied_fields(base, name).items():
        _vary(found, "", {}, each, value)
        if isinstance(value, int) and not isinstance(value, bool):
            made = studied.built({each: None})
            if made is not None and made.fields.get(each) is None and made.tensors != base.tensors:
                found.add("", each, made)
    patterns = patterns_of(base)
    for (_, switch), made in list(zip(found.changes, found.samples, strict=True)):
        if switch and patterns_of(made) - patterns:
            setting = {switch: made.fields.get(switch)}
            found.add(f"{switch}={setting[switch]}", "", made)
            for each, value in studied_fields(base, name).items():
                if each != switch and isinstance(value, int) and not isinstance(value, bool):
                    _vary(found, f"{switch}={setting[switch]}", setting, each, value)
    relevant = found.relevant()
    chance, left = random.Random(0), 60
    while left and sum(each == "*" for _, each in found.changes) < 16:
        left -= 1
        found.add("", "*", studied.built(random_changes(relevant, chance)))
    return found


def _vary(found: Observed, switch: str, setting: dict[str, Any], name: str, value: Any) -> None:
    """Samples with one field set otherwise: two where it is a whole number."""
    wanted = 1 if isinstance(value, bool) else 2
    for other in _others(name, value):
        made = found.type.built({**setting, name: other})
        if made is not None and made.fields.get(name) == other:
            wanted -= found.add(switch, name, made)
        if not wanted:
            break


def _others(name: str, value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, list):
        if value and all(isinstance(each, str) for each in value):
            return [list(reversed(value)), value[1:] + value[:1]]
        return [value[:-1], [1, 3], [1], [0, 2]] if value else [[1], [0, 2]]
    if value is None:
        return []
    return perturbed(name, value)


def pattern_of(name: str, lists: frozenset[str]) -> tuple[str, tuple[int, ...]]:
    """A name with `{}` for its numbers in module lists, and these numbers."""
    words = name.split(".")
    places = [at for at, word in enumerate(words) if word.isdecimal() and ".".join(words[:at]) in lists]
    numbers = tuple(int(words[at]) for at in places)
    return ".".join("{}" if at in places else word for at, word in enumerate(words)), numbers


def patterns_of(made: Sample) -> set[str]:
    """The patterns of all parameters of a sample."""
    return {pattern_of(full, made.lists)[0] for full in made.tensors}


def learn(name: str) -> dict[str, Any]:
    """The entry of a type. Raises `NotExplained`."""
    observed = observe(name)
    unlike = _unlike(observed)
    for made in observed.samples:
        made.lists -= unlike
    everything = observed.samples
    table = _table(observed)
    counts = _counts(observed, table)
    rows = []
    for pattern, seen in table.items():
        shapes = _shape(observed, pattern, seen)
        rows.append([pattern, shapes, _condition(observed, pattern, seen, counts)])
    kinds = {pattern_of(owner, made.lists)[0]: kind for made in everything for owner, kind in made.kinds.items()}
    entry: dict[str, Any] = {"class": observed.base.model_class, "base": observed.base.base}
    entry["lists"] = counts
    entry["includes"], entry["nested"] = observed.base.includes, observed.base.nested
    entry["modules"] = _by_module(rows, kinds)
    entry["defaults"] = _defaults(observed, entry)
    entry["aliases"] = _aliases(name, observed)
    entry["fixed"] = {each: observed.base.fields[each] for each in FIXED.get(name, ()) if each in observed.base.fields}
    return {key: value for key, value in entry.items() if value}


Table = dict[str, list[dict[tuple[int, ...], tuple[int, ...]]]]
"""By pattern, for each sample, the shapes by their numbers."""


def _table(observed: Observed) -> Table:
    table: Table = {}
    for index, made in enumerate(observed.samples):
        for full, shape in made.tensors.items():
            pattern, numbers = pattern_of(full, made.lists)
            table.setdefault(pattern, [{} for _ in observed.samples])[index][numbers] = shape
    return table


def _unlike(observed: Observed) -> frozenset[str]:
    """Short lists whose members have unlike shapes: their members are named one by one."""
    found: set[str] = set()
    for pattern, seen in _table(observed).items():
        if any(len(set(each.values())) > 1 for each in seen) and all(max(map(max, each), default=0) < 4 for each in seen):
            found.add(pattern[: pattern.rindex("{}") - 1])
    return frozenset(found)


def _by_module(rows: Sequence[list[Any]], kinds: dict[str, str]) -> list[list[Any]]:
    """One row per module: name, kind, parameters as [name, dimensions, condition]."""
    modules: dict[str, list[Any]] = {}
    for pattern, shape, condition in rows:
        owner, _, last = pattern.rpartition(".")
        row = modules.setdefault(owner, [owner, kinds.get(owner, "other"), []])
        row[2].append([last, shape, condition] if condition else [last, shape])
    return list(modules.values())


def _sensitive(observed: Observed, values: Sequence[Any]) -> list[str]:
    """The fields whose change alone changed a value; `values`: one per sample, None where it is not there."""
    bases = {switch: values[index] for index, (switch, name) in enumerate(observed.changes) if not name}
    found = []
    for (switch, name), value in zip(observed.changes, values, strict=True):
        first = bases.get(switch)
        if name not in ("", "*") and value is not None and first is not None and value != first and name not in found:
            found.append(name)
    return found


def _numbers(fields: dict[str, Any]) -> dict[str, int]:
    """Whole numbers, switches as 0 and 1, and the lengths of lists as `name#`."""
    found = {name: int(value) for name, value in fields.items() if isinstance(value, int)}
    return found | {f"{name}#": len(value) for name, value in fields.items() if isinstance(value, list)}


def _solved(observed: Observed, values: Sequence[int | None], what: str) -> str:
    names = _sensitive(observed, values)
    lengths = [f"{name}#" if isinstance(observed.base.fields.get(name), list) else name for name in names]
    pairs = [(value, _numbers(made.fields)) for value, made in zip(values, observed.samples, strict=True) if value is not None]
    found = solve(pairs, lengths)
    if found is None:
        raise NotExplained(f"{what} over {names}: {[value for value, _ in pairs][:8]}")
    return found


def _shape(observed: Observed, pattern: str, seen: Sequence[dict[tuple[int, ...], tuple[int, ...]]]) -> list[str]:
    per_sample = [next(iter(each.values()), None) for each in seen]
    for each in seen:
        if len(set(each.values())) > 1:
            raise NotExplained(f"{pattern} has another shape in another layer: {sorted(set(each.values()))[:3]}")
    ranks = {len(each) for each in per_sample if each is not None}
    if len(ranks) != 1:
        raise NotExplained(f"{pattern} has tensors of ranks {ranks}")
    return [
        _solved(observed, [each[axis] if each is not None else None for each in per_sample], f"dimension {axis} of {pattern}")
        for axis in range(ranks.pop())
    ]


def _counts(observed: Observed, table: dict[str, Any]) -> dict[str, str]:
    """How often each list of modules is repeated, by its name with `{}`: the largest number below it and one."""
    prefixes = {pattern[: match.start() + 2] for pattern in table for match in re.finditer(r"\{\}", pattern)}
    found: dict[str, str] = {}
    for prefix in sorted(prefixes):
        level = prefix.count("{}") - 1
        values: list[int | None] = []
        for index in range(len(observed.samples)):
            largest = [numbers[level] for pattern, seen in table.items() if pattern.startswith(prefix) for numbers in seen[index]]
            values.append(max(largest) + 1 if largest else None)
        found[prefix] = _solved(observed, values, f"the number of {prefix}")
    return found


Literal = list[Any]


def _condition(observed: Observed, pattern: str, seen: Sequence[dict[tuple[int, ...], Any]], counts: dict[str, str]) -> list[Literal]:
    """When a parameter is there: literals that hold together; none where always."""
    levels = [pattern[: match.start() + 2] for match in re.finditer(r"\{\}", pattern)]
    facts: list[tuple[bool, tuple[int, ...], dict[str, Any]]] = []
    for made, seen_there in zip(observed.samples, seen, strict=True):
        facts += [(each in seen_there, each, made.fields) for each in _all_numbers(levels, counts, made)]
    if all(there for there, _, _ in facts):
        return []
    found = _conjunction(observed, facts, len(levels))
    if found is None:
        other = _conjunction(observed, [(not there, numbers, fields) for there, numbers, fields in facts], len(levels))
        if other is None:
            numbers, fields = next((numbers, fields) for there, numbers, fields in facts if not there)
            raise NotExplained(f"when {pattern} is there: {numbers} {_numbers(fields)!r:.300}")
        found = [["not-all", other]]
    return found


def _conjunction(observed: Observed, facts: Sequence[tuple[bool, tuple[int, ...], dict[str, Any]]], levels: int) -> list[Literal] | None:
    """Literals that together hold where the facts say so, and nowhere else."""
    candidates = list(_literals(observed, levels))
    sound = [each for each in candidates if all(holds(each, numbers, fields) for there, numbers, fields in facts if there)]
    chosen: list[Literal] = []
    wrong = [(numbers, fields) for there, numbers, fields in facts if not there]
    while wrong:
        best = max(sound, key=lambda each: sum(not holds(each, *one) for one in wrong), default=None)
        left = [one for one in wrong if best is None or holds(best, *one)]
        if best is None or len(left) == len(wrong):
            return None
        chosen.append(best)
        wrong = left
    return chosen


def _all_numbers(levels: Sequence[str], counts: dict[str, str], made: Sample) -> list[tuple[int, ...]]:
    from lintune.models.inventories import evaluated

    found: list[tuple[int, ...]] = [()]
    for level in levels:
        count = evaluated(counts[level], _numbers(made.fields))
        found = [(*each, number) for each in found for number in range(count)]
    return found


def _literals(observed: Observed, levels: int) -> Sequence[Literal]:
    """What a condition may be made of; the simplest first."""
    fields = observed.base.fields
    found: list[Literal] = []
    for name in fields:
        values = [made.fields.get(name) for made in observed.samples]
        if all(each == values[0] for each in values):
            continue
        if all(isinstance(each, bool) for each in values):
            found += [["is", name, True], ["is", name, False]]
        elif any(each is None for each in values):
            found += [["given", name, True], ["given", name, False]]
        elif all(isinstance(each, int) for each in values):
            found += [["more", name, 0], ["more", name, 1]]
    for level in range(levels):
        for name, value in fields.items():
            if isinstance(value, int) and not isinstance(value, bool):
                found += [["below", level, name], ["from", level, name], ["every", level, name, 1], ["not-every", level, name, 1],
                          ["every", level, name, 0], ["not-every", level, name, 0]]  # fmt: skip
            elif isinstance(value, list) and value and isinstance(value[0], str):
                kinds = {each for made in observed.samples for each in made.fields.get(name) or () if isinstance(each, str)}
                found += [["kind", level, name, kind] for kind in sorted(kinds)]
                found += [["not-kind", level, name, kind] for kind in sorted(kinds)] if len(kinds) > 2 else []
            elif isinstance(value, list):
                found += [["among", level, name], ["not-among", level, name]]
        found += [["from-number", level, number] for number in (1, 2)] + [["parity", level, 0], ["parity", level, 1]]
    return found


def holds(literal: Literal, numbers: tuple[int, ...], fields: dict[str, Any]) -> bool:
    """Whether a literal holds for a layer of a config."""
    from lintune.models.inventories import NoInventory, literal_holds

    try:
        return literal_holds(literal, numbers, fields)
    except (NoInventory, TypeError):
        return False


def _used(entry: dict[str, Any]) -> list[str]:
    """The fields that an entry reads."""
    text = [*entry.get("lists", {}).values()]
    literals: list[Literal] = []
    for _, _, parameters in entry["modules"]:
        for each in parameters:
            text += each[1]
            literals += each[2] if len(each) > 2 else []
    names = {word.removesuffix("#") for part in text for word in re.findall(r"[A-Za-z_][\w.]*#?", part)}
    literals += [each for literal in literals if literal[0] == "not-all" for each in literal[1]]
    names |= {str(part) for literal in literals for part in literal[1:3] if isinstance(part, str)}
    return sorted(names)


def _defaults(observed: Observed, entry: dict[str, Any]) -> dict[str, Any]:
    """What each field is where a config.json does not give it: a value, or a formula over other fields of the same part."""
    used = _used(entry)
    found: dict[str, Any] = {}
    for name in used:  # grows by the fields that a default's formula reads
        if name not in observed.base.fields:
            continue
        first = observed.type.resolved({}, name)
        value = first.get(name) if first else observed.base.fields[name]
        found[name] = value
        if value is None and name.endswith("head_dim"):
            part = name.removesuffix("head_dim")
            found[name] = f"{part}hidden_size/{part}num_attention_heads"
        if isinstance(value, int) and not isinstance(value, bool) and first is not None:
            formula = _derived(observed, name, first, used)
            if formula is not None:
                found[name] = formula
                used += [each for each in re.findall(r"[A-Za-z_][\w.]*", formula) if each not in used]
        elif isinstance(value, list) and value and isinstance(value[0], str):
            found[name] = _cycle(value)
    return found


def _derived(observed: Observed, name: str, first: dict[str, Any], used: Sequence[str]) -> str | None:
    """The formula of a default that follows other fields; None where it is a constant."""
    part = name.rpartition(".")[0]
    pairs = [(first[name], _numbers(first))]
    sensitive = []
    for other in observed.base.fields:
        value = observed.base.fields[other]
        if other == name or other.rpartition(".")[0] != part or not isinstance(value, int) or isinstance(value, bool) or not value:
            continue
        for factor in (2, 3):
            made = observed.type.resolved({other: value * factor}, name)
            if made is None or not isinstance(made.get(name), int):
                continue
            pairs.append((made[name], _numbers(made)))
            if made[name] != first[name] and other not in sensitive:
                sensitive.append(other)
    return solve(pairs, sensitive) if sensitive else None


def _cycle(kinds: list[str]) -> dict[str, Any]:
    """A list of layer kinds as its first kind and where others stand, where that is regular; else as it is."""
    others = sorted(set(kinds))
    if len(others) == 1:
        return {"every": others[0]}
    for length in range(1, len(kinds)):
        if all(kind == kinds[index % length] for index, kind in enumerate(kinds)) and len(kinds) > length:
            return {"cycle": kinds[:length]}
    return {"list": kinds}


def _aliases(name: str, observed: Observed) -> dict[str, str]:
    """Other spellings of fields (`attribute_map`) that config.json files use."""
    from meta_samples import config_of

    config = config_of(name, observed.type.base)
    found = dict(getattr(config, "attribute_map", {}) or {})
    for nested in getattr(config, "sub_configs", {}):
        inner = getattr(config, nested, None)
        for alias, real in (getattr(inner, "attribute_map", {}) or {}).items():
            found[f"{nested}.{alias}"] = f"{nested}.{real}"
    return found


def verify(name: str, entry: dict[str, Any]) -> None:
    """The entry gives what transformers builds, on random configs. Raises `NotExplained`."""
    from lintune.models.inventories import modules_of_entry

    studied = study(name)
    base = studied.built({})
    assert base is not None
    chance, done, tries = random.Random(1), 0, 0
    fields = studied_fields(base, name)
    used = {each: value for each, value in fields.items() if each in _used(entry)}
    while done < VERIFIED and tries < 90:
        tries += 1
        relevant = fields if tries % 2 else used  # the others must make no difference
        changes = random_changes(relevant, chance)
        made = studied.built(changes)
        if made is None:
            continue
        done += 1
        mine = {
            f"{module.name}.{parameter}": shape
            for module in modules_of_entry(entry, changed(studied.base, studied.listed(changes)), included=False)
            for parameter, shape in module.shapes
        }
        if mine != made.tensors:
            wrong = sorted(set(mine.items()) ^ set(made.tensors.items()))[:3]
            raise NotExplained(f"differs under {changes}: {wrong}")
    if not done:
        raise NotExplained("no random config can be built")


def main(names: list[str]) -> int:
    """Learn the types given, or all of them."""
    import transformers

    transformers.logging.set_verbosity_error()
    signal.signal(signal.SIGALRM, _too_long)
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"types": {}}
    listed = [line for line in TYPES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    wanted = names or " ".join(listed).split()
    left_out = 0
    for name in wanted:
        started = time.time()
        signal.alarm(LONGEST)
        try:
            entry = learn(name)
            verify(name, entry)
            known["types"][name] = entry
            signal.alarm(0)
            print(f"{name}: {len(entry['modules'])} modules, {time.time() - started:.1f} s", flush=True)
        except Exception as error:
            left_out += 1
            known["types"].pop(name, None)
            signal.alarm(0)
            print(f"{name}: NOT: {type(error).__name__}: {str(error)[:600]}", flush=True)
        write(known, transformers.__version__)
    print(f"{len(known['types'])} types, {left_out} left out, {FILE.stat().st_size / 1000:.0f} kB")
    return 0


def _too_long(*_: object) -> None:
    raise NotExplained(f"takes longer than {LONGEST} s")


def write(known: dict[str, Any], version: str) -> None:
    """Write the file, one type per line."""
    lines = [f' "{name}": {json.dumps(entry, separators=(",", ":"))}' for name, entry in sorted(known["types"].items())]
    source = f"transformers {version}, built on the meta device by tools/refresh_inventories.py"
    FILE.write_text(
        '{\n"schema_version": 1,\n"source": ' + json.dumps(source) + ',\n"types": {\n' + ",\n".join(lines) + "\n}\n}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
