"""What the shell evaluator may ask about files."""

from typing import Protocol

from lintune.source.text import Source


class FileReader(Protocol):
    """Files by relative posix path, as reports show them."""

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        ...

    def is_dir(self, path: str) -> bool:
        """Whether a folder is there."""
        ...

    def read(self, path: str) -> Source | None:
        """A file's text; None where it cannot be read."""
        ...


class NoFiles:
    """A reader that knows of no file."""

    def exists(self, path: str) -> bool:
        """Never."""
        return False

    def is_dir(self, path: str) -> bool:
        """Never."""
        return False

    def read(self, path: str) -> Source | None:
        """Nothing."""
        return None
