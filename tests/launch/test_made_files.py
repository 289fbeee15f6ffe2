"""Files that a script writes before a launch: whether they are there, and what they hold where that is known."""

import subprocess
from pathlib import Path

import pytest

from lintune.launch.evaluate import evaluate
from lintune.launch.launches import launches_in, made_before
from lintune.source.text import Source
from lintune.syntax.shell import parse_shell

LAUNCH = "python train.py --deepspeed"


def written(text: str, path: str) -> tuple[bool, str | None]:
    """Whether a file may be written before the last launch of a script, and what it holds (blanks around it off)."""
    script = Source("run.sh", text)
    (*_, launch) = launches_in(evaluate(parse_shell(script)).commands)
    found = made_before(launch, path)
    if found is None:
        return False, None
    source = found.source(path)
    if source is None:
        return True, None
    assert len(source.text) == len(text) and source.whole is script and source.name == path
    assert source.text.count("\n") == text.count("\n")
    return True, " ".join(source.text.split())


KNOWN = [
    ("cat > ds.json <<'EOF'\n{\"a\": 1}\nEOF", "ds.json", '{"a": 1}'),
    ('cat <<EOF > ds.json\n{"a": 1}\nEOF', "./ds.json", '{"a": 1}'),
    ("tee ds.json <<'EOF' >/dev/null\n{\"a\": 1}\nEOF", "ds.json", '{"a": 1}'),
    ("cat <<'EOF' | tee ds.json\n{\"a\": 1}\nEOF", "ds.json", '{"a": 1}'),
    ("echo '{\"a\": 1}' > ds.json", "ds.json", '{"a": 1}'),
    ("echo 'a: 1' > c.yaml\necho 'b: 2' >> c.yaml", "c.yaml", "a: 1 b: 2"),
    ("{\necho 'a: 1'\necho 'b: 2'\n} > c.yaml", "c.yaml", "a: 1 b: 2"),
    ("mkdir -p conf\ncd conf\ncat > ds.json <<'EOF'\n{}\nEOF\ncd ..", "conf/ds.json", "{}"),
    ("cat > /tmp/ds.json <<'EOF'\n{}\nEOF", "/tmp/ds.json", "{}"),
    ('STAGE=2\ncat > ds.json <<EOF\n{"stage": ${STAGE}}\nEOF', "ds.json", '{"stage": 2 }'),
    ("f() {\ncat > $1 <<'EOF'\n{}\nEOF\n}\nf ds.json", "ds.json", "{}"),
    ("echo 1 > ds.json\necho '{}' > ds.json", "ds.json", "{}"),
]


@pytest.mark.parametrize(("lines", "path", "held"), KNOWN)
def test_text_that_stands_in_the_script(lines: str, path: str, held: str) -> None:
    """The text keeps its places, so that what is wrong in it is shown in the script."""
    assert written(f"{lines}\n{LAUNCH} {path}\n", path) == (True, held)


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ('cat > ds.json <<EOF\n{"a": $UNSET}\nEOF', "ds.json"),
        ('LONG=stage_number\ncat > ds.json <<EOF\n{"a": $LONG}\nEOF', "ds.json"),
        ("echo 'a: 1' > c.yaml; echo 'b: 2' >> c.yaml", "c.yaml"),
        ("echo -e 'a: 1\\nb: 2' > c.yaml", "c.yaml"),
        ("cat base.json >> ds.json", "ds.json"),
        ("jq .a base.json > ds.json", "ds.json"),
        ("cp base.json ds.json", "ds.json"),
        ("wget -O ds.json https://example.org/ds.json", "ds.json"),
        ("python make.py --out=conf/ds.json", "conf/ds.json"),
        ("git clone https://example.org/repo conf", "conf/deep/ds.json"),
        ("cat > \"$DIR/ds.json\" <<'EOF'\n{}\nEOF", "conf/ds.json"),
        ("if [ -n \"$X\" ]; then\ncat > ds.json <<'EOF'\n{}\nEOF\nfi", "ds.json"),
        ("cat > ds.json <<'EOF'\n{}\nEOF\nif [ -n \"$X\" ]; then\necho '{}' > ds.json\nfi", "ds.json"),
        ("python a.py 2> ds.json", "ds.json"),
    ],
)
def test_text_that_is_not_known(lines: str, path: str) -> None:
    """It may be there, and that is all that can be said."""
    assert written(f"{lines}\n{LAUNCH} {path}\n", path) == (True, None)


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ("cat base.json", "ds.json"),
        ("mkdir -p conf", "conf/ds.json"),
        ("cat > other.json <<'EOF'\n{}\nEOF", "ds.json"),
        ("cat > conf/ds.json <<'EOF'\n{}\nEOF", "ds.json"),
        ("torchrun train.py --deepspeed ds.json", "ds.json"),
        ("ls ds.json\nrm -f ds.json", "ds.json"),
        ("echo ds.json", "ds.json"),
    ],
)
def test_files_that_nothing_writes(lines: str, path: str) -> None:
    """Naming a file, or reading it, makes none."""
    assert written(f"{lines}\n{LAUNCH} {path}\n", path) == (False, None)


@pytest.mark.parametrize(("lines", "path", "held"), [case for case in KNOWN if not case[1].startswith("/")])
def test_bash_writes_the_same(lines: str, path: str, held: str, tmp_path: Path) -> None:
    """Apart from blanks: a value may stand in more room than it needs."""
    subprocess.run(["bash", "-c", lines], cwd=tmp_path, check=True, capture_output=True, timeout=20)
    assert "".join((tmp_path / path).read_text().split()) == "".join(held.split())


def test_only_what_comes_before_counts() -> None:
    """A file that is written after the launch is not there yet."""
    text = f"{LAUNCH} ds.json\ncat > ds.json <<'EOF'\n{{}}\nEOF\n"
    (launch,) = launches_in(evaluate(parse_shell(Source("run.sh", text))).commands)
    assert made_before(launch, "ds.json") is None
