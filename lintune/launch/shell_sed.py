"""`sed 's/a/b/g'` in the forms that mean the same as a Python regular expression and are cheap."""

import re

MAX_TEXT = 2_000
_PLAIN = re.compile(r"(?:[^\\.*\[\]^$+?(){}|]|\\[./*\[\]]|\^|\$|\.(?!\*)|\[[^\]\\\[]+\][*+]?|\.\*)*")


def sed(arguments: list[str], text: str) -> str | None:
    """The edited text; None where the script is more than a few simple substitutions."""
    extended, scripts = False, list[str]()
    for argument in arguments:
        if argument in ("-E", "-r"):
            extended = True
        elif argument == "-e":
            continue
        elif argument.startswith("-"):
            return None
        else:
            scripts.append(argument)
    if not scripts or len(text) > MAX_TEXT:
        return None
    for script in "\n".join(scripts).replace("\n", ";").split(";"):
        if script.strip():
            edited = _substituted(script.strip(), text, extended)
            if edited is None:
                return None
            text = edited
    return text


def _substituted(script: str, text: str, extended: bool) -> str | None:
    if len(script) < 4 or script[0] != "s":
        return None
    fields = re.split(r"(?<!\\)" + re.escape(script[1]), script[2:])
    if len(fields) != 3 or fields[2] not in ("", "g"):
        return None
    pattern, by = fields[0].replace("\\" + script[1], script[1]), fields[1].replace("\\" + script[1], script[1])
    if not _PLAIN.fullmatch(pattern) or pattern.count("*") > 2 or re.search(r"\\[0-9&]|&", by) or (not extended and "+" in pattern):
        return None
    try:
        compiled = re.compile(pattern)
    except re.error:
        return None
    lines = text.split("\n")
    count = 0 if fields[2] == "g" else 1
    replacement = by.replace("\\n", "\n").replace("\\", "\\\\")
    return "\n".join(
        [compiled.sub(replacement, line, count=count) if line or index < len(lines) - 1 else line for index, line in enumerate(lines)]
    )
