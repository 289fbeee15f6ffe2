"""A command line as the entry script's parser reads it: values with origins, and everything that is wrong with it.

Follows argparse's `parse_known_args` (Python 3.10 to 3.13) as `HfArgumentParser` uses it. Words that are not known
never cause an item; they make values unknown.
"""

import re
from collections.abc import Mapping, Sequence

from lintune.frameworks.flag_items import FlagItems, Given
from lintune.frameworks.option_table import OptionTable, Spelling, TableOption
from lintune.launch.word import UNKNOWN_TEXT, Piece, Word
from lintune.run.run import Item
from lintune.source.record import dataclass, field
from lintune.source.text import Site, Source, Span
from lintune.values.conversion import Refusal, convert, guess
from lintune.values.option import Option
from lintune.values.value import Absent, Data, Known, Origin, Step, Unknown, Value

_NEGATIVE_NUMBER = re.compile(r"-\d+$|-\d*\.\d+$")


@dataclass(slots=True)
class Parsed:
    """What a command line gives."""

    values: dict[str, Value] = field(default_factory=dict)
    """Every option of the table: given, or its default; and, where the table is incomplete, the flags it lacks."""
    items: dict[str, tuple[Item, ...]] = field(default_factory=dict)
    config: Word | None = None
    """The config file, where one is the only argument and the script reads it."""
    given: dict[str, Word] = field(default_factory=dict)
    """The flag word of each option given, the last one where it is repeated."""
    open_ended: bool = False
    """Whether a word that may stand for any number of arguments was met."""


def parse_command_line(words: Sequence[Word], table: OptionTable, config: Mapping[str, Value] | None = None) -> Parsed:
    """Reads the words that the entry script receives.

    `config` holds values of a config file by option name: they lie between the defaults and the flags.
    """
    reader = _Reader(words, table)
    if not reader.read_config_word():
        reader.read()
    return reader.finish(config or {})


def words_of_file(source: Source) -> tuple[Word, ...]:
    """The words of a `<script>.args` file, which `HfArgumentParser` puts before the command line (split at white space)."""
    sites = (Site(source, Span(*found.span())) for found in re.finditer(r"\S+", source.text))
    return tuple(Word(site, (Piece(site.text, site),)) for site in sites)


class _Reader:
    """Walks over the words once."""

    def __init__(self, words: Sequence[Word], table: OptionTable) -> None:
        self.words = words
        self.table = table
        self.items = FlagItems(table)
        self.parsed = Parsed()
        self.given: dict[str, list[tuple[Given, Value]]] = {}
        self.at = 0

    def read_config_word(self) -> bool:
        """Whether the only word is a config file that the script reads."""
        if len(self.words) != 1 or not self.table.config_suffixes:
            return False
        word = self.words[0]
        if not word.known and not word.text.startswith("-"):
            self.parsed.open_ended = True
            return True
        if word.text.startswith("-") or not word.text.endswith(self.table.config_suffixes):
            return False
        self.parsed.config = word
        return True

    def read(self) -> None:
        """Every word in turn."""
        owner: Given | None = None
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            if word.many or _is_hidden_flag(word):
                self.parsed.open_ended, owner = True, None
            elif word.text == "--":
                self.parsed.open_ended = True
                return
            elif self.is_value(word):
                if self.table.kind == "fire":  # it fills the next parameter that is not given by name
                    self.parsed.open_ended, owner = True, None
                elif not self.parsed.open_ended:
                    words = [word, *self.take_all()]
                    self.read_positional(words)
                    self.items.stray(owner, words)
                    # HfArgumentParser takes no such word: a parser of its own may read a config file
                    self.parsed.open_ended = not self.table.complete and self.table.kind in ("hf", "trl")
            else:
                owner = self.read_flag(word)

    def read_positional(self, words: list[Word]) -> None:
        """A word without a flag, where the script takes one."""
        option = self.table.positional
        if option is not None:
            origin = (Step("flag", words[0].site),)
            sure = len(words) == 1 and words[0].known and option.type != "converted" and option.name not in self.parsed.values
            value: Data | Refusal = convert(words[0].text, option) if sure else None
            if sure and not isinstance(value, Refusal):
                self.parsed.values[option.name] = Known(value, origin)
            else:
                self.parsed.values[option.name] = Unknown("it is one of several words", origin)

    def is_value(self, word: Word) -> bool:
        """Whether argparse takes the word for a value rather than a flag."""
        text = word.text
        if not text.startswith("-") or len(text) == 1:
            return True
        if self.table.kind == "fire":
            return not text.startswith("--") and not text[1].isalpha()
        head = text.partition("=")[0]
        if text in self.table.spellings or head in self.table.spellings or self.abbreviated(head):
            return False
        return bool(_NEGATIVE_NUMBER.match(text)) or " " in text

    def abbreviated(self, head: str) -> dict[str, Spelling]:
        """The spellings that a flag may be short for, as far as some release has them."""
        if not self.table.abbreviates or not head.startswith("--") or len(head) < 3:
            return {}
        found = {text: spelling for text, spelling in self.table.spellings.items() if text.startswith(head) and spelling.presence != "none"}
        if "--help".startswith(head):
            found["--help"] = Spelling("help")
        return found

    def read_flag(self, word: Word) -> Given | None:
        """One flag with its values; returns it where further words are its own concern (strays)."""
        head, equals, _ = word.text.partition("=")
        if UNKNOWN_TEXT in head:
            self.parsed.open_ended = True
            return None
        if head in ("-h", "--help") and head not in self.table.spellings:
            return None
        spelling = self.table.spellings.get(head)
        if spelling is not None and spelling.presence != "none":
            return self.read_option(Given(word, head, bool(equals), spelling))
        # an option that was not read may be spelled just so
        if head[:2] in self.table.spellings and head[1] != "-":
            return self.read_letters(word)
        candidates = self.abbreviated(head) if self.table.complete else {}
        sure = [text for text, found in candidates.items() if found.presence == "all"]
        if len(candidates) == 1:
            full, found = next(iter(candidates.items()))
            given = Given(word, head, bool(equals), found)
            self.items.abbreviated(given, full, captured=spelling is not None)
            return self.read_option(given)
        if len(sure) > 1:
            self.items.ambiguous(word, head, sure)
        if candidates:
            self.skip(equals)
        elif spelling is not None:
            return self.read_option(Given(word, head, bool(equals), spelling))
        else:
            self.read_unknown(word, head, equals)
        return None

    def read_letters(self, word: Word) -> Given | None:
        """Flags of one letter in one word, the last perhaps with its value: `-vv`, `-r8`."""
        letters = word.text[1:]
        for index, letter in enumerate(letters):
            spelling = self.table.spellings.get(f"-{letter}")
            if spelling is None:
                self.parsed.open_ended = True
                return None
            given = Given(word, f"-{letter}", False, spelling)
            found = self.table.options[spelling.name]
            rest = letters[index + 1 :].removeprefix("=")
            if found.option.nargs != "none" and rest:
                self.keep_words(given, found, [], [rest])
                return given
            if found.option.nargs != "none":
                return self.read_option(given)
            self.keep(given, [], _bare(found.option, given.origin([])))
        return None

    def skip(self, equals: str) -> None:
        """Passes over the values of a flag whose meaning is not certain."""
        if not equals:
            self.take_all()

    def read_unknown(self, word: Word, head: str, equals: str) -> None:
        """A flag that no release and no script that was read has."""
        values = [] if equals else self.take_all()
        name = head.lstrip("-").replace("-", "_")
        if self.table.complete:
            self.items.unknown(word, head, values)
            return
        given = Given(word, head, bool(equals), Spelling(name))
        texts = [word.text.partition("=")[2]] if equals else [value.text for value in values]
        unknown = next((value for value in ([word] if equals else values) if not value.known), None)
        value: Value = Unknown(unknown.reason, given.origin(values)) if unknown else Known(guess(texts), given.origin(values))
        self.given.setdefault(name, []).append((given, value))

    def take_all(self) -> list[Word]:
        """The words up to the next flag."""
        start = self.at
        while self.at < len(self.words) and not self.words[self.at].many and self.is_value(self.words[self.at]):
            self.at += 1
        return list(self.words[start : self.at])

    def take_one(self) -> list[Word]:
        """The next word, if it is a value; an unknown number of words counts as one of unknown text."""
        if self.at < len(self.words) and (self.words[self.at].many or self.is_value(self.words[self.at])):
            word = self.words[self.at]
            self.at += 1
            self.parsed.open_ended = self.parsed.open_ended or word.many
            return [word]
        return []

    def read_option(self, given: Given) -> Given:
        """The values of a known option."""
        found = self.table.options[given.spelling.name]
        if given.spelling.presence != "all":
            self.items.windowed(given, found)
        option = found.option
        if given.spelling.negates or option.nargs == "none":
            self.keep(given, [], _bare(option, given.origin([]), given.spelling.negates))
            if given.equals:
                self.items.refused(given, [], given.value_text, Refusal("type", "no value"))
            return given
        if given.equals:
            self.keep_words(given, found, [], [given.value_text])
            return given
        forms = [form for _, form in found.variants] or [option]
        values = self.take_many() if any(form.nargs == "many" for form in forms) else self.take_one()
        bare = next((form for form in forms if form.nargs == "optional"), None)
        if values:
            self.keep_words(given, found, values, [value.text for value in values])
        elif bare is not None:
            if any(form.nargs != "optional" for form in forms):
                self.items.windowed_value(given, found, [], "no value", [form.nargs != "optional" for form in forms])
            self.keep(given, [], _bare(bare, given.origin([])))
        else:
            self.items.missing(given, option)
            self.keep(given, [], Unknown(f"`{given.flag}` has no value", given.origin([])))
        return given

    def take_many(self) -> list[Word]:
        """The words of a list option: all up to the next flag, and one of unknown number if it follows."""
        values = self.take_all()
        if self.at < len(self.words) and self.words[self.at].many:
            values += self.take_one()
        return values

    def keep_words(self, given: Given, found: TableOption, values: list[Word], texts: list[str]) -> None:
        """Converts and keeps the words of an option, in every form that the admitted releases give it."""
        origin = given.origin(values)
        unknown = next((word for word in (values or [given.word]) if not word.known), None)
        if unknown is not None:
            self.keep(given, values, Unknown(unknown.reason, origin))
            return
        if found.option.type in ("converted", "literal"):
            value = _computed(texts, found.option, origin)
            if found.option.type == "literal":
                self.items.truthy(given, values, found.option, value)
            self.keep(given, values, value)
            return
        forms = [option for _, option in found.variants] or [found.option]
        results = [_convert_all(texts, option) for option in forms]
        accepted = [result for result in results if not isinstance(result, Refusal)]
        if not accepted:
            refusal = next(result for result in reversed(results) if isinstance(result, Refusal))
            self.items.refused(given, values, " ".join(texts), refusal)
            self.keep(given, values, Unknown(f"`{given.flag}` refuses its value", origin))
            return
        if len(accepted) < len(results):
            self.items.windowed_value(given, found, values, " ".join(texts), [isinstance(result, Refusal) for result in results])
        self.keep(given, values, Known(accepted[-1], origin))

    def keep(self, given: Given, values: list[Word], value: Value) -> None:
        """Remembers one use of an option; the last one holds, unless uses add up."""
        self.given.setdefault(given.spelling.name, []).append((given, value))

    def finish(self, config: Mapping[str, Value]) -> Parsed:
        """Every value, and the items that need the whole line."""
        parsed, table = self.parsed, self.table
        for name, uses in self.given.items():
            found = table.options.get(name)
            if len(uses) > 1 and not (found is not None and found.option.repeats):
                self.items.duplicate(name, uses)
            parsed.given[name] = uses[-1][0].word
            repeats = found is not None and found.option.repeats
            parsed.values[name] = _added_up(found.option, [value for _, value in uses]) if found and repeats else uses[-1][1]
        for name, value in config.items():
            parsed.values.setdefault(name, value)
        for name in table.options:
            if name not in parsed.values:
                parsed.values[name] = self.not_given(name)
        if not parsed.open_ended and parsed.config is None and table.complete:  # what was not read may give them a value
            for found in table.options.values():
                if found.option.name not in self.given and found.option.name not in config and _is_required(found):
                    self.items.required(found.option)
        parsed.items = self.items.done()
        return parsed

    def not_given(self, name: str) -> Value:
        """The default, unless the option may be in a word that is not known."""
        default = self.table.default(name)
        if not self.parsed.open_ended:
            if not self.table.complete and _is_required(self.table.options[name]):
                return Unknown(f"`{name}` is required, and is not given in what was read")
            return default
        if isinstance(default, Absent) and self.table.options[name].presence == "none":
            return default
        # no origin: whether the user gave it is not known either
        return Unknown(f"`{name}` may be given by a word of the command line that is not known")


def _is_required(found: TableOption) -> bool:
    forms = [option for _, option in found.variants] or [found.option]
    return (
        found.presence == "all"
        and bool(found.option.spellings or found.package or found.option.site)
        and all(option.required for option in forms)
    )


def _bare(option: Option, origin: Origin, negated: bool = False) -> Value:
    """What a flag without a word sets."""
    if option.type == "converted":
        return Unknown(f"code of the script decides what `{option.name}` is", origin)
    const = False if negated else option.const
    return Absent(origin) if const is None else Known(const, origin)


def _computed(texts: list[str], option: Option, origin: Origin) -> Value:
    """Words that are read otherwise than argparse's own types do."""
    if option.type == "literal" and len(texts) == 1:
        from lintune.values.literal_words import literal_word

        return literal_word(texts[0], origin)
    words = dict(option.words)
    if option.nargs == "many" or len(texts) != 1 or texts[0] not in words:
        return Unknown(f"code of the script converts what `{option.name}` is given", origin)
    return Absent(origin) if words[texts[0]] is None else Known(words[texts[0]], origin)


def _added_up(option: Option, values: list[Value]) -> Value:
    """An option whose uses add up to a list; behind a default of its own they are not told apart."""
    origin = tuple(step for value in values for step in value.origin)
    found = [value.value for value in values if isinstance(value, Known)]
    if len(found) < len(values) or option.default is not None or option.nargs != "one" or not option.site:
        return values[-1] if not option.site else Unknown(f"the uses of `{option.name}` add up", origin)
    return Known(tuple(found), origin)


def _is_hidden_flag(word: Word) -> bool:
    """A word whose flag is not known: `--$NAME`."""
    return word.text.startswith("-") and UNKNOWN_TEXT in word.text.partition("=")[0]


def _convert_all(texts: list[str], option: Option) -> Data | Refusal:
    """The words of one use, as one form of the option takes them."""
    if option.nargs == "many":
        values = [convert(text, option) for text in texts]
        refused = next((value for value in values if isinstance(value, Refusal)), None)
        return refused or tuple(value for value in values if not isinstance(value, Refusal))
    return convert(texts[0], option) if len(texts) == 1 else Refusal("type", "one word")
