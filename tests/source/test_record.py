"""Records behave as the standard dataclasses do."""

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Any, ClassVar

import pytest

from lintune.source import record

BOTH = pytest.mark.parametrize("kind", [dataclasses, record], ids=["standard", "record"])


def pair(kind: Any, **options: Any) -> Any:
    """A class with a plain field, a default, and a factory."""

    @kind.dataclass(slots=True, **options)
    class Pair:
        """Two and a list."""

        first: int
        second: str = "x"
        rest: list[int] = kind.field(default_factory=list, repr=False)
        shared: ClassVar[int] = 3

        def total(self) -> int:
            """A method of its own."""
            return self.first + len(self.rest)

    return Pair


@BOTH
def test_construction(kind: Any) -> None:
    """By position and name, defaults and fresh factories; what is missing or too much is refused."""
    made = pair(kind)
    one, two = made(1), made(first=1, second="y")
    assert (one.first, one.second, one.rest, two.second) == (1, "x", [], "y")
    assert one.rest is not made(1).rest
    assert (one.total(), made.shared) == (1, 3)
    assert repr(one).endswith("Pair(first=1, second='x')")
    for arguments in ({}, {"first": 1, "third": 2}):
        with pytest.raises(TypeError):
            made(**arguments)
    for words in ((1, "x", [], 4), ()):
        with pytest.raises(TypeError):
            made(*words)
    with pytest.raises(TypeError):
        made(1, first=2)


@BOTH
def test_many_objects(kind: Any) -> None:
    """The thousandth object is made as the first, and as strictly."""
    made = pair(kind, frozen=True)
    everything = [made(number, rest=[number]) for number in range(1000)]
    assert [each.first for each in everything] == list(range(1000))
    assert everything[-1] == made(999, "x", [999])
    for arguments in ((), (1, "x", [], 4)):
        with pytest.raises(TypeError):
            made(*arguments)
    with pytest.raises(TypeError):
        made(1, first=2)


@BOTH
def test_comparison_and_hash(kind: Any) -> None:
    """Equal by fields within one class; a frozen one hashes, a changeable one does not."""
    made, frozen = pair(kind), pair(kind, frozen=True)
    assert made(1) == made(1) != made(2)
    assert made(1) != frozen(1)
    with pytest.raises(TypeError):
        hash(made(1))

    @kind.dataclass(frozen=True, slots=True)
    class Single:
        """One field."""

        value: str

    assert hash(Single("a")) == hash(Single("a"))
    assert {Single("a"), Single("a")} == {Single("a")}


@BOTH
def test_identity_and_order(kind: Any) -> None:
    """`eq=False` compares by identity and hashes; `order` sorts by the fields."""
    same = pair(kind, eq=False)
    assert same(1) != same(1)
    assert len({same(1), same(1)}) == 2
    ordered = pair(kind, order=True)
    assert sorted([ordered(2), ordered(1, "b"), ordered(1, "a")]) == [ordered(1, "a"), ordered(1, "b"), ordered(2)]
    assert ordered(1) <= ordered(1)
    assert ordered(2) > ordered(1)
    assert ordered(2) >= ordered(1)


@BOTH
def test_frozen_and_slots(kind: Any) -> None:
    """A frozen one refuses assignment, and neither has room for other names."""
    frozen = pair(kind, frozen=True)(1)
    with pytest.raises(AttributeError):
        frozen.first = 2
    with pytest.raises(AttributeError):
        del frozen.first
    with pytest.raises(AttributeError):
        pair(kind)(1).other = 2
    assert not hasattr(frozen, "__dict__")


@BOTH
def test_patterns_replace_and_copies(kind: Any) -> None:
    """Positional patterns, `replace`, and copies."""
    made = pair(kind, frozen=True)
    match made(1, "z"):
        case made(first, second):
            assert (first, second) == (1, "z")
        case _:
            pytest.fail("no match")
    assert kind.replace(made(1, "z"), first=2) == dataclasses.replace(made(1, "z"), first=2) == made(2, "z")
    assert [each.name for each in dataclasses.fields(made)] == ["first", "second", "rest"]
    assert dataclasses.asdict(made(1, "z", [4])) == {"first": 1, "second": "z", "rest": [4]}
    assert copy.deepcopy(made(1, "z", [4])) == made(1, "z", [4])


@record.dataclass(frozen=True, slots=True)
class Base:
    """A record that can be pickled, being at module level."""

    value: int


@record.dataclass(frozen=True, slots=True)
class Derived(Base):
    """One with a field more."""

    more: str = "m"


def test_inheritance_and_pickling() -> None:
    """Fields of the base come first; a record survives the way to another process."""
    made = Derived(1)
    assert (made.value, made.more) == (1, "m")
    assert pickle.loads(pickle.dumps(made)) == made
    assert record.replace(made, more="n") == Derived(1, "n")
    assert made != Base(1)


def test_nothing_heavy_is_imported() -> None:
    """That is what it is for."""
    code = "import sys; from lintune.source.record import dataclass; print('inspect' in sys.modules, 'dataclasses' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
