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
        return StandIn()


class StandIn(metaclass=_Kind):
    """Accepts every call and attribute. Its numbers are zero, its length is one, its texts are empty."""

    def __init__(self, *_: Any, **given: Any) -> None:
        self.__dict__.update(given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = 0 if name.endswith(("_id", "_ids", "_size", "_length")) else StandIn()
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

    def __call__(self, *_: Any, **__: Any) -> Any:
        return {"input_ids": [0], "attention_mask": [1]}

    def add_tokens(self, *_: Any, **__: Any) -> int:
        """No token is new, so that embeddings keep their size."""
        return 0

    add_special_tokens = add_tokens

    def convert_tokens_to_ids(self, tokens: Any) -> Any:
        """Zero for every token."""
        return [0] * len(tokens) if isinstance(tokens, list) else 0


class _Module(ModuleType):
    """A package that is not installed; what is taken from it are classes of stand-ins, so that they can be inherited from and called."""

    __path__: MutableSequence[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = _Kind(name, (StandIn,), {"__module__": self.__name__})
        setattr(self, name, found)
        return found


class Packages(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds packages that are not installed, for code of the project only: libraries must go on seeing that they are missing."""

    def __init__(self, root: str, never: frozenset[str] = frozenset()) -> None:
        self._root = root
        self.never = never
        """Packages for which nothing stands in."""
        self.made: set[str] = set()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """A spec, where a file below the project's root asks for the module; or for one below a stand-in."""
        first = fullname.partition(".")[0]
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
