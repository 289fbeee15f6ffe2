"""Whatever a script holds, the walk ends after a bounded number of steps and says what it could not follow."""

import resource
import sys
import warnings
from collections.abc import Iterator
from textwrap import dedent

import pytest

from lintune.scripts.entry import read_entry_script
from lintune.scripts.walk.trace import ScriptTrace, walk_script
from lintune.scripts.walk.walker import MOST_STEPS, Walk
from lintune.source.text import Source
from lintune.values.value import Known, Unknown, Value

_MOST_MEMORY = 3_000_000_000
_PARSED = "args = parser.parse_args()"
_PARTLY = "args, _ = parser.parse_known_args()"
_HEAD = """
import argparse
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=3)
    args = parser.parse_args()
"""


@pytest.fixture(autouse=True)
def _bounded_memory() -> Iterator[None]:
    """What would grow without end fails here instead of taking the machine with it."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def walk(files: dict[str, str] | str) -> ScriptTrace:
    """The walk of a project given as texts by path, or as the text of its only file."""
    texts = {"train.py": files} if isinstance(files, str) else files
    sources = {path: Source(path, dedent(text)) for path, text in texts.items()}

    def option(name: str) -> Value:
        return Known(3) if name == "n" else Unknown("no such option")

    return walk_script(read_entry_script(sources["train.py"], sources.get), option)


def certain(trace: ScriptTrace) -> list[tuple[str, int]]:
    return [(end.exception, end.site.line) for end in trace.ends if end.certain]


def body(lines: str) -> str:
    """A script whose main holds some lines."""
    return _HEAD + "".join(f"    {line}\n" for line in dedent(lines).strip().splitlines()) + "main()\n"


@pytest.mark.parametrize(
    "text",
    [
        "def main(:\n    pass\n",
        "print 'two'\nexec 'code'\n",
        "raise ValueError, 'two'\n",
        "except:\n",
        "\x00\x01binary",
        "x = 1\n\x00\nraise ValueError('after a NUL')\n",
        "if True:\nraise ValueError('indentation')\n",
        "\tif 1:\n        x\n",
        "x = '''never closed",
        "(" * 300 + ")" * 300,
        "x = " + "-" * 5000 + "1\n",
        "",
        "#" * 10_000,
        "\ufeffraise ValueError('after a mark')\n",
        "def f():\n    return\nyield 1\n",
        "return 1\n",
        "break\n",
        "await x\n",
        "nonlocal x\n",
        "lambda: (yield)\n",
        "a = b = c = d = *e, = [1]\n",
    ],
)
def test_texts_that_are_no_program(text: str) -> None:
    trace = walk(text)
    assert trace.reaches_training is not True
    assert all(end.certain is False or end.message in ("after a mark",) for end in trace.ends)


def test_a_script_that_does_not_parse_says_so() -> None:
    assert [note.kind for note in walk("def main(:\n").notes] == ["python-syntax"]


RECURSION = {
    "itself": "def f(n):\n    return f(n + 1)\n",
    "mutual": "def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\n",
    "doubling": "def f(n):\n    return f(n + 1) + f(n + 2)\n",
    "through a class": "class A:\n    def __init__(self, n):\n        self.next = A(n + 1)\ndef f(n):\n    return A(n)\n",
    "through a property": "class A:\n    @property\n    def p(self):\n        return self.p\ndef f(n):\n    return A().p\n",
    "through getattr": "class A:\n    def __getattr__(self, name):\n        return getattr(self, name + 'x')\n"
    "def f(n):\n    return A().b\n",
    "through a list": "xs = []\nxs.append(xs)\ndef f(n):\n    return str(xs) + repr(sorted(xs))\n",
    "through a dictionary": "d = {}\nd['d'] = d\ndef f(n):\n    return dict(d, **d) == d\n",
    "through a default": "def f(n, g=lambda h: h(h)):\n    return g(g)\n",
    "a loop without end": "def f(n):\n    while True:\n        n += 1\n",
    "a loop that grows": "def f(n):\n    xs = [1]\n    for x in xs:\n        xs.append(x)\n",
    "a generator without end": "def numbers():\n    while True:\n        yield 1\ndef f(n):\n    for x in numbers():\n        n += x\n",
    "powers": "def f(n):\n    return 10 ** 10 ** 10 ** n\n",
    "shifts": "def f(n):\n    return 1 << (1 << 40)\n",
    "long text": "def f(n):\n    return 'x' * 10 ** 12\n",
    "long list": "def f(n):\n    return [0] * 10 ** 12\n",
    "wide range": "def f(n):\n    return sum(range(10 ** 15)) + len(list(range(10 ** 12)))\n",
    "doubling text": "def f(n):\n    s = 'x'\n    for i in range(60):\n        s = s + s\n    return s\n",
    "doubling list": "def f(n):\n    s = [1]\n    for i in range(60):\n        s = s + s\n    return s\n",
    "doubling tables": "def f(n):\n    d = {}\n    for i in range(60):\n        d = {'a': d, 'b': d}\n    return str(d)\n",
    "nested loops": "def f(n):\n    for a in range(200):\n        for b in range(200):\n"
    "            for c in range(200):\n                n += 1\n",
    "wide format": "def f(n):\n    return f'{n:1000000000}' + '%1000000000d' % n + 'x'.ljust(10 ** 10)\n",
    "slow pattern": "import re\ndef f(n):\n    return re.match('(a+)+$', 'a' * 40 + 'b')\n",
    "base of itself": "class A(A):\n    pass\ndef f(n):\n    return A().x\n",
    "bases in a ring": "class A(B):\n    pass\nclass B(A):\n    pass\ndef f(n):\n    return B().x\n",
}


@pytest.mark.parametrize("name", RECURSION)
def test_what_never_ends_is_left(name: str) -> None:
    trace = walk(RECURSION[name] + body("f(args.n)\nraise ValueError('after')"))
    assert not [
        end for end in trace.ends if end.certain and end.exception not in ("ValueError", "RecursionError", "TypeError", "NameError")
    ]


def test_steps_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    step = Walk.step

    def counted(self: Walk) -> None:
        steps.append(1)
        step(self)

    monkeypatch.setattr(Walk, "step", counted)
    trace = walk(RECURSION["nested loops"] + body("f(args.n)"))
    assert len(steps) <= MOST_STEPS + 1
    assert trace.reaches_training is not True


DEPTH = {
    "ifs": "".join(" " * (4 + n) + f"if args.n != {n + 10}:\n" for n in range(90)) + " " * 94 + "raise ValueError('deep')\n",
    "calls": "    x = " + "f(" * 90 + "args.n" + ")" * 90 + "\n",
    "sums": "    x = " + " + ".join(["args.n"] * 3000) + "\n",
    "attributes": "    x = args" + ".n" * 3000 + "\n",
    "lists": "    x = " + "[" * 90 + "]" * 90 + "\n",
    "comparisons": "    x = " + " < ".join(["args.n"] * 2000) + "\n",
    "ternaries": "    x = " + "1 if args.n else " * 900 + "2\n",
    "elifs": "    if args.n == -1:\n        pass\n" + "".join(f"    elif args.n == {n + 10}:\n        pass\n" for n in range(900)),
    "strings": "    x = " + " ".join(["'a'"] * 5000) + "\n",
    "f-strings": "    x = f'" + "{args.n}" * 5000 + "'\n",
}


@pytest.mark.parametrize("name", DEPTH)
def test_deep_and_long_expressions(name: str) -> None:
    before = sys.getrecursionlimit()
    trace = walk(_HEAD + DEPTH[name] + "    raise ValueError('after')\nmain()\n")
    assert sys.getrecursionlimit() == before
    assert {exception for exception, _ in certain(trace)} <= {"ValueError", "AttributeError"}


def test_mutual_imports_and_stars() -> None:
    files = {
        "train.py": "from one import *\nfrom two import *\nfrom missing import *\nimport one\n" + body("check(args.n)"),
        "one.py": "from two import *\nimport train\ndef check(n):\n    if n == LIMIT:\n        raise ValueError('limit')\n",
        "two.py": "from one import *\nfrom two import *\nLIMIT = 3\n",
    }
    trace = walk(files)
    assert {exception for exception, _ in certain(trace)} <= {"ValueError", "ImportError"}


def test_a_package_that_imports_itself_in_parts() -> None:
    files = {
        "train.py": "import pack.a\nfrom pack import b\n" + body("pack.a.run(args.n)"),
        "pack/__init__.py": "from . import a, b\nfrom .a import *\n",
        "pack/a.py": "from .b import limit\nfrom . import b as again\n"
        "def run(n):\n    if n >= again.limit():\n        raise ValueError('limit')\n",
        "pack/b.py": "from . import a\ndef limit():\n    return 3\n",
    }
    assert certain(walk(files)) == [("ValueError", 5)]


def test_generated_files_of_20000_lines() -> None:
    lines = "".join(f"    if args.n == {n + 100}:\n        raise ValueError('n is {n}')\n" for n in range(10_000))
    trace = walk(_HEAD + lines + "    raise KeyError('end')\nmain()\n")
    assert {exception for exception, _ in certain(trace)} <= {"KeyError"}
    assert certain(trace) or trace.notes


def test_functions_by_the_thousand() -> None:
    text = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n" for n in range(6000)) + "def f6000(x):\n    raise ValueError('end')\n"
    trace = walk(text + body("f0(args.n)"))
    assert {exception for exception, _ in certain(trace)} <= {"ValueError", "RecursionError"}
    assert trace.notes or certain(trace) or trace.ends


def test_a_huge_table() -> None:
    table = "TABLE = {" + ", ".join(f"'key{n}': {n}" for n in range(30_000)) + "}\n"
    trace = walk(table + body("if args.n not in TABLE.values():\n    raise ValueError('missing')\nTABLE['none']"))
    assert certain(trace) in ([("KeyError", 10)], [])


def test_many_branches_that_are_not_known() -> None:
    lines = "".join(f"    if args.m{n}:\n        x{n} = 1\n    else:\n        x{n} = 2\n" for n in range(300))
    trace = walk(_HEAD.replace(_PARSED, _PARTLY) + lines + "    raise ValueError(x1)\nmain()\n")
    assert {exception for exception, _ in certain(trace)} <= {"ValueError", "AttributeError"}


def test_nested_unknown_loops_and_tries() -> None:
    lines, depth = "", 1
    for n in range(30):
        lines += "    " * depth + f"for x{n} in args.items{n}:\n" + "    " * (depth + 1) + "try:\n"
        depth += 2
    lines += "    " * depth + "raise ValueError('inner')\n"
    for _ in range(30):
        depth -= 2
        lines += "    " * (depth + 1) + "except KeyError:\n" + "    " * (depth + 2) + "continue\n"
    trace = walk(_HEAD.replace(_PARSED, _PARTLY) + lines + "main()\n")
    assert {exception for exception, _ in certain(trace)} <= {"AttributeError"}


@pytest.mark.parametrize(
    "line",
    [
        "globals()['x'] = 1; locals().update(a=2); vars()['b'] = 3",
        "exec('raise KeyError(1)')",
        "eval('1 +')",
        "__import__('os').system('false')",
        "type('T', (), {})().x",
        "(lambda *a, **k: a[0])(*[], **{})",
        "x: int",
        "del args.n, args",
        "[*range(3)], {**{}}, {*()}",
        "print(*args, **args)",
        "async def g(): await g(); async for i in g(): pass",
        "args.n.real.imag.numerator.foo",
        "args[0][1:2, ...] = args",
        "(yield)",
        "args = args or args and not args",
        "super().x; super(A, args).y",
        "class A(args, metaclass=args): x = args.n",
        "match args:\n    case {'n': 3, **rest}: pass\n    case Point(x=0, y=[_, *_]): pass",
        "global n; n = 1; assert n == 1",
        "import os, sys, re as r, os.path as p, a.b.c, a.b.c as d",
        "for args.n in range(3): pass",
        "with args as args.n, args() as (a, *b): pass",
        "a, (b, *c), d.e, f[0] = args",
        "x = (y := (z := args.n))",
        "assert (args.n, 'always true')",
        "raise",
        "raise args from args",
        "raise 3",
        "try: raise\nexcept* ValueError: pass" if sys.version_info >= (3, 11) else "pass",
        "@args\ndef f(a, /, b=args, *, c, **d) -> args: return f",
        "f'{args!r:>{args.n}} {{}} {args=}'",
        "b'x' + 'y'; 'x' * -1; 'x' % (); 1 / 0; [] < 3; -'a'; ~1.5; {}[[]]",
        "int('x'); float(None); len(3); max([]); min(); sum(['a']); dict([1]); range(0, 1, 0); 'a'.join([1]); 'x'.encode('?')",
        "sorted([1, 'a']); list(3); str(b'x', 'bad'); chr(-1); ord('ab'); round('x')",
        "divmod(1, 0); pow(0, -1); isinstance(1, 2); zip(1); open(3)",
    ],
)
def test_odd_statements(line: str) -> None:
    text = body(line + "\nraise ValueError('after')")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "train.py", "exec")
    except SyntaxError:
        assert not certain(walk(text))
        return
    walk(text)
