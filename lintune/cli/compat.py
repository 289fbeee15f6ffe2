"""`lintune compat`: for which releases of the libraries each launch starts, and what breaks outside of them."""

import os
import sys
from collections.abc import Sequence

from lintune.cli.arguments import WHEN, Arguments, Parser
from lintune.cli.check import split_arguments
from lintune.cli.settings import Given, options_for, settings_for
from lintune.cli.usage import INTERNAL, OK, USAGE, UsageError, did_you_mean, names_in
from lintune.engine.compat_launches import Compat, compat
from lintune.engine.result import OptionError
from lintune.surfaces.surface import SurfaceError


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    words, arguments = split_arguments(words)
    asked = parser().parse(words)
    if not asked.paths:
        raise UsageError("`lintune compat` takes the path of a launch script or a folder")
    try:
        result = swept(asked, arguments)
    except SurfaceError as problem:
        sys.stderr.write(f"lintune: {problem}; reinstalling lintune brings it back\n")
        return INTERNAL
    for note in result.notes:
        sys.stderr.write(f"lintune: {note}\n")
    for path in result.missing:
        sys.stderr.write(f"lintune: {path}: no such file or folder\n")
    write(result, asked)
    return USAGE if result.missing else OK


def parser() -> Parser:
    """The parser of `lintune compat`."""
    made = Parser(
        "compat",
        "PATH ... [options] [-- ARGUMENTS]",
        "Show with which releases of transformers, trl, peft, accelerate and deepspeed each launch starts.",
        "Releases in between are swept as well as pinned ones; --assume says which one is in force.\n\n"
        "  lintune compat finetune/\n  lintune compat train.sh --package trl --format json\n",
    )
    made.words("paths")
    made.value("--package", "NAME", "only this package", many=True)
    made.value("--select", "RULES", "only these rules: codes, prefixes, families or names, comma-separated", many=True)
    made.value("--ignore", "RULES", "all but these rules", many=True)
    made.value("--gpu", "SPEC", "the GPUs of the launch: 8xA100-80G")
    made.value("--assume", "REQ", "a version (`transformers==4.51.3`) or a variable (`DATA=/data`)", many=True)
    made.value("--env", "PYTHON", "take the package versions of this interpreter (it is not started)")
    made.value("--format", "FORMAT", "text or json", choices=("text", "json"), default="text")
    made.value("--output", "FILE", "write the report there instead of standard output")
    made.value("--color", "WHEN", "auto, always or never", choices=WHEN, default="auto")
    return made


def swept(asked: Arguments, arguments: tuple[str, ...] | None) -> Compat:
    """The sweep of every path, under the config of the first."""
    from lintune.cli.assume import canonical
    from lintune.engine.check import assumptions_of
    from lintune.surfaces.releases import known_packages

    packages = [canonical(name) for name in asked.package]
    for name in packages:
        if name not in known_packages():
            near = did_you_mean(name, known_packages())
            raise UsageError(f"--package: the releases of `{name}` are not known{near}; known are {', '.join(known_packages())}")
    said = Given(names_in(asked.select), names_in(asked.ignore), asked.gpu, tuple(asked.assume), asked.env, arguments)
    options = options_for(settings_for(asked.paths[0]), said)
    try:
        result = compat(asked.paths, options, assumptions_of(options), packages)
    except OptionError as problem:
        raise UsageError(str(problem)) from None
    unknown = [pin.package for pin in options.pins if pin.package not in known_packages()]
    meant = [(name, did_you_mean(name, known_packages())) for name in unknown] if asked.assume else []
    result.notes += [f"--assume: the releases of `{name}` are not known{text}" for name, text in meant if text]
    return result


def write(result: Compat, asked: Arguments) -> None:
    """Write the report in the format asked for."""
    if asked.format == "json":
        from lintune.report.compat_json import render_compat_json

        text = render_compat_json(result)
    else:
        from lintune.report.compat_text import render_compat
        from lintune.report.paint import Paint, paint_for

        text = render_compat(result, Paint(asked.color == "always") if asked.output else paint_for(asked.color, sys.stdout, os.environ))
    if not asked.output:
        sys.stdout.write(text)
        return
    try:
        with open(asked.output, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except OSError as problem:
        raise UsageError(f"--output: `{asked.output}` cannot be written: {problem.strerror or problem}") from None
