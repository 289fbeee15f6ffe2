"""Taking wrappers off a command: `nohup env A=b srun -n 8 torchrun ...` becomes `torchrun ...` and what they said."""

from collections.abc import Mapping

from lintune.launch.option_syntax import split_options
from lintune.launch.word import UNKNOWN_TEXT, Command, Piece, Word, word_tail
from lintune.launch.wrappers import WRAPPERS, Wrapper
from lintune.source.record import dataclass, replace
from lintune.source.text import Site, Span


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A command without its wrappers."""

    command: Command
    words: tuple[Word, ...]
    wrappers: tuple[str, ...]
    env: Mapping[str, Word]
    wrapper_options: Mapping[str, Mapping[str, Word]]
    module_runner: bool = False
    """Whether the first word is a module (`uv run -m MODULE`)."""


def take_wrappers_off(command: Command) -> Unwrapped:
    """Remove wrappers, and wrappers of those, as far as they are known."""
    words = command.argv
    names: list[str] = []
    env = dict(command.env)
    options: dict[str, Mapping[str, Word]] = {}
    if command.behind:
        around = take_wrappers_off(replace(command, argv=command.behind, behind=()))
        names += around.wrappers
        options |= around.wrapper_options
    module_runner = False
    while words and not module_runner:
        name = program_name(words[0])
        if name == "sbatch":
            text = split_options(words, 1, WRAPPERS["srun"][0].syntax).given.get("wrap") or _wrap_text(words)
            inner = words_of_text(text) if text else None
            if not inner:
                break
            words = inner
        else:
            wrapper, start = _wrapper_of(name, words)
            if wrapper is None:
                break
            split = split_options(words, start, wrapper.syntax)
            options[name] = split.given
            module_runner = name in ("uv", "uvx") and "module" in split.given
            _add_exports(env, split.given.get("export") if name == "srun" else None)
            words = _behind(words, split.rest + wrapper.operands, wrapper, env)
        names.append(name)
    return Unwrapped(command, words, tuple(names), env, options, module_runner)


def program_name(word: Word) -> str:
    """The program that a command word names: no folders, `python3.11` as `python`; "" where it is not known."""
    name = word.text.rpartition("/")[2]
    if UNKNOWN_TEXT in name:
        return ""
    return "python" if name.startswith("python") and not name.strip("python0123456789.") else name


def words_of_text(word: Word) -> tuple[Word, ...] | None:
    """The words of a command that is given as one text (`sbatch --wrap="..."`); None where it needs a real shell."""
    if any(piece.known and set(piece.text) & set("$`;|&<>()'\"\\\n*?#{}~") for piece in word.pieces):
        return None
    words: list[Word] = []
    pieces: list[Piece] = []
    for piece in word.pieces:
        at = 0
        for index, part in enumerate(piece.text.split(" ")):
            if index and pieces:
                words.append(_joined(pieces))
                pieces = []
            if part:
                pieces.append(_part(piece, at, part))
            at += len(part) + 1
    return (*words, _joined(pieces)) if pieces else tuple(words)


def _joined(pieces: list[Piece]) -> Word:
    return Word(pieces[0].via[0] if pieces[0].via else pieces[0].site, tuple(pieces))


def _part(piece: Piece, at: int, part: str) -> Piece:
    span, written = piece.site.span, piece.site.text
    offset = written.find(piece.text)
    if offset < 0 or not piece.known:
        return Piece(part, piece.site, piece.via, piece.reason)
    start = span.start + offset + at
    return Piece(part, Site(piece.site.source, Span(start, start + len(part))), piece.via)


def _wrap_text(words: tuple[Word, ...]) -> Word | None:
    for at, word in enumerate(words):
        if word.text.startswith("--wrap="):
            return word_tail(word, len("--wrap="))
        if word.text == "--wrap" and at + 1 < len(words):
            return words[at + 1]
    return None


def _wrapper_of(name: str, words: tuple[Word, ...]) -> tuple[Wrapper | None, int]:
    """The wrapper and the index of its first option; options may stand before its subcommand (`uv --quiet run`)."""
    for wrapper in WRAPPERS.get(name, ()):
        start = 1
        for subcommand in wrapper.subcommands:
            while start < len(words) and words[start].text.startswith("-"):
                start = split_options(words, start, wrapper.syntax).rest
            if start >= len(words) or words[start].text != subcommand:
                break
            start += 1
        else:
            return wrapper, start
    return None, 0


def _behind(words: tuple[Word, ...], at: int, wrapper: Wrapper, env: dict[str, Word]) -> tuple[Word, ...]:
    """The command behind the wrapper's words; assignments go to `env`."""
    while wrapper.assignments and at < len(words):
        name, equals, _ = words[at].text.partition("=")
        if not equals or not name.isidentifier():
            break
        env[name] = word_tail(words[at], len(name) + 1)
        at += 1
    rest = words[at:]
    if len(rest) == 1 and " " in rest[0].text:
        return words_of_text(rest[0]) or rest
    return rest


def _add_exports(env: dict[str, Word], export: Word | None) -> None:
    """The variables of `srun --export=ALL,NAME=value`."""
    if export is None or not export.known:
        return
    for part in export.text.split(","):
        name, equals, value = part.partition("=")
        if equals:
            env[name] = Word(export.site, (Piece(value, export.site),))
