"""`compat --format json`: windows of releases, as data (`schemas/compat-v1.schema.json`)."""

import json
from collections.abc import Sequence

from lintune.engine.compat import Later, LaunchSweep, PackageSweep, ReleaseWindow, taken_as
from lintune.engine.compat_launches import Compat, ProjectPin
from lintune.engine.finding import Finding, Json, place_json
from lintune.values.version import Version

SCHEMA_VERSION = 1
"""Raised when a key changes its meaning or goes away; new keys leave it as it is."""


def compat_document(result: Compat) -> dict[str, Json]:
    """The document, as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "launches": [_launch(launch) for launch in result.launches],
        "common": [{name: _span(*window) for name, window in combination.items()} for combination in result.common],
        "pins": [_pin(pin) for pin in result.pins],
    }


def render_compat_json(result: Compat) -> str:
    """The document as text."""
    return json.dumps(compat_document(result), ensure_ascii=False, indent=2) + "\n"


def _launch(launch: LaunchSweep) -> dict[str, Json]:
    return {
        **place_json(launch.run.site),
        "framework": launch.run.framework or None,
        "always": _because(launch.always),
        "packages": [_package(package) for package in launch.packages],
    }


def _package(package: PackageSweep) -> dict[str, Json]:
    return {
        "name": package.name,
        "windows": [_window(window) for window in package.windows],
        "later": [_later(each) for each in package.later],
        "pinned": package.pin.specifiers.text if package.pin is not None else None,
        "pin_inside": package.pin_inside,
        "pin_taken_as": near.text if (near := taken_as(package.pin)) is not None else None,
    }


def _window(window: ReleaseWindow) -> dict[str, Json]:
    return {**_span(window.first, window.last), "starts": window.starts, "because": _because(window.because)}


def _later(each: Later) -> dict[str, Json]:
    return {**_span(each.first, each.last), **_reason(each.finding)}


def _because(findings: Sequence[Finding]) -> list[Json]:
    return [_reason(finding) for finding in findings]


def _reason(finding: Finding) -> dict[str, Json]:
    locations: list[Json] = [location.to_json() for location in finding.locations]
    return {"name": finding.name, "code": finding.code, "message": finding.message, "stage": finding.stage, "locations": locations}


def _span(first: Version, last: Version) -> dict[str, Json]:
    return {"from": first.text, "to": last.text}


def _pin(pin: ProjectPin) -> dict[str, Json]:
    return {
        "package": pin.package,
        "specifier": pin.specifier,
        **place_json(pin.site),
        "inside": pin.inside,
        "in_force": pin.in_force,
    }
