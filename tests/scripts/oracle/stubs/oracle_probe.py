"""What the stubs tell the runner: that training was reached, and with which parameters."""

import json
import os
import sys
from collections.abc import Callable


def _print_and_stop(report: dict[str, object]) -> None:
    print(json.dumps(report), flush=True)
    os._exit(0)


hook: Callable[[dict[str, object]], None] = _print_and_stop
"""What is done with the report; the runner puts its own here. It does not return."""


def reached(model: object) -> None:
    """Reports the trained and the frozen parameters of the model as training would start, and stops the process."""
    named = list(getattr(model, "named_parameters", lambda: [])())
    trained = [name for name, parameter in named if parameter.requires_grad]
    frozen = [name for name, parameter in named if not parameter.requires_grad]
    hook({"trained": trained, "frozen": frozen})


options: dict[str, object] | None = None
"""What a parser other than argparse made of the words."""
root: str = "/"
"""The project's folder."""
calls: list[tuple[str, str, int, dict[str, object]]] = []
"""The calls of training libraries: name, file, line, keywords."""


def called(name: str, keywords: dict[str, object]) -> None:
    """Notes a call with the place in the project from which it came."""
    frame = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.startswith(root):
        frame = frame.f_back
    if frame is not None:
        calls.append((name, os.path.relpath(frame.f_code.co_filename, root), frame.f_lineno, dict(keywords)))
