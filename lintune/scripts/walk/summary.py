"""What is left of a walk: its ends, branches, calls, the state of every part, and the options that it read."""

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lintune.scripts.comparisons import project_texts
from lintune.scripts.walk.abstract import Class, Open, Root, Weights
from lintune.scripts.walk.classes import text_of
from lintune.scripts.walk.given import run_value
from lintune.scripts.walk.scopes import ancestry
from lintune.scripts.walk.trace import Branch, PartState, ScriptTrace, Void, answer
from lintune.scripts.walk.weights import OWN, Leaf, replay
from lintune.source.text import Site, Source

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk


def summary(walk: "Walk") -> ScriptTrace:
    """The trace of a walk that is over."""
    named = _reads_open(walk)
    return ScriptTrace(
        tuple(walk.ends.values()),
        tuple(_settled(walk, each) for each in walk.branches.values()),
        _parts(walk),
        tuple(walk.loads.values()),
        _voids(walk),
        frozenset(walk.reads & walk.option_names),
        frozenset(named),
        _excluded(walk, named),
        _reached(walk),
        (*walk.script.problems, *walk.notes.values()),
        walk.project.paths_read if walk.project is not None else (),
        {key: answer(value) for key, value in walk.asked.items()},
        _class(walk),
        model_of(walk) is not None,
        _chain(walk),
        tuple(walk.noted.opened.values()),
        tuple(walk.noted.trainers),
        _speaks_of_images(walk),
    )


_IMAGES = re.compile(r"vision|visual|image|pixel", re.I)


def _speaks_of_images(walk: "Walk") -> bool:
    """Whether the model is made by a class of the project that speaks of images, or one of which it is made does."""
    root = model_of(walk)
    if root is None or not isinstance(root.made_by, Class):
        return False
    return any(_IMAGES.search(text_of(each)) for made in (root.made_by, *root.classes.values()) for each in ancestry(made)[0])


def _reached(walk: "Walk") -> bool | None:
    if any(end.certain and end.stage != "last-save" for end in walk.ends.values()):
        return False
    return None if walk.reached and (walk.lost or walk.strayed) else walk.reached


def _settled(walk: "Walk", found: Branch) -> Branch:
    """A branch; in a function that was called again and not followed then, it may have come out otherwise."""
    for module, first, last in walk.strayed:
        if found.site.source is module.source and first <= found.site.line <= last:
            return Branch(found.site, found.text, None, found.names)
    return found


def model_of(walk: "Walk") -> Root | None:
    """The model that is trained: the one that the trainer gets, else the last one that was loaded, else made."""
    if walk.trained is not None:
        return _home(walk.trained.root)
    free = [root for root in walk.roots if root.home is None]
    roots = [root for root in free if root.loaded] or free
    switched = [root for root in roots if root.slots["ops"] is not None and root.slots["ops"][2] != OWN]
    chosen = switched or roots
    return chosen[-1] if chosen else None


def _class(walk: "Walk") -> str:
    root = model_of(walk)
    if root is None:
        return ""
    return root.made_by.name if isinstance(root.made_by, Class) else root.made_by.dotted


def _home(root: Root) -> Root:
    while root.home is not None:
        root = root.home[0]
    return root


def _chain(walk: "Walk") -> Any:
    root = model_of(walk)
    if root is None:
        return None
    started = root.slots.get(STARTED)
    started = started.there if isinstance(started, Open) else started
    return started if started is not None else root.slots["ops"]


STARTED = ("started",)
"""The slot of a model with the operations up to where its training starts: what comes after is for saving."""


def start_training(walk: "Walk") -> None:
    """Note what was done to the model that is trained until now."""
    root = model_of(walk)
    if root is not None and STARTED not in root.slots and root.slots["ops"] is not None:
        walk.journal.write(root.slots, STARTED, root.slots["ops"])


def _operations(chain: Any) -> list[Any]:
    found: list[Any] = []
    while chain is not None:
        found.append(chain[2])
        chain = chain[1]
    return found[::-1]


def _flat(operations: Any) -> list[Any]:
    found: list[Any] = []
    for each in operations:
        if each[0] == "either":
            found += [*_flat(each[2]), *_flat(each[3])]
        else:
            found.append(each)
    return found


def _parts(walk: "Walk") -> dict[str, PartState]:
    root = model_of(walk)
    if root is None:
        return {}
    chain = _chain(walk)
    flat = _flat(_operations(chain))
    wraps = [each for each in flat if each[0] == "peft"]
    found: dict[str, PartState] = {}
    for path in _paths(flat):
        state = replay(chain, Leaf((f"{path}.weight" if path else "weight",)), lambda *_: True)
        wrap = wraps[-1] if wraps else None
        if wrap is None:
            found[path] = PartState(path, state.full, state.lora, site=state.site)
            continue
        targets, saved = (run_value(walk, wrap[index], ast.Pass()) for index in (2, 3))
        found[path] = PartState(path, state.full, state.lora, targets, saved, state.site)
    if any(each[0] == "set" and "@" in each[1] and each[3] is not found[""].trained for each in flat):
        found[""] = PartState("", None, found[""].lora, site=found[""].site)
    for each in flat:
        if each[0] == "set" and each[2]:
            key = "*".join(filter(None, (each[1], *map(_shown, each[2]))))
            found[f"{key}*"] = PartState(f"{key}*", each[3], site=each[4])
    return found


def _voids(walk: "Walk") -> tuple[Void, ...]:
    root = model_of(walk)
    if root is None:
        return ()
    chain = root.slots["ops"]
    found = []
    for _, path, value, site, names in (each for each in _operations(chain) if each[0] == "void"):
        state = replay(chain, Leaf((f"{path}.weight",)), lambda *_: True)
        found.append(Void(path, value, site, state.full, names))
    return tuple(found)


def _paths(flat: list[Any]) -> list[str]:
    """The module paths that operations name, those in models that were put into the model too."""
    found = [""]
    for each in flat:
        if each[0] in ("void", "own", "holds", "empty"):
            continue
        found.append(each[1])
        if each[0] == "graft":
            found += [f"{each[1]}.{path}" for path in _paths(_flat(_operations(each[2].slots["ops"]))) if path]
    return list(dict.fromkeys(found))


def _shown(test: Any) -> str:
    if test.kind == "not":
        return f"!{_shown(test.args[0])}"
    if test.kind in ("and", "or"):
        return ("|" if test.kind == "or" else "&").join(map(_shown, test.args))
    return "?" if test.kind in ("open", "exists") else ",".join(map(str, test.args))


def _reads_open(walk: "Walk") -> dict[str, Site | None]:
    """Options that are named in blocks that were not entered, and were not read, with the test in front of one such block."""
    found: dict[str, Site | None] = {}
    for module, body, test in walk.skipped:
        for statement in body:
            for name in _attributes(statement):
                if name in walk.option_names and name not in walk.reads:
                    found.setdefault(name, module.site(test) if test is not None else None)
    return found


@lru_cache(maxsize=4096)
def _attributes(statement: ast.stmt) -> tuple[str, ...]:
    """The names of attributes below a statement, for all walks that pass it by."""
    return tuple(dict.fromkeys(node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)))


def _excluded(walk: "Walk", named: dict[str, Site | None]) -> dict[str, Site]:
    """Of these options those whose every mention in the project's files lies in such a block."""
    if walk.project is None or walk.strayed or not any(named.values()):
        return {}
    texts = project_texts(walk.project)
    blocks: dict[str, list[tuple[int, int]]] = {}
    for module, body, _ in walk.skipped:
        last = body[-1].end_lineno or body[-1].lineno
        blocks.setdefault(module.source.path, []).append((body[0].lineno, last))
    defined = {(site.source.path, site.line) for site in _definitions(walk)}

    def outside(name: str) -> bool:
        """Whether a line names it that is neither its definition nor in such a block."""
        return any(
            (source.path, line) not in defined and not any(first <= line <= last for first, last in blocks.get(source.path, ()))
            for source in texts
            if name in source.text
            for line in _lines_naming(source, name)
        )

    return {name: test for name, test in named.items() if test is not None and not outside(name)}


@lru_cache(maxsize=4096)
def _lines_naming(source: Source, name: str) -> tuple[int, ...]:
    """The lines of a file that hold a word, for all walks that come by."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    return tuple(source.position(each.start()).line for each in word.finditer(source.text))


def _definitions(walk: "Walk") -> list[Site]:
    options = [*walk.script.arguments, *(option for found in walk.script.dataclasses for option in found.options.values())]
    return [option.site for option in options if option.site is not None]


__all__ = ["Weights", "model_of", "summary"]
