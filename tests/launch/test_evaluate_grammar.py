"""Launch scripts from a grammar, run under the real bash: the same calls, word by word."""

import os
import shutil
import tempfile
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.launch.test_evaluate_bash import agreement, sandbox  # noqa: F401 -- fixtures

pytestmark = pytest.mark.skipif(shutil.which("bash") is None and "CI" not in os.environ, reason="bash is not here; in CI that is an error")

NAMES = st.sampled_from(["A", "B", "MODEL", "ARGS", "lr_1"])
TEXT = st.text(st.sampled_from("ab1./-_=,:%+"), min_size=1, max_size=5)
SPACED = st.lists(TEXT, min_size=0, max_size=4).map(" ".join)
PATTERN = st.sampled_from(["*/", "a", "?", "[ab]*", "*.", "/*", "-*", "1", "*[.]*", ".", "b?"])
PARAMETER = st.one_of(
    NAMES.map("${}".format).map(lambda text: "$" + text[1:]),
    NAMES.map(lambda name: f"${{{name}}}"),
    st.tuples(NAMES, st.sampled_from([":-", "-", ":+", "+"]), TEXT).map(lambda t: f"${{{t[0]}{t[1]}{t[2]}}}"),
    st.tuples(NAMES, st.sampled_from(["#", "##", "%", "%%"]), PATTERN).map(lambda t: f"${{{t[0]}{t[1]}{t[2]}}}"),
    st.tuples(
        NAMES, st.sampled_from(["/", "//", "/#", "/%"]), st.sampled_from(["a", "[b1]", "?", "-*"]), TEXT.map(lambda x: x.replace("/", ""))
    ).map(lambda t: f"${{{t[0]}{t[1]}{t[2]}/{t[3]}}}"),
    st.tuples(NAMES, st.sampled_from(["^^", ",,", "^", ",", ":1", ":0:2", ": -1", ":1:-1"])).map(lambda t: f"${{{t[0]}{t[1]}}}"),
    NAMES.map(lambda name: f"${{#{name}}}"),
    st.sampled_from(["${L[@]}", "${L[0]}", "${#L[@]}", "${L[*]}", "${L[@]:1}", "$#", "$1", "$@", "$((I+2))", "$((I*3%2))", "$(echo x y)"]),
)
PART = st.one_of(
    TEXT,
    SPACED.map(lambda text: f"'{text}'"),
    st.lists(st.one_of(TEXT, PARAMETER, st.just(" "), st.sampled_from(["\\$", '\\"', "\\\\"])), max_size=4).map(
        lambda parts: '"' + "".join(parts) + '"'
    ),
    PARAMETER,
    st.sampled_from(["\\ ", "\\'", "{a,b}", "{1..3}"]),
)
WORD = st.lists(PART, min_size=1, max_size=3).map("".join)
ARRAY = st.lists(WORD, max_size=4).map(" ".join)
GAP = st.sampled_from([" ", "  ", " \\\n  "])


def _command(words: list[str], gap: str) -> str:
    return "run" + "".join(gap + word for word in words) + "\n"


STATEMENT = st.one_of(
    st.builds(_command, st.lists(WORD, max_size=4), GAP),
    st.tuples(NAMES, st.sampled_from(["=", "+="]), WORD).map(lambda t: f"{t[0]}{t[1]}{t[2]}\n"),
    ARRAY.map(lambda text: f"L=({text})\n"),
    ARRAY.map(lambda text: f"L+=({text})\n"),
    st.tuples(NAMES, WORD).map(lambda t: f"export {t[0]}={t[1]}\n"),
    st.lists(st.one_of(TEXT, PARAMETER, PARAMETER.map('"{}"'.format)), max_size=4).map(
        lambda words: f"bash -c 'run {' '.join(words)}' zero 'o n e'\n"
    ),
    st.tuples(WORD, WORD).map(lambda t: f'for v in {t[0]} {t[1]}; do run "$v"; done\n'),
    st.tuples(WORD, PATTERN, WORD).map(
        lambda t: f'case "{t[0] if chr(34) not in t[0] else "a"}" in {t[1]}) run 1;; *) run {t[2]};; esac\n'
    ),
    st.tuples(NAMES, TEXT).map(lambda t: f'if [ "${t[0]}" = "{t[1]}" ]; then run yes; else run no; fi\n'),
    st.tuples(NAMES, PATTERN).map(lambda t: f"[[ ${t[0]} == {t[1]} ]] && run matched\n"),
    st.tuples(NAMES, WORD).map(lambda t: f"{t[0]}={t[1]} run prefixed\n"),
    st.lists(WORD, max_size=3).map(lambda words: "set -- " + " ".join(words) + "\n"),
    st.just("((I+=2))\n"),
)
START = "I=1 A='a b' B= MODEL=org/a-b.1 ARGS='--a 1  --b=2' lr_1=1e-5 L=(x 'y z')\n"
SCRIPTS = st.lists(STATEMENT, min_size=1, max_size=8).map(lambda parts: START + "".join(parts))


@settings(max_examples=60, deadline=None)
@given(script=SCRIPTS)
def test_scripts_of_the_grammar(script: str, agreement: ModuleType, sandbox: object) -> None:  # noqa: F811
    folder = Path(tempfile.mkdtemp(dir=sandbox.root))
    (folder / "script.sh").write_text(script)
    commands = agreement.foreseen(folder, "script.sh", ("one",))
    calls, _ = sandbox.run(folder, "script.sh", ("one",))
    verdict = agreement.compare("script.sh", commands, calls, None)
    assert verdict.agrees and not verdict.notes, (script, verdict.notes)
