"""Imports the modules of a released package that define its options, with stand-ins for everything else they import.

A module is run when its name says that it holds options (`config`, `args` ...) or when it is asked for by name; all other
modules, of the package and of the libraries that it needs, are stand-ins. So nothing needs to be installed but pydantic
where the package's models are pydantic's.
"""

import __future__

import ast
import importlib.abc
import importlib.machinery
import re
import sys
import types
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from surface_archive import Archive  # type: ignore[import-not-found,unused-ignore]

_HOLDS_OPTIONS = ("config", "arg", "schema", "deprecated", "enums", "validation", "param", "const", "multimodal", "types", "pydantic")
_CLASS_OF_OPTIONS = re.compile(r"^@dataclass.*\nclass \w+(?:Config|Arguments|Mixin)\b", re.MULTILINE)
_REALLY_THERE = ("pydantic", "pydantic_core", "typing_extensions", "annotated_types", "typing_inspection", "yaml")
_NOT_THERE = ("org", "java", "annotationlib", "email_validator", "dotenv", "pydantic_settings", "eval_type_backport")
"""Modules that the standard library and pydantic only try to import."""


class Nothing:
    """A value of a stand-in: callable, has every attribute, and is told apart by its class."""

    def __call__(self, *given: object, **__: object) -> Any:
        """What it decorates, else itself."""
        return given[0] if len(given) == 1 and isinstance(given[0], type | types.FunctionType) else self

    def __getattr__(self, name: str) -> Any:
        """Itself, but for what Python asks of objects."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __get_pydantic_core_schema__(self, *_: object) -> Any:
        """Takes anything."""
        return _any_schema()

    def __bool__(self) -> bool:
        """False: what depends on an installed library is off."""
        return False

    def __hash__(self) -> int:
        """One for all."""
        return 0

    def __mro_entries__(self, _: tuple[type, ...]) -> tuple[type, ...]:
        """As a base class it adds nothing."""
        return ()

    def __iter__(self) -> Iterator[Any]:
        """Nothing."""
        return iter(())

    def __enter__(self) -> Any:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing happens."""

    def __getitem__(self, _: object) -> Any:
        """Itself."""
        return self

    def __add__(self, _: object) -> Any:
        """Itself."""
        return self

    __radd__ = __or__ = __ror__ = __sub__ = __rsub__ = __and__ = __add__

    def __lt__(self, _: object) -> bool:
        """Older than any version."""
        return True

    __gt__ = __le__ = __ge__ = __lt__


class _Anything(type):
    """The class of stand-in classes: every attribute of them is there."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    def __call__(cls, *given: object, **named: object) -> Any:
        return Nothing() if "stands_in" in vars(cls) else super().__call__(*given, **named)

    def __or__(cls, _: object) -> Any:
        return Nothing()

    __ror__ = __or__


def _any_schema(*_: object) -> Any:
    from pydantic_core import core_schema  # type: ignore[import-not-found,unused-ignore]

    return core_schema.any_schema()


class StandIn(types.ModuleType):
    """A module that has every name."""

    archive: Archive
    top: str

    def __getattr__(self, name: str) -> Any:
        """A class of the package by name where one is defined below here, else a stand-in."""
        if name == "__version__":
            return "99.0.0"
        if name.startswith("__"):
            raise AttributeError(name)
        places = self.archive.classes(self.top).get(name, ()) if self.__name__.partition(".")[0] == self.top else ()
        below = [path for path in places if path.startswith(self.__name__.replace(".", "/") + "/") and holds_options(path, self.archive)]
        found: Any = None
        if below:
            found = getattr(import_module(below[0].removesuffix(".py").replace("/", ".")), name, None)
        if found is None and name[0].isupper() and not name.isupper():
            found = _Anything(
                name, (), {"stands_in": True, "__module__": self.__name__, "__get_pydantic_core_schema__": classmethod(_any_schema)}
            )
        elif found is None:
            found = Nothing()
        setattr(self, name, found)
        return found


def holds_options(path: str, archive: Archive) -> bool:
    """Whether a file is run rather than stood in for: by its path, or because it defines a dataclass of options."""
    if path.endswith("utils.py") and _CLASS_OF_OPTIONS.search(archive.read(path) or ""):
        return True
    name = path.rpartition("/")[2] if not path.endswith("__init__.py") else ""
    folders = path.split("/")[:-1]
    return any(part in name for part in _HOLDS_OPTIONS) or bool(name and {"schemas", "hparams", "argument", "arguments"} & set(folders))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the package's modules in its archive, and stand-ins for all others."""

    def __init__(self, archive: Archive, top: str, wanted: Sequence[str]) -> None:
        self.archive, self.top, self.wanted = archive, top, set(wanted)

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        first = name.partition(".")[0]
        if first in sys.stdlib_module_names or first.startswith("_") or first in (*_REALLY_THERE, *_NOT_THERE):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=self._file(name) is None)

    def _file(self, name: str) -> str | None:
        """The file to run for a module, if it is one that is run."""
        path = name.replace(".", "/") + ".py"
        return path if path in self.archive.names and (path in self.wanted or holds_options(path, self.archive)) else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        if self._file(spec.name) is not None:
            return None
        made = StandIn(spec.name)
        made.archive, made.top = self.archive, self.top
        return made

    def exec_module(self, module: types.ModuleType) -> None:
        path = self._file(module.__name__)
        if path is None:
            module.__path__ = []
            return
        module.__file__ = path
        # Annotations may name what is imported only where it is installed.
        unread = __future__.annotations.compiler_flag if path.endswith("utils.py") else 0
        exec(compile(self.archive.read(path) or "", path, "exec", unread, dont_inherit=True), module.__dict__)


def stand_in(archive: Archive, wanted: Sequence[str]) -> None:
    """From now on imports find this release; `wanted`: files that are run whatever their name. A process can hold one release."""
    sys.meta_path.insert(0, _Finder(archive, wanted[0].partition("/")[0], wanted))


def import_class(path: str, name: str) -> Any:
    """A class of a file of the archive, or a function of a class (`Class.method`)."""
    found: Any = import_module(path.removesuffix(".py").replace("/", "."))
    for part in name.split("."):
        found = getattr(found, part)
    return found


class _Names(dict[str, Any]):
    """The names that a function's head sees."""

    def __missing__(self, name: str) -> Any:
        import builtins

        return getattr(builtins, name, None) or Nothing()


def cut_function(archive: Archive, path: str, name: str) -> Any:
    """The head of a function or method (`Class.method`) alone, for modules that do not run among stand-ins."""
    node: Any = ast.parse(archive.read(path) or "")
    for part in name.split("."):
        node = next(item for item in node.body if getattr(item, "name", "") == part)
    node.body, node.decorator_list = [ast.Pass()], []
    scope = _Names()
    exec(compile(ast.fix_missing_locations(ast.Module([node], [])), path, "exec"), scope)
    return scope[node.name]
