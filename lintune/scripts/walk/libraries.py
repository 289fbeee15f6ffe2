"""Calls of libraries: those that a script decides something with, and those that load, wrap and train."""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lintune.scripts.walk import builtin, files, parsing
from lintune.scripts.walk.abstract import (
    NONE,
    Bound,
    Class,
    Data,
    Function,
    Instance,
    Items,
    Library,
    Open,
    Parsed,
    Partial,
    Table,
    Value,
    Weights,
    names_of,
    plain,
    sequence,
    truth,
)
from lintune.scripts.walk.classes import MODULES, modules_of
from lintune.scripts.walk.given import keyword_values
from lintune.scripts.walk.options import read_option
from lintune.scripts.walk.parsing import parser_method
from lintune.scripts.walk.trace import Call
from lintune.scripts.walk.trainers import note_made
from lintune.scripts.walk.walker import Stopped
from lintune.scripts.walk.weights_use import doubt_model, freeze_all, wrap
from lintune.values.value import Absent, Known

if TYPE_CHECKING:
    from lintune.scripts.walk.walker import Walk

_NO_MODELS = ("Tokenizer", "TokenizerFast", "Processor", "Config", "FeatureExtractor", "Dataset", "Scheduler", "ImageProcessor", "Collator")
_WRAPPERS = frozenset(("DistributedDataParallel", "DDP", "FullyShardedDataParallel", "FSDP", "DataParallel", "compile", "dispatch_model"))
_RECORDED = ("Config", "Trainer", "Arguments", "AdamW", "Adam", "SGD", "Adafactor", "AdamW8bit", "Lion", "get_scheduler", "TrainerArgs")
_PEFT = frozenset(("get_peft_model", "inject_adapter_in_model"))
_WEIGHTLESS = frozenset(("Identity", "GELU", "ReLU", "SiLU", "Dropout", "CrossEntropyLoss", "MSELoss", "Softmax", "Tanh", "Sigmoid"))
_KBIT = frozenset(("prepare_model_for_kbit_training", "prepare_model_for_int8_training"))
_FIRST = {"from_pretrained": "pretrained_model_name_or_path", "get_peft_model": "model", "Trainer": "model"}
_STANDARD = frozenset(("re", "os", "math", "copy", "pathlib", "dataclasses", "collections", "itertools"))
_EXITS = frozenset(("sys.exit", "os._exit", "builtins.exit", "builtins.quit", "os.abort"))


def call_library(walk: "Walk", dotted: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool = True) -> Value:
    """The value of a call of something of a library."""
    package, _, name = dotted.partition(".")
    walk.foreign += package != "builtins"
    last = dotted.rpartition(".")[2]
    if package == "builtins":
        if dotted in _EXITS:
            return leave(walk, args, node)
        return builtin.call_builtin(walk, name, args, keywords, node)
    if dotted.startswith("sys.argv."):
        walk.noted.words_changed = True
    known = _KNOWN.get(dotted)
    if known is not None:
        return known(walk, args, keywords, node)
    if dotted in _EXITS:
        return leave(walk, args, node)
    if package in _STANDARD:
        from lintune.scripts.walk import standard

        computed = standard.call(walk, dotted, args, keywords, node, whole)
        if computed is not None:
            return computed
    made = parsing.make_parser(walk, last, args, keywords, node)
    if made is not None:
        return made
    if last == "spawn" and args and isinstance(args[0], Function | Bound):
        return _spawn(walk, args, keywords, node)
    return _of_training(walk, dotted, last, args, keywords, node, whole)


def _of_training(walk: "Walk", dotted: str, last: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool) -> Value:
    if last in _PEFT:
        record(walk, dotted, args, keywords, node, whole)
        first = args[0] if args else keywords.get("model", Open())
        config = args[1] if len(args) > 1 else keywords.get("peft_config", Table(dict(keywords), {"open": not whole}))
        return wrap(walk, first, config, node)
    if last in _KBIT:
        record(walk, dotted, args, keywords, node, whole)
        return freeze_all(walk, args[0] if args else keywords.get("model", Open()), node)
    if last in ("from_pretrained", "from_config", "_from_config"):
        return load_model(walk, Library(dotted.rpartition(".")[0]), last, args, keywords, node, whole)
    if last in _WRAPPERS and args:
        return args[0]
    if last.endswith("Trainer") and last[:1].isupper():
        note_made(walk, Library(dotted), node)
        note_trainer(walk, dotted, args, keywords, node, whole)
    elif last.endswith(_RECORDED):
        record(walk, dotted, args, keywords, node, whole)
    if last == "get_peft_config" and args and isinstance(args[0], Parsed):
        used = read_option(walk, args[0], "use_peft")
        if truth(used or Open()) is False:
            return Data(None)
        return Instance(Library("peft.LoraConfig")) if truth(used or Open()) else Open("whether PEFT is used is not known")
    if dotted in ("argparse.Namespace", "types.SimpleNamespace"):
        return Instance(Library(dotted), dict(keywords), whole)
    if last[:1].isupper() and (last.endswith(MODULES) or dotted.startswith("torch.nn.")) and last != "Parameter":
        root = walk.new_root(Library(dotted))
        if last in _WEIGHTLESS:
            walk.operate(root, ("empty", ""))
        return Weights(root)
    if last[:1].isupper():
        return Instance(Library(dotted), dict(keywords), last.endswith("Config") and whole and last.startswith("Lora"))
    return _other(walk, dotted, last, args, keywords)


def _other(walk: "Walk", dotted: str, last: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    """A library's function that is not known: lists that it gets may be changed, options are left alone."""
    from lintune.scripts.walk.stores import forget

    if dotted.startswith(("random.", "numpy.random.")):
        for each in args:
            forget(walk, each)
    given = (*args, *keywords.values())
    return Open(f"`{last}()` of a library", NONE.union(*(names_of(each, 1) for each in given)) if given else NONE)


def record(walk: "Walk", dotted: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool) -> None:
    """Write a call down with its keywords."""
    given = dict(keywords)
    first = _FIRST.get(dotted.rpartition(".")[2])
    if first is not None and args:
        given.setdefault(first, args[0])
    function = node.func if isinstance(node, ast.Call) else node
    values = keyword_values(walk, given, node)
    names = {key: names_of(value) for key, value in given.items()}
    walk.call_made(Call(dotted, walk.site(function), not walk.unsure, values, whole, names))


def note_trainer(walk: "Walk", name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool) -> None:
    """A Trainer is made: what it trains is the model that it gets."""
    record(walk, name, args, keywords, node, whole)
    model = keywords.get("model", args[0] if args else Open())
    if isinstance(model, Weights) and (walk.trained is None or not walk.unsure):
        walk.trained = model
    config = keywords.get("peft_config")
    if config is None or not isinstance(model, Weights) or (isinstance(config, Data) and config.value is None):
        return
    if isinstance(config, Open):
        doubt_model(walk, model, node)
    else:
        wrap(walk, model, config, node)


def load_model(
    walk: "Walk", made: Class | Library, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST, whole: bool
) -> Value:
    """`Class.from_pretrained(...)`: a model, or something beside it."""
    title = made.name if isinstance(made, Class) else made.dotted
    record(walk, f"{title}.{name}", args, keywords, node, whole)
    if title.endswith(_NO_MODELS):
        if isinstance(made, Library):
            return Instance(made)
        from lintune.scripts.walk.configs import new_config

        return new_config(made)
    if title.endswith("PeftModel") or ".PeftModel" in title:
        model = args[0] if args else keywords.get("model", Open())
        trains = keywords.get("is_trainable", Data(False))
        config = Table(state={"open": True})
        found = wrap(walk, model, config, node)
        if not (isinstance(trains, Data) and trains.value):
            freeze_all(walk, found, node)
        return found
    if walk.stage == "start":
        walk.come_to("after-weights")
    root = walk.new_root(made)
    root.loaded = True
    model = Weights(root)
    given = keywords.get("config")
    prefix = given.slots.get("pre_seq_len", Data(None)) if isinstance(given, Instance) else Data(None)
    if not (isinstance(prefix, Data) and prefix.value is None):
        doubt_model(walk, model, node)  # ChatGLM's own code freezes everything but a prefix then
    if isinstance(made, Class):
        _build(walk, made, model, keywords, node)
    unsloth = title.rpartition(".")[2] in ("FastLanguageModel", "FastVisionModel", "FastModel")
    return sequence("tuple", (model, Open("a tokenizer"))) if unsloth else model


def _build(walk: "Walk", made: Class, model: Weights, keywords: dict[str, Value], node: ast.AST) -> None:
    """A model of a class of the project: its constructor tells of which modules it is made."""
    from lintune.scripts.walk.calls import call_function
    from lintune.scripts.walk.configs import config_for
    from lintune.scripts.walk.scopes import member

    model.root.classes.update(modules_of(walk, made))
    config = model.root.slots["config"] = config_for(walk, made, keywords)
    start = member(made, "__init__")
    if isinstance(start, Function):
        walk.unsure += 1
        walk.building += 1
        try:
            call_function(walk, start, [model, config], {}, node, own=model, whole=False)
        except Stopped:
            pass
        finally:
            walk.unsure -= 1
            walk.building -= 1


def leave(walk: "Walk", args: list[Value], node: ast.AST) -> Value:
    """`sys.exit(...)`."""
    status = args[0] if args else Data(None)
    success = isinstance(status, Data) and status.value in (None, 0)
    message = str(status.value) if isinstance(status, Data) and not success else ""
    walk.end("exit", message, "SystemExit", node, names_of(status), success)
    raise Stopped


def environment_item(walk: "Walk", name: str, node: ast.AST) -> Value:
    """`os.environ["NAME"]`."""
    if name in walk.environment:
        own: Value = walk.environment[name]
        return own
    found = walk.variable(name)
    if isinstance(found, Absent):
        walk.end("key-error", repr(name), "KeyError", node)
        raise Stopped
    return Data(str(found.value)) if isinstance(found, Known) else Open(f"`{name}` is read from the environment")


def _variable(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    if not args or not isinstance(args[0], Data):
        return Open("it is read from the environment")
    if args[0].value in walk.environment:
        own: Value = walk.environment[args[0].value]
        return own if not (isinstance(own, Open) and own.unset) else Open(own.reason, own.names)
    found = walk.variable(str(args[0].value))
    if isinstance(found, Known):
        return Data(str(found.value))
    if isinstance(found, Absent):
        return args[1] if len(args) > 1 else keywords.get("default", Data(None))
    return Open(f"`{args[0].value}` is read from the environment")


def _set_variable(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`os.environ.setdefault(name, value)`."""
    before = _variable(walk, args[:1], {}, node)
    if len(args) == 2 and isinstance(args[0], Data):
        absent = isinstance(before, Data) and before.value is None
        value = args[1] if absent else before if isinstance(before, Data) else Open("it may be set already")
        walk.journal.write(walk.environment, str(args[0].value), value)
        return value
    return before


def _set_variables(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`os.environ.update(...)`."""
    more = dict(args[0].slots) if args and isinstance(args[0], Table) else {}
    for name, value in {**more, **keywords}.items():
        walk.journal.write(walk.environment, str(name), value)
    return Data(None)


def _join(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    from posixpath import join

    names = NONE.union(*(names_of(each) for each in args))
    try:
        return Data(join(*[str(plain(each)) for each in args]), names)
    except (ValueError, TypeError):
        return Open("it is a path with unknown parts", names)


def _partial(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    return Partial(args[0], tuple(args[1:]), keywords) if args else Open()


def _literal(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`ast.literal_eval(text)`."""
    return _read_text(walk, args, node, ast.literal_eval, "malformed node or string")


def _json(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    import json

    return _read_text(walk, args, node, json.loads, "it is no JSON")


def _read_text(walk: "Walk", args: list[Value], node: ast.AST, read: Callable[[str], Any], message: str) -> Value:
    from lintune.scripts.walk.abstract import lift

    if not args or not isinstance(args[0], Data) or not isinstance(args[0].value, str) or len(args[0].value) > 5000:
        return Open("it is read from text")
    names = args[0].names
    try:
        return lift(read(args[0].value), names)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        walk.end("value-error", f"{message}: {args[0].value!r}", type(error).__name__, node, names)
        raise Stopped from None


def _spawn(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`xmp.spawn(function, args=...)`, `torch.multiprocessing.spawn`: every process calls it with its own number."""
    from lintune.scripts.walk.calls import apply

    given = keywords.get("args", args[1] if len(args) > 1 else sequence("tuple", ()))
    known = isinstance(given, Items) and not given.open
    more = given.items if isinstance(given, Items) and known else ()
    apply(walk, args[0], [Open("the number of the process"), *more], {}, node, known)
    return Data(None)


def _fire(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`fire.Fire(function)`: its parameters are options."""
    from lintune.scripts.walk.calls import apply
    from lintune.scripts.walk.options import lifted

    if not args or not isinstance(args[0], Function):
        return Open("fire calls something unknown")
    spec = args[0].node.args
    given = {each.arg: lifted(walk.option(each.arg), each.arg) for each in (*spec.args, *spec.kwonlyargs) if each.arg in walk.option_names}
    return apply(walk, args[0], [], dict(given), node, len(given) == len(spec.args) + len(spec.kwonlyargs))


def _chain(walk: "Walk", args: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    """`itertools.chain(...)`: the items of each, a parameter standing for all of a model's."""
    from lintune.scripts.walk.loops import any_element, elements

    found: list[Value] = []
    open_ = False
    for each in args:
        known = elements(each)
        one = any_element(each) if known is None else None
        found += known or ([one] if one is not None else [])
        open_ = open_ or (known is None and one is None)
    return sequence("list", found, open_)


_KNOWN: dict[str, Callable[["Walk", list[Value], dict[str, Value], ast.AST], Value]] = {
    "os.environ.get": _variable,
    "os.getenv": _variable,
    "os.environ.setdefault": _set_variable,
    "os.environ.update": _set_variables,
    "os.path.join": _join,
    "os.path.exists": files.exists,
    "os.path.lexists": files.exists,
    "os.path.isdir": files.is_folder,
    "os.path.isfile": files.is_file,
    "datasets.load_dataset": files.load_dataset,
    "io.open": files.open_file,
    "codecs.open": files.open_file,
    "os.chdir": files.change_folder,
    "torch.load": files.read_first,
    "numpy.load": files.read_first,
    "pandas.read_csv": files.read_first,
    "pandas.read_json": files.read_first,
    "pandas.read_parquet": files.read_first,
    "functools.partial": _partial,
    "ast.literal_eval": _literal,
    "json.loads": _json,
    "fire.Fire": _fire,
    "itertools.chain": _chain,
}

__all__ = ["Items", "call_library", "environment_item", "leave", "load_model", "note_trainer", "parser_method", "record"]
