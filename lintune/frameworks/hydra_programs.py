"""Programs that Hydra configures: `python3 -m verl.trainer.main_ppo key=value +key=value ~key`, and scripts with `@hydra.main`.

Which keys exist is in config files that Hydra composes, which are not read: no key is unknown, what is not given is open.
"""

import re

from lintune.frameworks.command_line import Parsed
from lintune.frameworks.context import Reading
from lintune.frameworks.override_words import Overrides, split_override, unclosed
from lintune.launch.word import Word
from lintune.run.run import Run
from lintune.values.value import Unknown

HYDRA = "hydra"
_VALUED = frozenset(("--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd", "--package", "-p", "--cfg", "-c"))


def is_hydra(reading: Reading) -> bool:
    """Whether the script at hand is decorated with `hydra.main`."""
    return reading.source is not None and re.search(r"^@hydra\.main\b", reading.source.text, re.MULTILINE) is not None


def read(reading: Reading) -> Parsed:
    """The overrides of a launch."""
    found = read_words(reading.launch.args)
    parsed = Parsed(values=found.values(), items=found.items)
    parsed.open_ended = True
    return parsed


def read_words(words: tuple[Word, ...]) -> Overrides:
    """The overrides among Hydra's own options."""
    found = Overrides()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word.text.startswith("-"):
            at += word.text in _VALUED
        elif word.many or (not word.known and "=" not in word.text):
            found.open_ended = True
        else:
            _read_override(word, found)
    found.add_duplicates()
    return found


def _read_override(word: Word, found: Overrides) -> None:
    _, equals, value = word.text.partition("=")
    if not word.text.strip():
        return
    if not equals and not word.text.startswith("~"):
        found.refuse(word, f"missing EQUAL at '<EOF>' in `{word.text}`", "write `key=value`")
        return
    override = split_override(word, ("++", "+", "~"))
    if not override.key:
        found.refuse(word, "no key stands before `=`, and Hydra finds no config group without a name", "write `key=value`, without blanks")
        return
    if word.known and " " in override.key:
        found.refuse(word, "LexerNoViableAltException: a key has no blanks", "write `key=value`, without blanks")
        return
    open_mark = unclosed(value) if word.known else ""
    if open_mark:
        found.refuse(word, f"OverrideParseException: `{open_mark}` has no partner", "close it, or put the value in quotes for Hydra too")
        return
    found.given.append(override)


def fill(run: Run, reading: Reading) -> None:
    """What is not given may come from a config file."""
    run.unread["flag"] = Unknown("the config files that Hydra composes were not read")
