"""What random programs hold besides plain statements: definitions at their head, and statements that use them.

Slots: `<target>` is the variable that is set, `<int>`, `<str>`, `<list>`, `<dict>`, `<bool>` are expressions; `BODY` is a block.
"""

FEATURE_IMPORTS = [
    "import collections",
    "import copy",
    "import dataclasses",
    "import functools",
    "import math",
    "import os",
    "import pathlib",
    "import re",
    "from enum import Enum",
    "from typing import NamedTuple",
]
FEATURE_HEAD = """
class Mode(str, Enum):
    FULL = "full"
    LORA = "lora"
    A = "a"
    @property
    def short(self):
        return self.value[:1]
class Level(Enum):
    LOW = 0
    MID = 3
    HIGH = 5
    @classmethod
    def of(cls, number):
        return next((each for each in cls if each.value >= number), cls.HIGH)
class Bag:
    made = []
    def __init__(self, items):
        self.items = list(items)
        Bag.made.append(len(self.items))
    def __len__(self):
        return len(self.items)
    def __contains__(self, item):
        return item in self.items or item == 4
    def __getitem__(self, index):
        return self.items[index] if index < len(self.items) else index
    def __iter__(self):
        for item in self.items:
            yield item
    def __eq__(self, other):
        return isinstance(other, Bag) and self.items == other.items
    def __call__(self, by=1):
        return sum(self.items) * by
    def __add__(self, other):
        return Bag(self.items + [other])
    def __lt__(self, other):
        return len(self) < len(other)
    def __getattr__(self, name):
        if name.startswith("x"):
            return len(name)
        raise AttributeError(name)
    def __str__(self):
        return f"Bag of {len(self)}"
@dataclasses.dataclass
class Conf:
    rank: int = 8
    name: str = "lora"
    parts: list = dataclasses.field(default_factory=list)
    def __post_init__(self):
        if self.rank == 6:
            raise ValueError(f"rank {self.rank}")
class Point(NamedTuple):
    low: int
    high: int = 9
def numbers(limit, table=TABLE):
    for index in range(limit):
        if index == 3:
            return
        yield index + table["a"]
def nested(value):
    for item in value:
        if isinstance(item, list):
            yield from nested(item)
        else:
            yield item
@contextlib.contextmanager
def guarded(name):
    try:
        yield name
    except ValueError as error:
        raise OwnError(f"in {name}") from error
    except LookupError:
        pass
class Quiet:
    left = 0
    def __enter__(self):
        return self
    def __exit__(self, kind, error, trace):
        self.left += 1
        return kind is KeyError
REGISTRY = {}
def register(name):
    def inner(thing):
        REGISTRY[name] = thing
        return thing
    return inner
@register("a")
def one(value):
    return value + 1
@register("lora")
@functools.lru_cache
def two(value):
    return value * 2
def fact(number):
    return 1 if number < 2 else number * fact(number - 1)
""".strip().splitlines()
FEATURES = [
    ("str", "<target> = next((each.value for each in Mode if each == <str>), 'none')"),
    ("str", "<target> = Mode(<str>).short"),
    ("str", "try:\n    <target> = Mode(<str>).value\nexcept ValueError as error:\n    <target> = str(error)"),
    ("int", "<target> = Level.of(<int>).value"),
    ("str", "<target> = Level.of(<int>).name"),
    ("int", "try:\n    <target> = Level[<str>.upper()].value\nexcept KeyError:\n    <target> = -1"),
    ("int", "<target> = {Mode.FULL: 1, Mode.LORA: 2}.get(<str>, 0)"),
    ("int", "<target> = {Level.LOW: 1, Level.HIGH: 2}.get(Level.of(<int>), 0)"),
    ("bool", "<target> = Level.of(<int>) in (Level.LOW, Level.MID) and Level.of(<int>) is not Level.LOW"),
    ("list", "<target> = list(numbers(<int>))"),
    ("int", "<target> = sum(x * 2 for x in numbers(<int> % 4))"),
    ("", "for x in numbers(<int> % 4):\n    COUNT += x\n    TABLE['a'] = x"),
    ("", "for x in numbers(<int> % 4):\n    if x > <int>:\n        break\n    TABLE['b'] = x\nelse:\n    TABLE['c'] = 1"),
    ("", "for x in numbers(<int> % 4):\n    if x == <int>:\n        raise OwnError(f'number {x}')"),
    ("list", "<target> = [*nested([<int>, [<int>, [<int>]], <list>])]"),
    ("", "with guarded(<str>):\n    BODY"),
    ("", "with guarded(<str>) as name:\n    if <bool>:\n        raise ValueError(name)\n    TABLE[name] = 1"),
    ("", "with guarded('b'):\n    TABLE['q'] = {}[<str>]"),
    ("", "with Quiet() as quiet:\n    BODY"),
    ("", "with Quiet():\n    if <bool>:\n        raise KeyError(<str>)\n    TABLE['k'] = <int>"),
    ("int", "<target> = len(Bag(<list>)) + Bag(<list>)(<int>)"),
    ("bool", "<target> = <int> in Bag(<list>)"),
    ("bool", "<target> = Bag(<list>) == Bag(<list>)"),
    ("bool", "<target> = not Bag(<list>) or Bag(<list>) < Bag(<list>)"),
    ("int", "<target> = Bag(<list>)[<int> % 3] + (Bag(<list>) + <int>).xyz"),
    ("int", "try:\n    <target> = Bag(<list>).unknown\nexcept AttributeError:\n    <target> = 2"),
    ("list", "<target> = [x + 1 for x in Bag(<list>)] + Bag.made[-2:]"),
    ("str", "<target> = f'{Bag(<list>)!s}|{<int>:>4d}|{<str>!r:8}'"),
    ("int", "<target> = dataclasses.replace(Conf(<int>), name=<str>).rank"),
    ("str", "<target> = f'{Conf(<int> % 3, <str>)}'"),
    ("bool", "<target> = Conf(<int> % 2) == Conf(rank=<int> % 2)"),
    ("dict", "<target> = {k: v for k, v in dataclasses.asdict(Conf(<int> % 3)).items() if isinstance(v, int)}"),
    ("list", "<target> = [getattr(Conf(1), each.name) for each in dataclasses.fields(Conf)][:1]"),
    ("int", "<target> = Point(<int>).high - Point(low=<int>, high=<int>).low"),
    ("str", "<target> = re.sub(r'[a-f]+', 'x', <str>)"),
    ("str", "<target> = (re.match(r'(\\w)(\\w*)', <str>) or [0, 'none'])[1]"),
    ("bool", "<target> = bool(re.search(r'^l\\w+$', <str>))"),
    ("str", "<target> = '/'.join(re.split(r'[oa]', <str>))"),
    ("str", "<target> = os.path.splitext(<str> + '.json')[0] + pathlib.Path(<str>, 'x.y').suffix"),
    ("int", "<target> = len({*<list>} - {<int>}) + len(set(<list>) | {0, 1})"),
    ("list", "<target> = sorted({*<list>, *<list>} & {0, 1, 2, 3})"),
    ("list", "<target> = sorted(<list>, key=lambda x: (x % 2, -x), reverse=<bool>)"),
    ("", "for x in sorted({*<list>}):\n    if x == <int>:\n        continue\n    COUNT += x"),
    ("", "for x in {*<list>}:\n    COUNT += x\n    if x > 4:\n        raise LookupError('large')"),
    ("str", "<target> = ','.join(sorted({<str>, <str>, 'b'}))"),
    ("int", "<target> = REGISTRY.get(<str>, abs)(<int>)"),
    ("int", "<target> = REGISTRY['a'](fact(<int> % 5))"),
    ("int", "try:\n    <target> = REGISTRY[<str>](<int>)\nexcept KeyError as error:\n    <target> = 0"),
    ("int", "<target> = max(map(lambda x: x - 1, [<int>, *<list>])) + len(list(filter(None, <list>)))"),
    ("bool", "<target> = any(map(lambda x: x > <int>, <list>)) or all(a <= b for a, b in zip(<list>, <list>))"),
    ("list", "<target> = [i * x for i, x in enumerate(<list>, start=1)]"),
    ("dict", "<target> = collections.defaultdict(int)\nfor x in <list>:\n    <target>[str(x)] += 1\n<target> = dict(<target>)"),
    ("dict", "<target> = dict(zip(<str>, <list>))"),
    (
        "dict",
        "<target> = copy.deepcopy(TABLE)\n<target>['n'] = <int>\n<target> = {k: v for k, v in <target>.items() if isinstance(v, int)}",
    ),
    ("int", "<target> = <int>\nwhile <target> > 0:\n    <target> -= 2\n    if <target> == <int>:\n        break\nelse:\n    <target> = 7"),
    ("int", "<target> = math.ceil(<int> / 3) + divmod(<int>, 4)[1]"),
    ("str", "<target> = '{}-{key:>3}'.format(<int>, key=<str>)"),
    ("int", "match <dict>:\n    case {'a': int() as <target>, **more} if more:\n        pass\n    case _:\n        <target> = 1"),
    (
        "int",
        "match (<str>, <int>):\n    case ('lora' | 'a', n):\n        <target> = n\n    case (_, 0 | 1):\n        <target> = 10\n"
        "    case (name, n) if n > 2:\n        <target> = len(name)\n    case _:\n        <target> = 3",
    ),
    (
        "int",
        "match Conf(<int> % 3):\n    case Conf(rank=0):\n        <target> = 5\n    case Conf(1, name):\n        <target> = len(name)\n"
        "    case _:\n        <target> = 4",
    ),
    ("str", "<target> = 'none'\ntry:\n    int(<str>)\nexcept ValueError as error:\n    <target> = str(error)\nelse:\n    <target> = 'int'"),
    ("int", "<target> = int(<str>) if <str>.isdecimal() else {*'ab'} <= {*<str>}"),
    ("bool", "<target> = TABLE.keys() >= {'a'} and not {<str>}.isdisjoint(TABLE.keys())"),
    ("str", "<target> = type(<int>).__name__ + ('x' if type(<str>) is str else 'y')"),
    ("int", "<target> = functools.partial(fact, <int> % 4)()"),
]
