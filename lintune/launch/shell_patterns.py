"""Shell patterns (`*`, `?`, `[...]`): matching whole texts, prefixes and suffixes in bounded time."""

from lintune.launch.shell_pieces import Pieces
from lintune.source.record import dataclass

MAX_WORK = 400_000
"""Characters times pattern tokens that a match may cost; beyond that the result is unknown."""


@dataclass(frozen=True, slots=True)
class Token:
    """One element of a pattern: a character, a set of them, any one (`?`), or any number (`*`)."""

    kind: str
    chars: str = ""
    negated: bool = False

    def takes(self, char: str) -> bool:
        """Whether it matches the character."""
        match self.kind:
            case "char":
                return char == self.chars
            case "set":
                return (char in self.chars) != self.negated
        return True


_CLASSES = {
    "alpha": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digit": "0123456789",
    "space": " \t\n\r\f\v",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "blank": " \t",
}
_CLASSES["alnum"] = _CLASSES["alpha"] + _CLASSES["digit"]


def has_pattern(text: str) -> bool:
    """Whether the text holds a pattern character."""
    return "*" in text or "?" in text or "[" in text


def compile_pattern(runs: list[tuple[str, bool]]) -> list[Token] | None:
    """Tokens of a pattern given as runs of text with whether they are quoted; None for extended patterns."""
    chars = [(char, quoted) for text, quoted in runs for char in text]
    tokens: list[Token] = []
    at = 0
    while at < len(chars):
        char, quoted = chars[at]
        at += 1
        if quoted:
            tokens.append(Token("char", char))
        elif char == "(" and at >= 2 and chars[at - 2][0] in "?*+@!" and not chars[at - 2][1]:
            return None
        elif char == "*":
            if not tokens or tokens[-1].kind != "many":
                tokens.append(Token("many"))
        elif char == "?":
            tokens.append(Token("one"))
        elif char == "[" and (found := _bracket(chars, at)):
            token, at = found
            tokens.append(token)
        else:
            tokens.append(Token("char", char))
    return tokens


def _bracket(chars: list[tuple[str, bool]], at: int) -> tuple[Token, int] | None:
    negated = at < len(chars) and chars[at][0] in "!^"
    at += negated
    first, members = at, ""
    while at < len(chars):
        char = chars[at][0]
        if char == "]" and at > first:
            return Token("set", members, negated), at + 1
        if char == "[" and at + 1 < len(chars) and chars[at + 1][0] == ":":
            text = "".join(c for c, _ in chars[at + 2 : at + 10])
            name = text.split(":]")[0]
            if name in _CLASSES:
                members += _CLASSES[name]
                at += len(name) + 4
                continue
        if at + 2 < len(chars) and chars[at + 1][0] == "-" and chars[at + 2][0] != "]":
            low, high = ord(char), ord(chars[at + 2][0])
            members += "".join(map(chr, range(low, min(high, low + 256) + 1)))
            at += 3
            continue
        members += char
        at += 1
    return None


def prefix_ends(tokens: list[Token], text: str, start: int = 0) -> list[int] | None:
    """Every end at which the pattern matches the text from `start`, in order; None if that costs too much."""
    if (len(text) - start + 1) * (len(tokens) + 1) > MAX_WORK:
        return None
    active = _closure({0}, tokens)
    accept, ends = len(tokens), []
    for at in range(start, len(text) + 1):
        if accept in active:
            ends.append(at)
        if at == len(text) or not active:
            break
        char, following = text[at], set()
        for state in active:
            if state < accept and tokens[state].takes(char):
                following.add(state if tokens[state].kind == "many" else state + 1)
        active = _closure(following, tokens)
    return ends


def _closure(states: set[int], tokens: list[Token]) -> set[int]:
    found = set(states)
    for state in states:
        at = state
        while at < len(tokens) and tokens[at].kind == "many":
            at += 1
            found.add(at)
    return found


def matches(tokens: list[Token], text: str) -> bool | None:
    """Whether the pattern matches the whole text."""
    ends = prefix_ends(tokens, text)
    return None if ends is None else len(text) in ends


def suffix_starts(tokens: list[Token], text: str) -> list[int] | None:
    """Every start from which the pattern matches up to the end, the longest match last."""
    ends = prefix_ends(tokens[::-1], text[::-1])
    return None if ends is None else [len(text) - end for end in ends]


def replacements(tokens: list[Token], text: str, every: bool) -> list[tuple[int, int]] | None:
    """The stretches that `${x/pattern/...}` replaces, longest matches, left to right."""
    if (len(text) + 1) ** 2 * (len(tokens) + 1) > MAX_WORK * 20 and any(token.kind == "many" for token in tokens):
        return None
    found: list[tuple[int, int]] = []
    at, work = 0, 0
    while at <= len(text):
        ends = prefix_ends(tokens, text, at)
        if ends is None:
            return None
        work += 1
        if ends and ends[-1] > at:
            found.append((at, ends[-1]))
            if not every:
                break
            at = ends[-1]
        else:
            at += 1
    return found


def literal_tail(pieces: Pieces) -> str:
    """The known text after the last unknown piece."""
    text = ""
    for piece in reversed(pieces):
        if piece.reason:
            break
        text = piece.text + text
    return text
