"""Objects that take the place of what is not here: tokenizers without files, data sets, packages that are not installed."""

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Iterator, MutableSequence
from types import FrameType, ModuleType
from typing import Any


class _Kind(type):
    """Attributes of a stand-in class are stand-ins too, so that `package.Class.from_pretrained(...)` goes through."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return answer_no if name.startswith(_QUESTIONS) else _Kind(name, (StandIn,), {"__module__": cls.__module__})


_QUESTIONS = ("is_", "has_", "supports_")


def answer_no(*_: Any, **__: Any) -> bool:
    """What a package that is not here answers where it is asked whether something is so."""
    return False


class StandIn(metaclass=_Kind):
    """Accepts every call and attribute. Its numbers are zero, its length is one, its texts are empty."""

    def __init__(self, *_: Any, **given: Any) -> None:
        self.__dict__.update(given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found: Any = 0 if name.endswith(("_id", "_ids", "_size", "_length")) else answer_no if name.startswith(_QUESTIONS) else StandIn()
        self.__dict__[name] = found
        return found

    def __call__(self, *given: Any, **_: Any) -> Any:
        """A decorator gives back what it decorates; any other call gives a stand-in."""
        return given[0] if len(given) == 1 and isinstance(given[0], type) else StandIn()

    def __getitem__(self, _: Any) -> Any:
        return StandIn()

    def __setitem__(self, _: Any, value: Any) -> None:
        pass

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __bool__(self) -> bool:
        return True

    def __int__(self) -> int:
        return 0

    def __index__(self) -> int:
        return 0

    def __float__(self) -> float:
        return 0.0

    def __str__(self) -> str:
        return ""

    def __contains__(self, _: Any) -> bool:
        return False

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def __add__(self, other: Any) -> Any:
        return other

    def __radd__(self, other: Any) -> Any:
        return other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StandIn)

    def __lt__(self, _: Any) -> bool:
        return False

    def __gt__(self, _: Any) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


class Encoding(dict[str, Any]):
    """What a tokenizer gives: by key and by attribute."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to(self, *_: Any, **__: Any) -> "Encoding":
        """Where it is moved does not matter."""
        return self


class Tokenizer(StandIn):
    """A tokenizer without files: the special tokens that scripts ask for, and a vocabulary's length."""

    pad_token = eos_token = bos_token = unk_token = "<token>"
    pad_token_id = eos_token_id = bos_token_id = unk_token_id = 0
    padding_side = "right"

    def __init__(self, vocab: int = 32_000, **given: Any) -> None:
        super().__init__(**given)
        self.vocab_size = vocab

    def __len__(self) -> int:
        return self.vocab_size

    def __call__(self, text: Any = "", *_: Any, return_tensors: Any = None, **__: Any) -> Any:
        """One token for a text; a row of one for each text of a list."""
        many = isinstance(text, (list, tuple))
        ids: Any = [[0]] * len(text) if many else [0]
        if return_tensors is not None:
            import torch

            ids = torch.zeros((len(text) if many else 1, 1), dtype=torch.long)
        return Encoding(input_ids=ids, attention_mask=ids, labels=ids)

    def encode(self, *_: Any, **__: Any) -> list[int]:
        """One token."""
        return [0]

    def apply_chat_template(self, *_: Any, tokenize: bool = True, return_dict: bool = False, **__: Any) -> Any:
        """No text, or one token."""
        return self() if return_dict else [0] if tokenize else ""

    def add_tokens(self, *_: Any, **__: Any) -> int:
        """No token is new, so that embeddings keep their size."""
        return 0

    add_special_tokens = add_tokens

    def convert_tokens_to_ids(self, tokens: Any) -> Any:
        """Zero for every token."""
        return [0] * len(tokens) if isinstance(tokens, list) else 0


def made_for(module: str, name: str) -> Any:
    """What takes the place of a name whose behaviour decides whether a script trains; None where any stand-in does."""
    if (module, name) == ("fire", "Fire"):
        return call_with_words
    if (module, name) in (("bitsandbytes", "nn"), ("bitsandbytes.nn", "Linear4bit"), ("bitsandbytes.nn", "Linear8bitLt")):
        from lintune.dryrun.quantised import Linear4bit, Linear8bit

        classes = {"Linear4bit": Linear4bit, "Linear8bitLt": Linear8bit}
        return classes.get(name) or _Kind("nn", (StandIn,), {"__module__": module, **classes})
    if module.partition(".")[0] == "datasets" and name[0].islower():
        from lintune.dryrun.intercept.data import Data

        return Data
    if module.partition(".")[0] == "trl" and name.endswith("Trainer"):
        from lintune.dryrun.intercept.trainers import stand_in_trainer

        return stand_in_trainer(name)
    return None


def call_with_words(function: Any, *_: Any, **__: Any) -> Any:
    """As python-fire calls a function: `--name value`, `--name=value` and `--name`, values as Python writes them, else texts."""
    import ast

    given: dict[str, Any] = {}
    words = sys.argv[1:]
    while words:
        name, equals, value = words.pop(0).lstrip("-").partition("=")
        if not equals:
            value = words.pop(0) if words and not words[0].startswith("--") else "True"
        try:
            given[name.replace("-", "_")] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            given[name.replace("-", "_")] = value
    return function(**given)


class _Module(ModuleType):
    """A package that is not installed; what is taken from it are classes of stand-ins, so that they can be inherited from and called."""

    __path__: MutableSequence[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found: Any = made_for(self.__name__, name)
        if found is None:
            found = answer_no if name.startswith(_QUESTIONS) else _Kind(name, (StandIn,), {"__module__": self.__name__})
        setattr(self, name, found)
        return found


HARMLESS = frozenset((
    "deepspeed", "flash_attn", "xformers", "wandb", "swanlab", "tensorboard", "tensorboardX", "mlflow", "comet_ml", "liger_kernel",
    "decord", "av", "cv2", "PIL", "torchvision", "sentencepiece", "einops", "nltk", "rouge_chinese", "jieba", "evaluate", "sklearn",
    "scipy",
    "loguru", "tqdm", "orjson", "ujson", "imageio", "moviepy", "qwen_vl_utils", "petrel_client", "tiktoken", "fire",
))  # fmt: skip
"""Packages that log, read media, compute or shard: no script asks them which way to go before it trains."""


class Packages(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds packages that are not installed, for code of the project only: libraries must go on seeing that they are missing."""

    def __init__(self, root: str, never: frozenset[str] = frozenset()) -> None:
        self._root = root
        self.never = never
        """Packages for which nothing stands in."""
        self.made: set[str] = set()

    def notes(self, doubtful: bool = False) -> list[str]:
        """What stood in, as sentences; `doubtful`: only what may send a script another way."""
        return [f"`{name}` is not installed: a stand-in" for name in sorted(self.made) if not doubtful or name not in HARMLESS]

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """A spec, where a file below the project's root asks for the module; or for one below a stand-in."""
        first = fullname.partition(".")[0]
        if first not in self.made and fullname != first:
            return None  # a part that an installed package does not have is missing in the launch too
        if first in self.never or (first not in self.made and not self._asked_by_project()):
            return None
        self.made.add(first)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """An empty package of stand-ins."""
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is run."""

    def _asked_by_project(self) -> bool:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and ("importlib" in frame.f_code.co_filename or frame.f_globals.get("__name__") == __name__):
            frame = frame.f_back
        return frame is not None and os.path.abspath(frame.f_code.co_filename).startswith(self._root)
