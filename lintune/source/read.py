"""Reading a file as text: encodings, byte order marks, and what cannot be read as text at all."""

import os
import stat

from lintune.source.text import Problem, Site, Source, Span

MAX_BYTES = 10_000_000
"""Larger files are not read: no launch script or config comes near."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def read_source(path: "str | os.PathLike[str]", shown: str) -> Source | Problem:
    """Read a regular file; `shown` is the path as reports show it.

    Problems: `missing-file`, `not-a-file` (a folder, pipe or device), `unreadable-file` (permissions, I/O),
    `too-large`, `binary-file` (NUL bytes). Bytes that are not UTF-8 are kept one character each: see `decode_problem`.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return unread("not-a-file", f"`{shown}` is not a regular file", shown)
        if status.st_size > MAX_BYTES:
            return _too_large(shown, status.st_size)
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return unread("missing-file", f"`{shown}` does not exist", shown)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return unread("unreadable-file", f"`{shown}` cannot be read: {reason}", shown)
    return source_from_bytes(data, shown)


def source_from_bytes(data: bytes, shown: str) -> Source | Problem:
    """Decode what was read, from a file or standard input; problems `too-large` and `binary-file`.

    UTF-8 and UTF-16 are told by their byte order mark, which is not part of the text; without one the text is UTF-8,
    and a byte that is not becomes one surrogate character, so that offsets hold and the file can be written back.
    """
    if len(data) > MAX_BYTES:
        return _too_large(shown, len(data))
    encoding = "utf-8"
    for bom, name in _BOMS:
        if data.startswith(bom):
            data, encoding = data[len(bom) :], name
            break
    if encoding.startswith("utf-16"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            return _binary(shown)
    else:
        if b"\0" in data:
            return _binary(shown)
        text = data.decode("utf-8", "surrogateescape")
    if "\0" in text:
        return _binary(shown)
    return Source(shown, text, encoding, _newline(text))


def encode_text(text: str, encoding: str) -> bytes:
    """The bytes of a text in a `Source`'s encoding, with the byte order mark it had."""
    for bom, name in _BOMS:
        if name == encoding:
            return bom + text.encode("utf-8" if name == "utf-8-sig" else name, "surrogateescape")
    return text.encode(encoding, "surrogateescape")


def decode_problem(source: Source) -> Problem | None:
    """The problem `not-utf8` at the first byte that was not UTF-8, if there is one (the rest was read)."""
    if source.text.isascii():
        return None
    for offset, character in enumerate(source.text):
        if "\udc80" <= character <= "\udcff":
            line = source.position(offset).line
            byte = ord(character) - 0xDC00
            message = f"byte 0x{byte:02x} on line {line} is not UTF-8"
            return Problem("not-utf8", message, Site(source, Span(offset, offset + 1)), (("line", str(line)),))
    return None


def unread(kind: str, message: str, shown: str) -> Problem:
    """A problem with a file of which there is no text: it stands at the start of an empty source."""
    return Problem(kind, message, Site(Source(shown, ""), Span(0, 0)), (("path", shown),))


def _newline(text: str) -> str:
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _binary(shown: str) -> Problem:
    return unread("binary-file", f"`{shown}` is not a text file", shown)


def _too_large(shown: str, size: int) -> Problem:
    return unread("too-large", f"`{shown}` is too large to check ({size / 1e6:.0f} MB, at most {MAX_BYTES // 10**6} MB)", shown)
