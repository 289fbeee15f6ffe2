"""Edits to a text, and writing them back without losing anything of the file around them."""

import os
from collections.abc import Iterable

from lintune.source.read import encode_text, source_from_bytes
from lintune.source.record import dataclass
from lintune.source.text import Site, Source


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `text` in the place of what stands at `site` (an empty span inserts)."""

    site: Site
    text: str


class EditRefused(Exception):
    """Edits that overlap, lie outside the text, or were made for a text that is no longer there."""


def apply_edits(source: Source, edits: Iterable[Edit]) -> str:
    """The source's text with all edits made; an edit given twice is made once.

    Raises EditRefused where two edits overlap, one is not inside the text, or one was made for another text.
    """
    text = source.text
    ordered = sorted(dict.fromkeys(edits), key=lambda edit: (edit.site.span.start, edit.site.span.end))
    parts: list[str] = []
    at = 0
    for edit in ordered:
        start, end = edit.site.span.start, edit.site.span.end
        if not 0 <= start <= end <= len(text):
            raise EditRefused(f"an edit lies outside of `{source.path}`")
        if start < at:
            raise EditRefused(f"two edits overlap on line {source.position(start).line} of `{source.path}`")
        if edit.site.source is not source and edit.site.text != text[start:end]:
            raise EditRefused(f"line {source.position(start).line} of `{source.path}` is not what was read")
        parts += (text[at:start], _with_newlines(edit.text, source.newline))
        at = end
    parts.append(text[at:])
    return "".join(parts)


def write_edits(path: "str | os.PathLike[str]", source: Source, edits: Iterable[Edit]) -> None:
    """Make the edits in the file at `path`, from which `source` was read.

    The file is replaced in one step; mode, encoding, byte order mark and line endings stay, a symbolic link stays one.
    Raises EditRefused where the file no longer holds what was read, and OSError where it cannot be written.
    """
    real = os.path.realpath(path)
    with open(real, "rb") as stream:
        now = source_from_bytes(stream.read(), source.path)
    if not isinstance(now, Source) or now.text != source.text or now.encoding != source.encoding:
        raise EditRefused(f"`{source.path}` changed since it was read")
    replace_file(real, encode_text(apply_edits(source, edits), source.encoding))


def replace_file(path: str, data: bytes) -> None:
    """Write `data` beside `path` and move it there in one step, with the mode of the file it replaces."""
    from tempfile import mkstemp

    handle, temporary = mkstemp(prefix=".lintune-", dir=os.path.dirname(path) or ".")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _with_newlines(text: str, newline: str) -> str:
    return text if newline == "\n" else text.replace("\r\n", "\n").replace("\n", newline)
