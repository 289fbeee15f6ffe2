"""The walk as an interpreter: what Python does with objects, exceptions, loops and containers."""

import pytest

from tests.scripts.walk.test_walk import certain, walk


def branches(body: str, **options: object) -> dict[str, bool | None]:
    """How the conditions of a script come out."""
    return {branch.text: branch.taken for branch in walk(body, **options).branches}


@pytest.mark.parametrize(
    ("body", "end"),
    [
        ("try:\n    raise LookupError(args.mode)\nexcept LookupError as error:\n    raise", "LookupError: slow"),
        ("try:\n    raise LookupError('x')\nexcept LookupError as error:\n    raise ValueError(f'{error}') from error", "ValueError: x"),
        ("try:\n    n = int('4')\nexcept ValueError:\n    n = 0\nif n == 4: raise ValueError('four')", "ValueError: four"),
        ("n = 3\nwhile n > 0:\n    n -= 1\nelse:\n    n = 9\nif n == 9: raise ValueError('nine')", "ValueError: nine"),
        ("def f(n): return 1 if n < 2 else n * f(n - 1)\nif f(5) == 120: raise ValueError('120')", "ValueError: 120"),
        ("def g():\n    yield from (1, 2)\nif list(g()) == [1, 2]: raise ValueError('g')", "ValueError: g"),
        (
            "def g(n):\n    for i in range(n):\n        yield i\nt = 0\nfor i in g(3): t += i\nassert t != 3, 'three'",
            "AssertionError: three",
        ),
        ("names = ['a', 'a']\nif len(set(names)) != len(names): raise ValueError('twice')", "ValueError: twice"),
        ("if {'a', 'b'} - {'a': 1}.keys(): raise ValueError('more')", "ValueError: more"),
        ("match ['lora', '4']:\n    case ['lora', rank] if rank.isdigit(): raise ValueError(f'{rank}')", "ValueError: 4"),
        ("match {'a': 1, 'b': 2}:\n    case {'a': int() as n, **rest} if rest: raise ValueError(f'{n} {rest}')", "ValueError: 1 {'b': 2}"),
        ("import re\nif not re.fullmatch(r'f(a)st', args.mode): raise ValueError(re.sub(r'l.', '*', args.mode))", "ValueError: s*w"),
        ("import os\nif os.path.splitext('a/b.csv')[1] == '.csv': raise ValueError('csv')", "ValueError: csv"),
        ("from pathlib import Path\nif (Path('a') / 'b.csv').suffix == '.csv': raise ValueError('csv')", "ValueError: csv"),
        ("from collections import defaultdict\nd = defaultdict(int)\nd['x'] += 2\nif d['x'] == 2: raise ValueError('d')", "ValueError: d"),
        ("if any(map(lambda x: x > 1, [1, args.layers])): raise ValueError('map')", "ValueError: map"),
        ("raise ValueError(f'{args.layers:03d} {args.mode!r:>7} {3.14159:.2f}')", "ValueError: 002  'slow' 3.14"),
        ("raise ValueError('{} {m:>5}'.format(1, m=args.mode))", "ValueError: 1  slow"),
        ("x = 5\nt = [x for x in (1, 2)]\nif x == 5: raise ValueError('five')", "ValueError: five"),
        ("class A:\n    seen = []\n    def __init__(self): A.seen.append(1)\nA()\nif A.seen: raise ValueError('seen')", "ValueError: seen"),
        (
            "class P:\n    def __init_subclass__(cls): FOUND.append(cls)\nFOUND = []\nclass Q(P): pass\nif FOUND: raise ValueError('q')",
            "ValueError: q",
        ),
        ("class B:\n    def __len__(self): return 0\nif not B(): raise ValueError('empty')", "ValueError: empty"),
        ("class B:\n    def __contains__(self, x): return x == 2\nif args.layers in B(): raise ValueError('in')", "ValueError: in"),
        ("class B:\n    def __getattr__(self, name): raise AttributeError(name)\nB().x", "AttributeError: x"),
        (
            "class B:\n    def __exit__(self, *e): return True\n    def __enter__(self): pass\nwith B():\n"
            "    raise KeyError('x')\nraise ValueError('on')",
            "ValueError: on",
        ),
        (
            "from contextlib import contextmanager\n@contextmanager\ndef c():\n    try: yield 1\n"
            "    except KeyError as e: raise ValueError('c')\nwith c():\n    raise KeyError('x')",
            "ValueError: c",
        ),
        (
            "from dataclasses import replace\nprobe = replace(args, layers=7)\nif probe.layers > args.layers: raise ValueError('7')",
            "ValueError: 7",
        ),
    ],
)  # fmt: skip
def test_an_end_that_options_decide_is_certain(body: str, end: str) -> None:
    assert certain(walk(body)) == [end]


ENUM = """
from enum import Enum
class Mode(str, Enum):
    SLOW = "slow"
    FAST = "fast"
class Level(Enum):
    LOW = 1
    HIGH = 2
"""


@pytest.mark.parametrize(
    ("body", "end"),
    [
        ("if args.mode == Mode.SLOW: raise ValueError('slow')", "ValueError: slow"),
        ("if Mode(args.mode) is Mode.SLOW: raise ValueError(Mode.SLOW.value)", "ValueError: slow"),
        ("Mode('other')", "ValueError: 'other' is not a valid Mode"),
        ("Level[args.mode]", "KeyError: 'slow'"),
        ("if {Level.LOW: 'a'}.get(Level(1)) == 'a': raise ValueError('a')", "ValueError: a"),
        ("if [each.name for each in Level] == ['LOW', 'HIGH']: raise ValueError('names')", "ValueError: names"),
        ("if Level.LOW not in (Level.HIGH,): raise ValueError(f'{Level.LOW!s}')", "ValueError: Level.LOW"),
    ],
)
def test_members_of_enumerations(body: str, end: str) -> None:
    assert certain(walk(ENUM + body)) == [end]


def test_what_an_option_of_an_enumeration_is_stays_open() -> None:
    assert branches(ENUM + "if args.mode is Mode.SLOW: x = 1\nif isinstance(args.mode, Mode): x = 2") == {
        "args.mode is Mode.SLOW": None,
        "isinstance(args.mode, Mode)": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        # the first raise is perhaps caught, and goes on as what it was
        "try:\n    if args.name: raise LookupError('a')\nexcept LookupError:\n    raise\nraise KeyError('b')",
        # the exit is not reached where the first raise was caught
        "import sys\ntry:\n    if args.name: raise KeyError('a')\n    sys.exit('b')\nexcept KeyError: pass\nraise ValueError('c')",
        # what a loop did before it was left by a raise
        "n = -2\ntry:\n    for n in sorted(args.name)[:3]:\n        raise KeyError('x')\n    raise SystemExit('y')\n"
        "except LookupError: pass\nif n == 4: raise ValueError('z')",
        # `else` is for the way on which nothing was raised
        "n = 0\ntry: open(args.name)\nexcept OSError: pass\nelse: n = 1\nif n == 1: raise ValueError('z')",
        # the state in which `finally` finds things
        "n = 0\ntry:\n    open(args.name)\n    n = 1\nfinally:\n    if n == 1: raise ValueError('z')",
        "from contextlib import suppress\nn = 0\nwith suppress(TypeError):\n    args.name > 1\n    n = 1\nif n == 1: raise ValueError('z')",
        # turns after a loop was perhaps left
        "for n in (0, 1):\n    if n == 1: raise ValueError('z')\n    if args.name: break",
        # the order of a set
        "last = ''\nfor each in {'a', 'b'}: last = each\nif last == 'b': raise ValueError('z')",
        "if ','.join({'a', 'b'}) == 'a,b': raise ValueError('z')",
        # two lists of which one was changed on the other way
        "one = []\ntwo = one\nif args.name: two += [1]\nelse: two = sorted(one)\nif not two: raise ValueError('z')",
        # a list under a name that may be another's
        "one = [3, 1]\ntwo = one\nif args.name: two = [5]\ntwo.sort()\nif one == [3, 1]: raise ValueError('z')",
        # what else may be in a set
        "if len({args.name, 'a'}) == 2: raise ValueError('z')",
        # an unknown pattern, and one that takes long
        "import re\nif re.match(args.name, 'x'): raise ValueError('z')",
        "import re\nif not re.match(r'(a+)+$', 'a' * 60 + 'b'): raise ValueError('z')",
    ],
)  # fmt: skip
def test_what_depends_on_something_unknown_is_not_certain(body: str) -> None:
    assert [end for end in certain(walk(body, name=...)) if not end.startswith(("KeyError: b", "ValueError: c"))] == []


def test_a_possible_end_that_is_reached_more_than_once_tells_what_is_the_same() -> None:
    ends = walk("for n in (1, 2):\n    if n == args.name: raise ValueError(f'n {n}')", name=...).ends
    assert [(end.message, end.certain) for end in ends] == [("...", False)]


def test_imports_in_a_circle_end() -> None:
    files = {"pack/__init__.py": "from .checks import *\n", "pack/checks.py": "from . import limits\n", "pack/limits.py": "MOST = 1\n"}
    trace = walk("from pack.checks import limits\nif args.layers > limits.MOST: raise ValueError('more')", files)
    assert certain(trace) == ["ValueError: more"]


def test_a_context_manager_may_raise_something_else() -> None:
    body = """
        from contextlib import contextmanager
        @contextmanager
        def told(name):
            try:
                yield
            except ValueError as error:
                raise KeyError(name) from error
        def run():
            with told("x"):
                if args.name:
                    return 1
                raise ValueError("y")
        run()
        raise LookupError("z")
    """
    ends = {(end.exception, end.certain) for end in walk(body, name=...).ends}
    assert ("KeyError", False) in ends
