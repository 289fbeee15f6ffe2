"""Shell scripts as bash reads them: hand-written, error-tolerant, every span exact."""

from lintune.syntax.shell.nodes import Script
from lintune.syntax.shell.parser import parse_shell

__all__ = ["Script", "parse_shell"]
