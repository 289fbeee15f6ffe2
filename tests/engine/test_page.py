"""Reading rule pages: what a page says, and exact errors for one that says it wrongly."""

import pytest

from lintune.engine.example import Mark, read_examples
from lintune.engine.page import Page, PageError, PageWay, read_page

FRONT = """code: TUN900
severity: error
when: flag.a and flag.b
message: "both"
evidence: ["a repository@0abc file.py f()"]
"""


def page(front: str = FRONT, body: str = "# a-rule\n\nA claim\nin two lines.\n", path: str = "tuning/a-rule.md") -> Page:
    return read_page(f"---\n{front}---\n{body}", path, "tuning")


def test_a_page_with_its_defaults() -> None:
    read = page()
    assert (read.name, read.family, read.code, read.confidence, read.subject) == ("a-rule", "tuning", "TUN900", "certain", "launch")
    assert read.claim == "A claim in two lines."
    assert read.lines["when"] == 4
    assert read.body_line == 8


def test_targets_ways_and_versions() -> None:
    read = page(
        FRONT
        + 'at:\n  - flag.a: "here"\n  - guard(a, b): "raises"\n  - item\nversions: {transformers: ">=4.51"}\n'
        + 'ways:\n  - title: "keep a"\n    set: {flag.b: false}\n    cost: "{memory.floor_bytes|gib}"\n  - title: "ask"\n'
    )
    assert read.at == (("flag.a", "here"), ("guard(a, b)", "raises"), ("item", ""))
    assert read.versions == (("transformers", ">=4.51"),)
    assert read.ways == (PageWay("keep a", (("flag.b", False),), "{memory.floor_bytes|gib}", "unsafe"), PageWay("ask", (), "", "display"))


@pytest.mark.parametrize(
    ("front", "message"),
    [
        (FRONT.replace("error", "fatal"), "tuning/a-rule.md:3: `severity`: `fatal` is none of error, warning, info"),
        (FRONT + "sevrity: x\n", "tuning/a-rule.md:7: `sevrity` is not a key of a page; did you mean `severity`?"),
        (FRONT.replace("code: TUN900\n", ""), "tuning/a-rule.md:1: `code` is missing"),
        (FRONT.replace("TUN900", "tun"), "tuning/a-rule.md:2: `code`: `tun` is not letters and a number, such as `TUN001`"),
        (FRONT + "code: TUN901\n", "tuning/a-rule.md:7: `code` is written twice"),
        (FRONT + "check: lintune.x:y\n", "tuning/a-rule.md:7: a page has either `when` (or `for`) or `check`"),
        (FRONT + "frameworks: {a: b}\n", "tuning/a-rule.md:7: `frameworks`: a list of texts is expected"),
        (FRONT + "at: 3\n", 'tuning/a-rule.md:7: `at`: a list of targets is expected, each `name` or `name: "label"`'),
        (FRONT + "ways: [{title: x, sett: {}}]\n", "tuning/a-rule.md:7: `ways`: `sett` is not a key of a way"),
        (FRONT + "versions: [x]\n", 'tuning/a-rule.md:7: `versions`: packages and windows are expected: {transformers: ">=4.51"}'),
        (FRONT + "help: [\n", "tuning/a-rule.md:8: not YAML: "),
        ("- a\n", "tuning/a-rule.md:2: the front matter is not a mapping"),
        (FRONT + "help: &a x\neffect: *a\n", "tuning/a-rule.md:1: YAML aliases are not allowed in a page"),
        (FRONT.replace('["a repository@0abc file.py f()"]', "[]"), "tuning/a-rule.md:6: `evidence`: a claim needs evidence"),
    ],
)
def test_errors_name_the_line(front: str, message: str) -> None:
    with pytest.raises(PageError) as caught:
        page(front)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "text", ["", "# no front matter\n", "---\ncode: X1\n", "---\n" + "a: b\n" * 9000 + "---\n", "---\n---\n" + "x" * 70_000]
)
def test_what_is_not_a_page(text: str) -> None:
    with pytest.raises(PageError):
        read_page(text, "a/b.md", "a")


def test_a_name_is_lower_case_words() -> None:
    with pytest.raises(PageError, match="lower case words"):
        page(path="tuning/A_rule.md")


BODY = """# a-rule

## Files

```python train.py
x = 1   # not a mark
```

## Example

```sh run.sh
torchrun train.py \\   # error: a-rule, b-rule
    --x 1 \\␠   # warning: c-rule   # info: d-rule
```

```args
--assume 'transformers==4.51.2' --gpu 2xA100
```

```text
no file
```

## Fix

````md README.md
```sh inner.sh
```
````
"""


def test_examples_are_folders_with_marks() -> None:
    example, fix = read_examples(page(body=BODY))
    assert example.heading == "Example" and set(example.files) == {"train.py", "run.sh"}
    assert example.files["run.sh"] == "torchrun train.py \\\n    --x 1 \\ \n"
    assert example.files["train.py"] == "x = 1   # not a mark\n"
    assert sorted(example.marks) == [
        Mark("run.sh", 1, "error", "a-rule"),
        Mark("run.sh", 1, "error", "b-rule"),
        Mark("run.sh", 2, "info", "d-rule"),
        Mark("run.sh", 2, "warning", "c-rule"),
    ]
    assert example.arguments == ["--assume", "transformers==4.51.2", "--gpu", "2xA100"]
    assert example.targets() == ["run.sh"]
    assert fix.silent and set(fix.files) == {"train.py", "README.md"}


@pytest.mark.parametrize("block", ["```sh a.sh\nx\n", "```sh a.sh\n```\n```sh a.sh\n```\n", "```sh ../a.sh\n```\n", "```sh /a.sh\n```\n"])
def test_bad_blocks(block: str) -> None:
    with pytest.raises(PageError):
        read_examples(page(body=f"# a-rule\n## E\n{block}"))
