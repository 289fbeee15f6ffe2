"""What the cache folder holds is optional, bounded, and the user's own."""

import os
from pathlib import Path

import pytest

from lintune.engine import cache
from lintune.engine.cache import keep, read_kept


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINTUNE_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_what_is_kept_is_read_again(folder: Path) -> None:
    keep("a", ("x", 1, [None, b"y"]))
    assert read_kept("a") == ("x", 1, [None, b"y"])
    assert read_kept("b") is None
    assert [each.suffix for each in folder.iterdir()] == [".bin"]
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"\x00", b"\xe3" * 30, b"(\xff\xff\xff\x7f"])
def test_a_spoilt_file_is_as_if_it_were_not_there(folder: Path, content: bytes) -> None:
    keep("a", 1)
    next(folder.iterdir()).write_bytes(content)
    assert read_kept("a") is None


def test_another_users_file_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep("a", 1)
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert read_kept("a") is None


@pytest.mark.parametrize("word", ["off", "OFF", "0"])
def test_off_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("LINTUNE_CACHE", word)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    keep("a", 1)
    assert read_kept("a") is None and list(tmp_path.iterdir()) == []


def test_the_users_cache_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINTUNE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    keep("a", 1)
    assert len(list((tmp_path / "home" / "lintune").iterdir())) == 1


def test_what_cannot_be_kept_is_left(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep("a", object())
    assert read_kept("a") is None and not folder.exists()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LINTUNE_CACHE", str(tmp_path / "file"))
    keep("a", 1)
    assert read_kept("a") is None


def test_the_oldest_files_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_FILES", 8)
    for number in range(12):
        keep(f"n{number}", number)
        for path in folder.iterdir():
            os.utime(path, ns=(path.stat().st_mtime_ns - 10**9,) * 2)
    assert len(list(folder.iterdir())) <= 8
    assert read_kept("n11") == 11 and read_kept("n0") is None


def test_what_is_too_large_is_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_BYTES", 100)
    keep("a", "x" * 200)
    assert read_kept("a") is None
