"""Message templates and their filters."""

import pytest

from lintune.engine.template import TemplateError, parse_template, plain, render, render_known, template_names
from lintune.values.value import Absent, Known, Unknown, Value

VALUES: dict[str, Value] = {
    "flag.on": Known(True),
    "optim.lr": Known(2e-05),
    "memory.floor_bytes": Known(int(21.3 * 2**30)),
    "derived.trainable_percent": Known(0.6183),
    "derived.total_params": Known(8_099_175_664),
    "flag.choices": Known(("a", "b")),
    "flag.hostile": Known("x\n\x1b[31m" + "y" * 500),
    "flag.unknown": Unknown("no"),
}


def shown(text: str) -> str:
    return render(parse_template(text), lambda name: VALUES.get(name, Absent()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", "plain text"),
        ("`{flag.on}` {optim.lr}", "`true` 2e-5"),
        ("{memory.floor_bytes|gib}", "21.3 GiB"),
        ("{derived.trainable_percent|percent}", "0.62 %"),
        ("{derived.total_params|count}", "8.1 B"),
        ("{flag.choices} {flag.choices|list}", "a, b `a`, `b`"),
        ("{flag.unknown} {flag.missing}", "unknown unknown"),
        ("${{NAME}}", "${NAME}"),
        ('{"stage": {"a": 2}} {flag.on}', '{"stage": {"a": 2}} true'),
        ("{flag.unknown|gib}", "unknown"),
    ],
)
def test_rendering(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_values_of_untrusted_files_are_one_short_printable_line() -> None:
    text = shown("{flag.hostile}")
    assert len(text) == 200 and text.isprintable() and text.endswith("...")


@pytest.mark.parametrize("text", ["{flag.x", "a } b", "{}", "{flag x}", "{flag.x|nope}", "{flag.x!r}", "{flag.x:>9}", "{flag.x[0]}"])
def test_what_is_no_template(text: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(text)


def test_a_cost_drops_what_is_not_known() -> None:
    template = parse_template("{derived.trainable_percent|percent} trainable, at least {flag.unknown|gib} per GPU, no merge")
    assert render_known(template, lambda name: VALUES.get(name, Absent())) == "0.62 % trainable, no merge"
    assert template_names(template) == ("derived.trainable_percent", "flag.unknown")


def test_numbers_are_written_as_people_write_them() -> None:
    assert [plain(value) for value in (1e-05, 0.03, 1.0, 1536, None, (1, 2.5))] == ["1e-5", "0.03", "1", "1536", "none", "1, 2.5"]
