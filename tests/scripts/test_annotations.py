"""How the parser reads annotations."""

import ast

import pytest

from lintune.scripts.annotations import field_type


@pytest.mark.parametrize(
    ("annotation", "kind", "many"),
    [
        ("int", "int", False),
        ("Optional[int]", "int", False),
        ("float | None", "float", False),
        ("'Optional[str]'", "str", False),
        ("Optional[Union[dict, str]]", "dict", False),
        ("Optional[dict]", "unparsable", False),
        ("Dict[str, int]", "unparsable", False),
        ("Union[str, bool, None]", "unparsable", False),
        ("str | bool", "bool", False),
        ("Optional[list[str]]", "str", True),
        ("None | str | list[str]", "str", False),
        ("List[Tuple[int, int]]", "unknown", True),
        ("Union[int, float]", "unknown", False),
        ("SomeClass", "unknown", False),
    ],
)
def test_annotation(annotation: str, kind: str, many: bool) -> None:
    found = field_type(ast.parse(annotation, mode="eval").body, lambda _: None)
    assert (found.type, found.many) == (kind, many)


def test_enumerations_and_literals_give_choices() -> None:
    union = ast.parse("Union[Strategy, str]", mode="eval").body
    assert field_type(union, lambda item: ("no", "steps") if ast.unparse(item) == "Strategy" else None).choices == ("no", "steps")
    assert field_type(ast.parse("Literal['a', 3]", mode="eval").body, lambda _: None).choices == ("a", "3")


def test_optional_bool_is_told_from_bool() -> None:
    assert field_type(ast.parse("Optional[bool]", mode="eval").body, lambda _: None).optional
    assert not field_type(ast.parse("bool", mode="eval").body, lambda _: None).optional
