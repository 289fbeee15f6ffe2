"""Compiling pages, the cache, and what house rules may not do."""

from pathlib import Path

import pytest

from lintune.engine import catalogue as catalogue_module
from lintune.engine.catalogue import COMPILED_NAME, Catalogue, load_catalogue
from lintune.engine.compile import compile_pages, compile_rules
from lintune.engine.page import PageError
from lintune.engine.scope import Scope
from lintune.engine.select import SelectionError, select_rules
from lintune.run.run import Run
from lintune.source.text import Site, Source, Span
from lintune.values.value import Known

RUN = Run("x", "a.sh", Site(Source("a.sh", "torchrun\n"), Span(0, 8)), values={"flag.a": Known(True)})


def write_page(folder: Path, name: str, code: str, when: str = "flag.a", **more: str) -> Path:
    family = folder / "tuning"
    family.mkdir(parents=True, exist_ok=True)
    extra = "".join(f"{key}: {value}\n" for key, value in more.items())
    path = family / f"{name}.md"
    path.write_text(
        f'---\ncode: {code}\nseverity: error\nwhen: {when}\nmessage: "m"\nevidence: ["evidence"]\n{extra}---\n# {name}\n\nClaim.\n'
    )
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LINTUNE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "lintune"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    write_page(folder, "a-rule", "TUN901", aliases="[old-rule]")
    write_page(folder, "b-rule", "TUN902", when="not flag.a")
    return folder


def verdicts(catalogue: Catalogue) -> dict[str, object]:
    return {rule.name: rule.condition(Scope(RUN)) for rule in catalogue.rules if rule.condition}


def compiled_again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    import lintune.engine.compile as compiler

    calls: list[str] = []
    original = compiler.compile_pages

    def noted(folder: str, house: bool = False) -> object:
        calls.append(folder)
        return original(folder, house)

    monkeypatch.setattr(compiler, "compile_pages", noted)
    return calls


def test_pages_are_compiled_once(pages: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = compiled_again(monkeypatch)
    for _ in range(3):
        assert verdicts(load_catalogue(pages)) == {"a-rule": True, "b-rule": False}
    assert len(calls) == 1
    assert [path.suffix for path in cache.iterdir()] == [".bin"]


def test_a_changed_page_is_compiled_again(pages: Path) -> None:
    load_catalogue(pages)
    write_page(pages, "b-rule", "TUN902", when="flag.a and true")
    assert verdicts(load_catalogue(pages))["b-rule"] is True


@pytest.mark.parametrize("content", [b"", b"\x00garbage", b"\xe3" * 40])
def test_a_broken_cache_is_made_again(pages: Path, cache: Path, content: bytes) -> None:
    load_catalogue(pages)
    next(cache.iterdir()).write_bytes(content)
    assert verdicts(load_catalogue(pages)) == {"a-rule": True, "b-rule": False}


def test_a_cache_that_cannot_be_written_is_done_without(pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert len(load_catalogue(pages).rules) == 2


def test_the_compiled_file_replaces_the_pages(pages: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = compile_rules(pages)
    for page in (pages / "tuning").iterdir():
        page.unlink()
    (pages / COMPILED_NAME).write_bytes(content)
    assert verdicts(load_catalogue(pages)) == {"a-rule": True, "b-rule": False}
    assert not cache.exists()
    monkeypatch.setattr(catalogue_module.sys.implementation, "cache_tag", "cpython-999")
    for _ in range(2):
        assert verdicts(load_catalogue(pages)) == {"a-rule": True, "b-rule": False}
    assert len(list(cache.iterdir())) == 1


def test_a_rule_is_found_by_code_name_and_earlier_name(pages: Path) -> None:
    catalogue = load_catalogue(pages)
    found = [catalogue.find(word) for word in ("TUN901", "tun901", "a-rule", "old-rule")]
    assert [rule.name for rule in found if rule] == ["a-rule"] * 4
    assert catalogue.find("c-rule") is None
    assert found[0] is not None and catalogue.page(found[0]).claim == "Claim."


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"when": "flga.a"}, "did you mean `flag`"),
        ({"message2": "x"}, "is not a key"),
        ({"help": '"{flag.a"'}, "no closing brace"),
        ({"help": '"{fl.a}"'}, "no name of the vocabulary"),
        ({"at": "[guard]"}, "no name of the vocabulary"),
        ({"at": "[where(a)]"}, "is no target"),
        ({"at": "[item]", "when": "item.x"}, "needs `for`"),
    ],
)
def test_one_bad_page_is_named_and_the_others_are_compiled(pages: Path, more: dict[str, str], message: str) -> None:
    write_page(pages, "c-rule", "TUN903", **more)
    compiled = compile_pages(str(pages))
    assert len(compiled.rows) == 2
    [(path, line, said)] = compiled.errors
    assert path == "tuning/c-rule.md" and line > 0 and message in said
    with pytest.raises(PageError):
        compile_rules(pages)


def test_a_code_is_taken_once(pages: Path) -> None:
    write_page(pages, "c-rule", "TUN901")
    assert "already taken by tuning/a-rule.md" in compile_pages(str(pages)).errors[0][2]


def test_house_rules_load_no_code_and_follow_no_link(tmp_path: Path, pages: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    (house / "linked.md").symlink_to(pages / "tuning" / "a-rule.md")
    (house / "x-rule.md").write_text(
        '---\ncode: HSE001\nseverity: error\ncheck: os:getcwd\nmessage: "m"\nevidence: ["evidence"]\n---\n# x-rule\n'
    )
    (house / "y-rule.md").write_text(
        '---\ncode: HSE002\nseverity: error\nwhen: flag.a\nmessage: "m"\nevidence: ["evidence"]\n---\n# y-rule\n'
    )
    catalogue = load_catalogue(house, house=True)
    assert [(rule.name, rule.family) for rule in catalogue.rules] == [("y-rule", "house")]
    assert [error[0] for error in catalogue.errors] == ["x-rule.md"]


@pytest.mark.parametrize(
    ("select", "ignore", "names"),
    [
        ((), (), ["a-rule", "b-rule"]),
        (("TUN901",), (), ["a-rule"]),
        (("old-rule",), (), ["a-rule"]),
        (("tuning",), ("TUN902",), ["a-rule"]),
        (("TUN",), ("a-rule",), ["b-rule"]),
        (("a-rule",), ("TUN",), ["a-rule"]),
        ((), ("TUN",), []),
        (("all",), ("b-rule",), ["a-rule"]),
    ],
)
def test_selection(pages: Path, select: tuple[str, ...], ignore: tuple[str, ...], names: list[str]) -> None:
    assert [rule.name for rule in select_rules(load_catalogue(pages).rules, select, ignore)] == names


def test_an_unknown_word_is_refused_with_the_nearest(pages: Path) -> None:
    with pytest.raises(SelectionError, match="no rule is called `a-rul`; did you mean `a-rule`"):
        select_rules(load_catalogue(pages).rules, ("a-rul",), ())


def test_the_shipped_pages_all_compile() -> None:
    catalogue = load_catalogue()
    assert catalogue.errors == ()
    assert len(catalogue.rules) >= 3
