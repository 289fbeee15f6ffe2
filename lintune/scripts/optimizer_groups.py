"""Whether the Trainer that a project starts builds optimizer groups of its own (`create_optimizer`).

Read from the text: the class that is called, and its bases as far as the project defines them.
"""

import re
from collections.abc import Iterable

from lintune.source.text import Source

_CALLED = re.compile(r"\b(\w*Trainer\w*)\(\s*\n?\s*(?:\w+\s*=\s*)?model\b")
_PATCHED = re.compile(r"\bcreate_optimizer\s*=(?!=)")
_MOST_BASES = 6


def builds_groups(sources: Iterable[Source]) -> bool | None:
    """True where the Trainer has a `create_optimizer` in the project, or one is put on a library's; None where none is started."""
    texts = [source.text for source in sources]
    called = next((found[1] for text in texts for found in _CALLED.finditer(text) if _is_started(text, found)), None)
    if called is None:
        return None
    if any(_PATCHED.search(text) and "Trainer.create_optimizer" in text for text in texts):
        return True
    pending = [called]
    for name in pending[:_MOST_BASES]:
        for text in texts:
            if (found := re.search(rf"^class {re.escape(name)}\b([^:]*):\n((?:[ \t]+.*\n|[ \t]*\n|#.*\n)*)", text, re.M)) is not None:
                if re.search(r"^\s+def create_optimizer\(", found[2], re.M):
                    return True
                pending += re.findall(r"\w+", found[1])
    return False


def _is_started(text: str, found: re.Match[str]) -> bool:
    """Whether it is a call, not a definition or an annotation."""
    before = text[: found.start()].rpartition("\n")[2]
    return not before.lstrip().startswith(("class ", "def ", "#"))
