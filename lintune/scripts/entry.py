"""What an entry script accepts and refuses, read from its syntax."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from lintune.run.run import Guard
from lintune.scripts.bindings import bind
from lintune.scripts.comparisons import compared_values, dict_keys, project_files, project_texts
from lintune.scripts.config_source import ConfigSource, config_source
from lintune.scripts.device_maps import DeviceMap, passed_device_map
from lintune.scripts.fields import ScriptDataclass, read_dataclass
from lintune.scripts.guards import read_guards
from lintune.scripts.modules import Definition, Modules, Read, brings_transformers
from lintune.scripts.parsers import ParserKind, reached_scopes, read_parser
from lintune.scripts.rank_saves import rank0_save
from lintune.scripts.script_signs import SIGNS
from lintune.scripts.trainer_overrides import Override, old_compute_loss, old_training_step, tokenizer_argument
from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Site, Source
from lintune.values.option import Option

Found = TypeVar("Found")


@dataclass(slots=True, eq=False)
class EntryScript:
    """An entry script's options, guards and comparisons. Compared by identity: a script is read once per check."""

    source: Source
    kind: ParserKind = "none"
    dataclasses: tuple[ScriptDataclass, ...] = ()
    """In the order in which the parser gets them; a class of a library has no options and itself as its base."""
    arguments: tuple[Option, ...] = ()
    """Options of `add_argument` calls."""
    positionals: tuple[Option, ...] = ()
    allows_leftovers: bool = False
    """Whether unknown flags are kept aside instead of refused."""
    config_suffixes: tuple[str, ...] = ()
    """Suffixes of the config files that the script reads when one is its only argument."""
    config_source: ConfigSource | None = None
    """The file from which alone the dataclasses are filled; None where the command line gives their options."""
    looks_for_args_file: bool = False
    """Whether a file `<script>.args` beside the script is put before the command line."""
    abbreviates: bool = True
    """Whether a flag may be shortened."""
    holds: bool = False
    """Whether the options that were read have the values of the command line, whatever further ones there are."""
    unread: str = "the script was not read"
    """Why there may be further options; empty when every option is known."""
    guards: tuple[Guard, ...] = ()
    problems: tuple[Problem, ...] = ()
    _modules: Modules | None = field(default=None, repr=False)
    _answers: dict[str, Any] = field(default_factory=dict, repr=False)
    """What was asked of the project's files so far: many launches start the same script."""

    @property
    def complete(self) -> bool:
        """Whether a flag that is not among the options is certainly unknown."""
        return not self.unread

    @property
    def name(self) -> str:
        """The file's name, for people."""
        return self.source.name.rpartition("/")[2]

    def compared_values(self, option: str) -> dict[str, Site]:
        """The strings that the script and the project files it imports compare an option with, with their places."""
        return self._once(f"compared {option}", lambda modules: compared_values(option, modules)) or {}

    @property
    def rank0_save(self) -> Site | None:
        """The condition around a `save_model` call that only rank 0 enters, in the script or a project file it imports."""
        return self._once("rank0_save", lambda modules: rank0_save(project_files(modules, "save_model")))

    def sign(self, name: str) -> Site | None:
        """The place of a single sign in the script or a project file that it imports: `late_thaw`, `early_stopping`."""
        word, found = SIGNS[name]
        return self._once(f"sign {name}", lambda modules: found(project_files(modules, word)))

    def trainer_override(self, kind: str) -> Override | None:
        """What the project's own Trainer has that newer releases call otherwise: `training_step`, `compute_loss` or `tokenizer`."""
        found = {"training_step": old_training_step, "compute_loss": old_compute_loss, "tokenizer": tokenizer_argument}[kind]
        return self._once(f"override {kind}", lambda modules: found(project_files(modules, "Trainer")))

    def matches(self, pattern: str) -> bool:
        """Whether the text of the script, or of a project file that it imports, has a match of a regular expression."""
        found = re.compile(pattern)
        return bool(self._once(f"matches {pattern}", lambda _: any(found.search(source.text) for source in self._texts)))

    def keys_of(self, table: str) -> dict[str, Site]:
        """The literal keys of a dictionary that the project defines under a name, with their places."""
        return dict_keys(table, project_texts(self._modules)) if self._modules is not None else {}

    @property
    def walks(self) -> list[Any]:
        """The walks through it that were made so far (`ScriptTrace`), for launches that answer alike."""
        made: list[Any] = self._answers.setdefault("walks", [])
        return made

    @property
    def project(self) -> Modules | None:
        """The project's modules, to be read anew; None where the script was not read."""
        return self._modules.again() if self._modules is not None else None

    @property
    def paths_read(self) -> tuple[str, ...]:
        """The files that were read for it so far, or looked for in vain."""
        return self._modules.paths_read if self._modules is not None else ()

    @property
    def imported_packages(self) -> frozenset[str]:
        """The top-level packages that the script imports itself."""
        entry = self._modules.entry if self._modules is not None else None
        if entry is None:
            return frozenset()
        names = [found.module for found in entry.imports.values() if not found.level]
        return frozenset(name.partition(".")[0] for name in names if name)

    @property
    def device_map(self) -> DeviceMap | None:
        """The `device_map` with which the script, or a project file it imports, loads a model."""
        return self._once("device_map", lambda modules: passed_device_map(project_files(modules, "device_map")))

    @property
    def _texts(self) -> list[Source]:
        return self._once("texts", project_texts) or []

    def _once(self, question: str, answer: Callable[[Modules], Found]) -> Found | None:
        """What the project's files answer, found when it is first asked; None where the script was not read."""
        if question not in self._answers:
            self._answers[question] = answer(self._modules) if self._modules is not None else None
        found: Found | None = self._answers[question]
        return found


def read_entry_script(source: Source, read: Read, folder: str = "") -> EntryScript:
    """Reads an entry script and the project files that it imports.

    `read` gives a project file by path, `folder` is where absolute imports start (default: the script's own folder and
    those above it). Nothing is imported or run. A script that does not parse gives a `python-syntax` problem.
    """
    modules = Modules(source, read, folder)
    if modules.entry is None:
        return EntryScript(source, unread="the script does not parse", problems=tuple(modules.problems))
    scopes = reached_scopes(modules)
    parser = read_parser(scopes, modules)
    classes = tuple(_dataclass(meaning, modules) for meaning in parser.classes)
    unread = parser.unread or next((f"a base of `{found.name}` was not found" for found in classes if not found.complete), "")
    if not unread and any(base.startswith("transformers.") for found in classes for base in found.bases) and brings_transformers(modules):
        unread = "the repository brings a transformers of its own"
    definitions = [definition for found in classes for definition in found.definitions]
    bindings = bind(scopes)
    filled_by = config_source(scopes, bindings) if parser.kind == "hf" else None
    return EntryScript(
        source,
        parser.kind,
        classes,
        tuple(option for option in parser.arguments if option.spellings),
        tuple(option for option in parser.arguments if not option.spellings),
        parser.allows_leftovers,
        tuple(dict.fromkeys(parser.config_suffixes)),
        filled_by,
        parser.kind == "hf" and parser.looks_for_args_file,
        parser.abbreviates,
        parser.holds,
        unread,
        read_guards(scopes, bindings, definitions),
        tuple(modules.problems),
        modules,
    )


def _dataclass(meaning: object, modules: Modules) -> ScriptDataclass:
    if isinstance(meaning, Definition):
        return read_dataclass(meaning, modules)
    dotted = str(getattr(meaning, "dotted", ""))
    return ScriptDataclass(dotted.rpartition(".")[2], None, bases=(dotted,))
