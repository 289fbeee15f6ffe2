"""`lintune schema NAME`: the JSON Schema of one of lintune's own files, or of a framework's configuration file."""

import sys
from collections.abc import Sequence

from lintune.cli.arguments import Parser
from lintune.cli.usage import INTERNAL, OK, UsageError, did_you_mean
from lintune.source.data import data_folder
from lintune.surfaces.config_formats import ConfigFormat, config_format, format_names
from lintune.surfaces.surface import SurfaceError
from lintune.values.version import Version

SCHEMAS = {
    "config": "lintune-config.schema.json",
    "check": "check-v1.schema.json",
    "show": "show-v1.schema.json",
    "memory": "memory-v1.schema.json",
    "plan": "plan-v1.schema.json",
    "compat": "compat-v1.schema.json",
}
"""The names of lintune's own formats, each with its file under `schemas/`."""


def main(words: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    asked = parser().parse(words)
    if not asked.names:
        raise UsageError(f"`lintune schema` takes a name: {_listed()}")
    name = asked.names[0]
    try:
        text = schema_text(name, asked.at)
    except SurfaceError as problem:
        sys.stderr.write(f"lintune: {problem}; reinstalling lintune brings it back\n")
        return INTERNAL
    sys.stdout.write(text)
    return OK


def parser() -> Parser:
    """The parser of `lintune schema`."""
    made = Parser(
        "schema",
        "NAME [--at VERSION]",
        "Print a JSON Schema (2020-12): of lintune's own formats (config: lintune.toml; the others: --format json of that command),\n"
        "or of a framework's YAML or JSON file, for editors and check-jsonschema.",
        f"names: {_listed()}\n\n"
        "  lintune schema axolotl > axolotl.schema.json\n  lintune schema trl-grpo --at 0.21.0,transformers==4.55.4\n",
    )
    made.words("names", limit=1)
    made.value("--at", "VERSION", "as this release reads it; the newest known otherwise")
    return made


def schema_text(name: str, at: str) -> str:
    """The schema of that name; `at`: the release, and after commas those of further packages."""
    if name in SCHEMAS:
        if at:
            raise UsageError(f"--at: `{name}` is lintune's own format, which has no releases of a package")
        return (data_folder("schemas") / SCHEMAS[name]).read_text(encoding="utf-8")
    form = config_format(name)
    if form is None:
        raise UsageError(f"there is no schema `{name}`{did_you_mean(name, [*SCHEMAS, *format_names()])}; there are {_listed()}")
    from json import dumps

    from lintune.surfaces.json_schema import config_schema

    version, others = releases_said(form, at)
    return dumps(config_schema(form, version, others), indent=1, ensure_ascii=False) + "\n"


def releases_said(form: ConfigFormat, at: str) -> tuple[Version, dict[str, Version]]:
    """The release of the package (`--at 0.9.5`, `--at llamafactory==0.9.5`), and those of others (`,transformers==4.55.4`)."""
    from lintune.surfaces.json_schema import known_releases

    version = known_releases(form)[-1]
    others: dict[str, Version] = {}
    for part in filter(None, (part.strip() for part in at.split(","))):
        package, same, text = part.partition("==")
        package, text = (package.strip(), text.strip()) if same else (form.package, part)
        if package == form.package:
            version = _known(form, text)
        else:
            others[package] = _released(package, text)
    return version, others


def _known(form: ConfigFormat, text: str) -> Version:
    """A release of the format's package, which is known if one of the same minor was read."""
    from lintune.surfaces.json_schema import known_releases
    from lintune.surfaces.releases import releases

    found, known = _parsed(form.package, text), known_releases(form)
    if found in releases(form.package) and found >= known[0]:
        return found
    raise UsageError(_unknown_release(form.package, found, [*releases(form.package), *known], known[0]))


def _released(package: str, text: str) -> Version:
    from lintune.surfaces.releases import known_packages, releases

    if package not in known_packages():
        near = did_you_mean(package, known_packages())
        raise UsageError(f"--at: the releases of `{package}` are not known{near}; known are {', '.join(known_packages())}")
    found = _parsed(package, text)
    if found not in releases(package):
        raise UsageError(_unknown_release(package, found, list(releases(package)), releases(package)[0]))
    return found


def _parsed(package: str, text: str) -> Version:
    try:
        return Version.parse(text)
    except ValueError:
        raise UsageError(f"--at: `{text}` is no release of {package}: write `--at 1.2.3` or `--at {package}==1.2.3`") from None


def _unknown_release(package: str, found: Version, known: list[Version], oldest: Version) -> str:
    """What is wrong with a release that is not known, and the known ones below and above it."""
    usable = sorted({version for version in known if version >= oldest})
    near = [*[str(version) for version in usable if version < found][-1:], *[str(version) for version in usable if version > found][:1]]
    return f"--at: {package} {found} is not a known release (nearest: {', '.join(near)}); known are {usable[0]} to {usable[-1]}"


def _listed() -> str:
    return ", ".join([*SCHEMAS, *format_names()])
