"""Signs that tokens or samples do not fit: padding without a token, new tokens without rows, columns that are dropped."""

import ast
from collections.abc import Iterator

from lintune.scripts.modules import Module
from lintune.source.text import Site

_FORWARD = frozenset(
    ("input_ids", "attention_mask", "labels", "label", "label_ids", "token_type_ids", "position_ids", "pixel_values", "inputs_embeds")
)
"""Columns that every model takes, or that the Trainer keeps."""
_GROWS = ("resize_token_embeddings", "resize_embedding", "smart_tokenizer", "embedding_resize", "setup_chat_format", "vocab_size")


def pads_without_token(modules: Iterator[Module]) -> Site | None:
    """Where a tokenizer is asked to pad, in files none of which sets a padding token."""
    found: Site | None = None
    for module in modules:
        if "pad_token" in module.source.text or "[PAD]" in module.source.text:
            return None
        for node in ast.walk(module.tree):
            if found is None and isinstance(node, ast.Call) and _is_tokenizer(node.func):
                given = next((word.value for word in node.keywords if word.arg == "padding"), None)
                if isinstance(given, ast.Constant) and given.value in (True, "max_length", "longest"):
                    found = module.site(next(word for word in node.keywords if word.arg == "padding"))
    return found


def adds_tokens(modules: Iterator[Module]) -> Site | None:
    """Where tokens are added, in files none of which makes the embedding larger."""
    found: Site | None = None
    for module in modules:
        if any(word in module.source.text for word in _GROWS):
            return None
        chosen = {id(inner) for node in ast.walk(module.tree) if _asks_a_name(node) for inner in ast.walk(node)}
        for node in ast.walk(module.tree):
            if id(node) not in chosen and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found = found or (module.site(node) if node.func.attr in ("add_special_tokens", "add_tokens") else None)
    return found


def _asks_a_name(node: ast.AST) -> bool:
    """A condition on a text, such as a word of the model's name."""
    return isinstance(node, ast.If) and any(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in ast.walk(node.test))


def reads_dropped_columns(modules: Iterator[Module]) -> Site | None:
    """Where a collator reads only columns that no model's `forward` takes: the Trainer drops those before it sees them."""
    for module in modules:
        names = _collators(module.tree)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef) and node.name in names and node.args.args:
                keys = _keys(node)
                if keys and not keys & _FORWARD:
                    return module.site(node.args.args[0])
    return None


def trains_if_asked(modules: Iterator[Module]) -> Site | None:
    """The condition on `do_train` under which every `train()` of the script lies."""
    found: Site | None = None
    for module in modules:
        under = {
            id(call): test
            for node in ast.walk(module.tree)
            if isinstance(node, ast.If) and isinstance(node.test, ast.Attribute) and node.test.attr == "do_train"
            for test in (node.test,)
            for inner in node.body
            for call in ast.walk(inner)
        }
        for node in ast.walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "train"
                and _trains(node.func.value)
            ):
                if id(node) not in under:
                    return None
                found = found or module.site(under[id(node)])
    return found


def _trains(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and "trainer" in node.id.lower()


def _is_tokenizer(func: ast.expr) -> bool:
    name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
    return name in ("tokenizer", "tok")


def _collators(tree: ast.Module) -> set[str]:
    """The functions that a Trainer of transformers gets as its `data_collator`."""
    return {
        word.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Trainer", "Seq2SeqTrainer")
        for word in node.keywords
        if word.arg == "data_collator" and isinstance(word.value, ast.Name)
    }


def _keys(function: ast.FunctionDef) -> set[str]:
    """The keys that are read of the samples: of a loop's or comprehension's variable over the first parameter."""
    batch = function.args.args[0].arg
    samples: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.comprehension | ast.For) and isinstance(node.iter, ast.Name) and node.iter.id == batch:
            samples |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
    return {
        node.slice.value
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in samples
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    }
