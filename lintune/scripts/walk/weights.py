"""Which weights of a model a script trains: the operations on them, in order, and what comes out for one parameter.

A chain is `("ops", earlier chain or None, operation)`. Operations:
`("set", path, tests, value, site)` switches gradients of what lies below a path and passes the tests; value None: not known.
`("peft", path, targets, saved, bias, site)` freezes what lies below a path, wraps the targets with an adapter, trains copies.
`("fresh", path, site)` a new module, trained. `("graft", path, root)` another model put in there.
`("lost", path, site)` unknown code was given the module.
`("void", path, value, site, names)` the attribute is set on the module instead of its weights: nothing happens.
`("either", test, operations, operations)` one of two, the first where the test holds.
`("holds", path, names)` a class of the project has attributes that may be modules; nothing is done to them.
`("empty", path)` the module there has no weights.
`("own",)` a class of the project makes the model: modules that are put into it were not there before.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from lintune.scripts.walk.abstract import Data, Items, Test, Value
from lintune.source.record import dataclass

Chain: TypeAlias = Any
Targeted: TypeAlias = Callable[[Value, "Leaf"], bool | None]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parameter of a model."""

    names: tuple[str, ...]
    """As `named_parameters()` gives it first, then other paths that lead to it."""
    kind: str = "linear"
    """What its module is: linear, embedding, norm, conv, other; `any` for one that stands for modules whose names are not known."""

    @property
    def module(self) -> str:
        """The module that holds it."""
        return self.names[0].rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Trained:
    """Whether a parameter is trained itself, whether an adapter lies around its module, whether a copy of it is trained."""

    full: bool | None = True
    lora: bool | None = False
    copy: bool | None = False
    share: str = ""
    """Where only some layers were switched: the slice (`[-4:]`)."""
    site: Any = None
    missing: bool = False
    """Whether its module is not there yet."""


MISSING = Trained(False, missing=True)
"""A parameter of a module that is not there."""


def within(path: str, leaf: Leaf) -> str | None:
    """The name of a parameter below a path, relative to it; None where it lies elsewhere."""
    if not path:
        return leaf.names[0]
    if "[" in path:
        found = _layer(path, leaf)
        return found[1] if found is not None else None
    if "@" in path:
        return _embedding(path, leaf)
    for name in leaf.names:
        if name.startswith(path) and (len(name) == len(path) or name[len(path)] == "."):
            return name[len(path) + 1 :]
    return None


def _layer(path: str, leaf: Leaf) -> tuple[bool | None, str] | None:
    """Whether the slice of a path (`layers[-4:].mlp`) takes a parameter's layer, and its name below; None where it lies elsewhere."""
    above, _, tail = path.partition("[")
    index, _, rest = tail.partition("]")
    name = within(above, leaf)
    if name is None:
        return None
    number, _, below = name.partition(".")
    rest = rest.lstrip(".")
    if rest:
        inner = within(rest, Leaf((below or name,), leaf.kind))
        return (_taken(index, number), inner) if inner is not None else None
    return _taken(index, number), below


LAST = 99
"""Stands for the last layer in the names of parameters that stand for others."""


def _taken(index: str, number: str) -> bool | None:
    """Whether `[index]` takes a layer; from the end that can only be told of the first and the last."""
    if not number.isdigit():
        return None
    layer = int(number)
    start, colon, stop = index.partition(":")
    try:
        low = int(start) if start else None
        high = int(stop) if stop else None
    except ValueError:
        return None
    if not colon:
        return layer == (LAST if low == -1 else low) if low is not None and low >= -1 else None if layer not in (0, LAST) else False
    if high is not None and high < 0:
        return False if layer == LAST else None
    if low is not None and low < 0:
        return layer == LAST if layer in (0, LAST) else None
    return (low is None or layer >= low) and (high is None or layer < high)


_EMBEDDINGS = {
    "@input": frozenset(("embed_tokens", "tok_embeddings", "wte", "word_embeddings", "embed_in")),
    "@output": frozenset(("lm_head", "embed_out")),
}
"""How models call what `get_input_embeddings()` and `get_output_embeddings()` give."""


def _embedding(path: str, leaf: Leaf) -> str | None:
    """The name below the embeddings of the module at a path."""
    above, _, asked = path.rpartition("@")
    if above and within(above.rstrip("."), leaf) is None:
        return None
    parts = leaf.names[0].split(".")
    asked = asked.partition(".")[0]
    if len(parts) < 2 or parts[-2] not in _EMBEDDINGS[f"@{asked}"] or (asked == "input" and "vision" in leaf.names[0]):
        return None
    return parts[-1]


def holds(test: Test, leaf: Leaf) -> bool | None:
    """Whether a test on names holds for a parameter."""
    match test.kind:
        case "not":
            inner = holds(test.args[0], leaf)
            return None if inner is None else not inner
        case "and" | "or":
            settles = test.kind == "or"
            parts = [holds(each, leaf) for each in test.args]
            return settles if settles in parts else None if None in parts else not settles
        case "isa":
            return _isa(test.args, leaf)
        case "open" | "exists" | "among":
            return None
    name = within(test.path, leaf)
    if name is None:
        return False
    return _named(test.kind, test.args[0], name)


def _named(kind: str, text: str, name: str) -> bool | None:
    match kind:
        case "in":
            return text in name
        case "starts":
            return name.startswith(text)
        case "ends":
            return name.endswith(text) or (text != "" and name.rpartition(".")[0].endswith(text))
        case "equals":
            return text in (name, name.rpartition(".")[0])
        case "part":
            return text in name.split(".")
        case "last":
            return name.rpartition(".")[0].rpartition(".")[2] == text
    return None


_KINDS = {"Linear": "linear", "Embedding": "embedding", "Conv1D": "conv", "Conv2d": "conv", "Conv3d": "conv", "LayerNorm": "norm"}


def _isa(names: tuple[str, ...], leaf: Leaf) -> bool | None:
    if leaf.kind == "any":
        return None
    known = [_KINDS.get(name.rpartition(".")[2]) for name in names]
    if leaf.kind in known:
        return True
    return None if None in known else False


def replay(chain: Chain, leaf: Leaf, targeted: Targeted, exists: Callable[[str], bool | None] = lambda _: None) -> Trained:
    """What the operations of a chain leave of a parameter."""
    operations = []
    while chain is not None:
        operations.append(chain[2])
        chain = chain[1]
    operations.reverse()
    state = MISSING if operations and operations[0] == OWN and _is_put(operations, leaf) else Trained()
    for operation in operations:
        state = _applied(operation, state, leaf, targeted, exists)
    return state


OWN = ("own",)


def _is_put(operations: Any, leaf: Leaf) -> bool:
    """Whether one of the operations puts the module of a parameter into the model."""
    return any(
        _is_put((*each[2], *each[3]), leaf) if each[0] == "either" else each[0] in ("graft", "fresh") and within(each[1], leaf) is not None
        for each in operations
    )


def _applied(operation: Any, state: Trained, leaf: Leaf, targeted: Targeted, exists: Callable[[str], bool | None]) -> Trained:
    if state.missing and operation[0] not in ("graft", "fresh", "either"):
        return state
    if operation[0] == "empty":
        return MISSING if within(operation[1], leaf) is not None else state
    match operation:
        case ("set", path, tests, value, site):
            return _set(state, path, tests, value, site, leaf)
        case ("peft", path, targets, saved, bias, site):
            return _wrapped(state, path, targets, saved, bias, site, leaf, targeted)
        case ("lost", path, site) if within(path, leaf) is not None:
            return Trained(None, None, None, "", site)
        case ("fresh", path, site) if path and within(path, leaf) is not None:
            return Trained(site=site)
        case ("graft", path, root) if within(path, leaf) is not None:
            inner = Leaf(tuple(dict.fromkeys(filter(None, [within(path, leaf)]))) or leaf.names, leaf.kind)
            return replay(root.slots["ops"], inner, targeted, exists)
        case ("either", test, first, second):
            return _either(test, first, second, state, leaf, targeted, exists)
    return state


def _set(state: Trained, path: str, tests: tuple[Test, ...], value: bool | None, site: Any, leaf: Leaf) -> Trained:
    if within(path, leaf) is None:
        return state
    found_layer = _layer(path, leaf) if "[" in path else (True, "")
    share = path.partition("[")[2].partition("]")[0]
    if share and value is not state.full and found_layer is not None and found_layer[0] is not True:
        # another layer of the stack is switched, or it is not known which
        known = state.full if found_layer[0] is False else None
        return Trained(known, state.lora, state.copy, share, site)
    applies: bool | None = True
    for test in tests:
        found = holds(test, leaf)
        applies = False if found is False else None if found is None and applies is not False else applies
    if applies is False:
        # the adapter's own parameters have names of their own: `lora_A`, `modules_to_save`
        return _set_adapter(state, tests, value, leaf)
    if applies is None:
        return Trained(state.full if state.full == value else None, _open(state.lora, value), _open(state.copy, value), state.share, site)
    if share and state.full is not value:
        return Trained(value, state.lora, state.copy, share, site)
    lora = state.lora if value or not tests else _lora_left(state, tests, leaf)
    if value is False and not tests:
        lora = False
    copy = state.copy if value else False
    return Trained(value, lora if value is not None else _open(state.lora, None), copy, "" if not share else state.share, site)


def _open(adapter: bool | None, value: bool | None) -> bool | None:
    return adapter if not adapter or value else None


def _adapter_leaf(leaf: Leaf, ending: str) -> Leaf:
    return Leaf(tuple(f"{name.rpartition('.')[0]}.{ending}" for name in leaf.names), leaf.kind)


def _lora_left(state: Trained, tests: tuple[Test, ...], leaf: Leaf) -> bool | None:
    """Whether an adapter stays on where weights that pass the tests are switched off."""
    if not state.lora:
        return state.lora
    found = [holds(test, _adapter_leaf(leaf, "lora_A.default.weight")) for test in tests]
    return True if False in found else None if None in found else False


def _set_adapter(state: Trained, tests: tuple[Test, ...], value: bool | None, leaf: Leaf) -> Trained:
    """The tests fail for the weight itself: they may still hold for the adapter's parameters or the copy's."""
    lora, copy = state.lora, state.copy
    if lora:
        found = [holds(test, _adapter_leaf(leaf, "lora_A.default.weight")) for test in tests]
        if False not in found:
            lora = value if None not in found else None
    if copy:
        found = [holds(test, _adapter_leaf(leaf, "modules_to_save.default.weight")) for test in tests]
        if False not in found:
            copy = value if None not in found else None
    if lora is state.lora and copy is state.copy:
        return state
    return Trained(state.full, lora, copy, state.share, state.site)


def _wrapped(state: Trained, path: str, targets: Value, saved: Value, bias: Any, site: Any, leaf: Leaf, targeted: Targeted) -> Trained:
    name = within(path, leaf)
    if name is None:
        return state
    local = Leaf((name, *(each for each in leaf.names if each != name)), leaf.kind)
    lora = targeted(targets, local) if leaf.kind in ("linear", "embedding", "conv", "any") else False
    full: bool | None = False
    if leaf.names[0].endswith(".bias") and bias not in (None, "none"):
        full = True if bias == "all" else lora if bias == "lora_only" else None
    return Trained(full, lora, _saved(saved, name), "", site)


def _saved(saved: Value, name: str) -> bool | None:
    parts = name.split(".")
    match saved:
        case Data(value=None):
            return False
        case Data(value=str() as text):
            return text in parts
        case Items():
            known = [each.value for each in saved.items if isinstance(each, Data) and isinstance(each.value, str)]
            if any(f".{word}." in f".{name}." for word in known):
                return True
            return None if saved.open or len(known) < len(saved.items) else False
    return None


def _either(
    test: Any, first: Any, second: Any, state: Trained, leaf: Leaf, targeted: Targeted, exists: Callable[[str], bool | None]
) -> Trained:
    def after(operations: Any) -> Trained:
        found = state
        for each in operations:
            found = _applied(each, found, leaf, targeted, exists)
        return found

    there, holds_where = test, True
    while isinstance(there, Test) and there.kind == "not":
        there, holds_where = there.args[0], not holds_where
    decided = exists(there.args[0]) if isinstance(there, Test) and there.kind == "exists" else None
    if decided is not None:
        return after(first if decided is holds_where else second)
    one, two = after(first), after(second)
    if one.missing or two.missing:  # asked of a parameter that is there
        return two if one.missing else one
    return Trained(
        one.full if one.full == two.full else None,
        one.lora if one.lora == two.lora else None,
        one.copy if one.copy == two.copy else None,
        one.share if one.share == two.share else "",
        one.site or two.site,
    )
