"""What a script does to a model: switching gradients, taking and putting modules, adapters, methods of modules."""

import ast
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk.abstract import (
    HOME,
    NONE,
    Class,
    Data,
    Function,
    Instance,
    Open,
    Parameter,
    Parameters,
    Table,
    Test,
    Value,
    Weights,
    names_of,
    sequence,
    truth,
)

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_NO_MODULES_WORDS = """
    config device dtype generation_config training tokenizer processor image_processor is_gradient_checkpointing
    name_or_path peft_config active_adapter hf_device_map num_image_token __class__ __dict__ is_quantized is_loaded_in_8bit
    is_loaded_in_4bit is_parallelizable model_parallel main_input_name warnings_issued template
    """
_NO_MODULES = frozenset(_NO_MODULES_WORDS.split())
"""Attributes of models that are no modules."""
_THE_SAME_WORDS = """
    to cuda cpu half float bfloat16 train eval get_base_model requires_grad_ apply type double merge_and_unload
    to_bettertransformer unwrap compile
    """
_THE_SAME = frozenset(_THE_SAME_WORDS.split())
"""Methods that return the model itself."""
_MODULES = {
    "get_model": "model",
    "get_vision_tower": "vision_tower",
    "get_decoder": "model",
    "get_input_embeddings": "@input",
    "get_output_embeddings": "@output",
}
_LOOPED = {"parameters": "parameters", "named_parameters": "named_parameters", "modules": "modules", "children": "modules"} | {
    "named_modules": "named_modules",
    "named_children": "named_modules",
}
_HARMLESS_WORDS = """
    __ get_ set_input set_output print save load resize enable_ disable_ gradient_ state_dict named_ config register is_ num_ tie_
    init_weights post_init push_to generate forward share_memory
    """
_HARMLESS = tuple(_HARMLESS_WORDS.split())
"""How methods of transformers' models begin that leave gradients as they are."""
_SWITCHING = ("freeze", "unfreeze", "requires_grad", "trainable", "lora", "adapter", "tune_")
"""Words in the names of methods that may switch gradients."""


def set_gradients(walk: "Walk", owner: Parameter | Weights, value: Value, node: ast.AST, method: bool) -> None:
    """`owner.requires_grad = value`, or `owner.requires_grad_(value)`."""
    site = walk.site(node)
    if isinstance(owner, Weights) and not method:
        walk.operate(owner.root, ("void", owner.path, truth(value), site, walk.names | names_of(value)))
        return
    loops = isinstance(owner, Parameter) or owner.each
    tests = tuple(walk.tests)
    if isinstance(value, Test) and value.kind not in ("exists", "among"):
        walk.operate(owner.root, ("set", owner.path, (*tests, value), True, site))
        walk.operate(owner.root, ("set", owner.path, (*tests, Test("not", (value,))), False, site))
        return
    if tests and not loops:
        tests = (Test("open"),)
    walk.operate(owner.root, ("set", owner.path, tests, truth(value), site))


def doubt_models(walk: "Walk", node: ast.AST) -> None:
    """Gradients of something unknown are switched: it may belong to any model."""
    for root in list(walk.roots):
        walk.operate(root, ("set", "", (Test("open"),), None, walk.site(node)))


def doubt_model(walk: "Walk", owner: Weights, node: ast.AST) -> None:
    """Unknown code was given a model: it may switch gradients of it."""
    walk.operate(owner.root, ("lost", owner.path, walk.site(node)))


def module_attribute(walk: "Walk", owner: Weights, name: str) -> Value:
    """A module of a model, or another attribute of it."""
    owner = settled(owner)
    path = f"{owner.path}.{name}" if owner.path else name
    found: Value | None = owner.root.slots.get(path)
    if isinstance(found, Open) and found.there is not None:
        found = found.there
    if isinstance(found, Weights):
        return Weights(found.root, found.path, owner.each)
    if found is not None and not isinstance(found, Open):
        return found
    if name in _NO_MODULES:
        return _config(owner) if name == "config" else Open(f"`{name}` of the model")
    from lintune.scripts.walk.attributes import class_of
    from lintune.scripts.walk.scopes import member

    made = class_of(walk, owner)
    found_member = member(made, name) if made is not None else None
    if isinstance(found_member, Function):
        from lintune.scripts.walk.attributes import _descriptor

        return _descriptor(walk, owner, name, found_member)
    if name in ("weight", "bias"):
        return Parameter(owner.root, path)
    if name in ("module", "base_model", "_orig_mod"):
        return owner
    return Weights(owner.root, path, owner.each)


def has_module(walk: "Walk", owner: Weights, name: str) -> bool | None:
    """Whether a model has an attribute that its class in the project sets; None where that is not known."""
    from lintune.scripts.walk.attributes import class_of
    from lintune.scripts.walk.classes import UNBUILT, text_of
    from lintune.scripts.walk.scopes import ancestry, member

    owner = settled(owner)
    found = owner.root.slots.get(f"{owner.path}.{name}" if owner.path else name)
    if found is not None:
        return None if isinstance(found, Open) and found.unset else True
    made = class_of(walk, owner)
    if made is None or owner.each:
        return None
    if member(made, name) is not None:
        return True
    above = f"{owner.path}." if owner.path else ""
    if owner.root.slots.get(f"{above}{UNBUILT}") is not None or walk.strayed:
        return None
    return False if any(f"self.{name} =" in text_of(each) for each in ancestry(made)[0]) else None


def settled(owner: Weights) -> Weights:
    """A module as one of the model that it was put into."""
    root, path = owner.root, owner.path
    while (home := root.home) is not None:
        root, path = home[0], f"{home[1]}.{path}".rstrip(".")
    return owner if root is owner.root else Weights(root, path, owner.each)


def _config(owner: Weights) -> Instance:
    """The config of a model; that of its decoder is the same object."""
    from lintune.scripts.walk.abstract import Library

    place = "config" if owner.path in ("", "model") else f"{owner.path}.config"
    found = owner.root.slots.get(place)
    if not isinstance(found, Instance):
        found = owner.root.slots[place] = Instance(Library("transformers.config"))
    return found


def put_module(walk: "Walk", owner: Weights, name: str, value: Value, node: ast.AST) -> None:
    """`model.name = value`: another model becomes a module of this one, or an attribute is set."""
    owner = settled(owner)
    path = f"{owner.path}.{name}" if owner.path else name
    match value:
        case Weights(root=root, path=inner) if root is not owner.root:
            walk.operate(owner.root, ("graft", path, root)) if not inner else None
            if not inner and root.home is None:
                home = owner.root
                seen = home
                while seen.home is not None and seen is not root:
                    seen = seen.home[0]
                if seen is not root and home is not root:
                    _settle(walk, owner, path, root)
        case Weights() | Open():
            return  # one of its own, or a module that is not known
        case _:
            walk.journal.write(owner.root.slots, path, value)


def _settle(walk: "Walk", owner: Weights, path: str, root: Any) -> None:
    """From now on the other model's weights are those below the path."""
    from lintune.scripts.walk.abstract import Root

    frozen = Root(root.made_by, {"ops": root.slots["ops"]})
    chain = owner.root.slots["ops"]
    walk.journal.write(owner.root.slots, "ops", ("ops", chain[1], ("graft", path, frozen)))
    walk.journal.write(root.slots, HOME, (owner.root, path))
    root.put = (owner.root, path)
    walk.journal.write(owner.root.slots, path, Weights(owner.root, path))
    for key, value in list(root.slots.items()):
        if isinstance(key, str) and key != "ops":
            walk.journal.write(owner.root.slots, f"{path}.{key}", value)
    for inner, made in root.classes.items():
        owner.root.classes[f"{path}.{inner}" if inner else path] = made
    if isinstance(root.made_by, Class):
        owner.root.classes[path] = root.made_by


def wrap(walk: "Walk", model: Value, config: Value, node: ast.AST) -> Value:
    """`get_peft_model(model, config)`."""
    if not isinstance(model, Weights):
        doubt_models(walk, node)
        return model if isinstance(model, Open) else Open("it is wrapped by PEFT")
    keywords = config.slots if isinstance(config, Instance | Table) else {}
    missing: Value = Data(None) if isinstance(config, Instance) and config.whole else Open("the adapter's settings are not known")
    targets, saved, bias = (keywords.get(name, missing) for name in ("target_modules", "modules_to_save", "bias"))
    limits = [keywords.get(name, Data(None)) for name in ("layers_to_transform", "layers_pattern", "exclude_modules")]
    if any(not (isinstance(each, Data) and each.value is None) for each in limits):
        targets = Open("the adapter is limited to some modules")
    kind = bias.value if isinstance(bias, Data) else "?"
    walk.operate(model.root, ("peft", model.path, targets, saved, kind, walk.site(node)))
    return model


def freeze_all(walk: "Walk", model: Value, node: ast.AST) -> Value:
    """`prepare_model_for_kbit_training(model)`."""
    if isinstance(model, Weights):
        walk.operate(model.root, ("set", model.path, (), False, walk.site(node)))
    return model


def call_module(walk: "Walk", owner: Weights, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """A method of a model that is not in the project."""
    if name == "requires_grad_":
        set_gradients(walk, owner, args[0] if args else keywords.get("requires_grad", Data(True)), node, method=True)
        return owner
    if name in _LOOPED:
        return Parameters(owner.root, owner.path, _LOOPED[name])
    if name in _MODULES:
        below = f"{owner.path}.{_MODULES[name]}" if owner.path else _MODULES[name]
        return Weights(owner.root, below)
    if name in ("get_submodule", "get_parameter") and args and isinstance(args[0], Data) and isinstance(args[0].value, str):
        below = f"{owner.path}.{args[0].value}".strip(".")
        return Weights(owner.root, below) if name == "get_submodule" else Parameter(owner.root, below)
    if name in ("add_adapter", "enable_adapters") and args:
        wrap(walk, owner, args[0] if isinstance(args[0], Instance) else keywords.get("adapter_config", Open()), node)
        return owner
    if name in _THE_SAME:
        return owner
    if name in ("enable_input_require_grads", "gradient_checkpointing_enable"):
        return Data(None)
    if not name.startswith(_HARMLESS) and not name.lstrip("_").startswith(_HARMLESS) and not _of_library(walk, owner, name):
        doubt_model(walk, owner, node)  # of the project's class, and not found there
        walk.lost = True
        return Open(f"`{name}()` of the model")
    if any(word in name for word in _SWITCHING) and "state" not in name and not name.startswith(("print", "get_", "save", "merge")):
        walk.operate(owner.root, ("set", owner.path, (Test("open"),), None, walk.site(node)))
        walk.note("unknown-freezing", f"what `{name}()` of the model does to its weights is not known", node)
    return Open(f"`{name}()` of the model", NONE.union(*(names_of(each) for each in args)))


def _of_library(walk: "Walk", owner: Weights, name: str) -> bool:
    """Whether a method that was not found is one of a library: no file of the project defines a function of that name."""
    from lintune.scripts.comparisons import project_texts

    if walk.project is None or not isinstance(owner.root.made_by, Class):
        return not isinstance(owner.root.made_by, Class)
    return not any(f"def {name}(" in source.text for source in project_texts(walk.project))


__all__ = ["call_module", "doubt_models", "freeze_all", "module_attribute", "put_module", "sequence", "set_gradients", "wrap"]
