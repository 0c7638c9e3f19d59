"""The small files kept between runs: only in a folder of the user's own, and never at the cost of a call."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyjpki11 import cache_files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "pyjpki11"


def test_written_and_read(folder: Path) -> None:
    assert cache_files.read_lines("name") == []
    for lines in (["one", "two"], ["署名"], []):
        cache_files.write_lines("name", lines)
        assert cache_files.read_lines("name") == lines
    assert [path.name for path in folder.iterdir()] == ["name"]
    assert (folder.stat().st_mode & 0o777, (folder / "name").stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize("base", ["", "relative", "/dev/null", "/proc/nothing"])
def test_no_place(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    monkeypatch.delenv("HOME")
    cache_files.write_lines("name", ["lost"])
    assert cache_files.read_lines("name") == []


def test_a_folder_that_is_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    cache_files.write_lines("name", ["lost"])
    assert cache_files.read_lines("name") == []
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_that_is_a_link(folder: Path, tmp_path: Path) -> None:
    """It is not followed, neither way."""
    folder.mkdir()
    (tmp_path / "precious").write_text("precious\n")
    (folder / "name").symlink_to(tmp_path / "precious")
    assert cache_files.read_lines("name") == []
    cache_files.write_lines("name", ["new"])
    assert (tmp_path / "precious").read_text() == "precious\n"
    assert cache_files.read_lines("name") == ["new"]


def test_a_folder_in_the_files_place(folder: Path) -> None:
    (folder / "name").mkdir(parents=True)
    cache_files.write_lines("name", ["lost"])
    assert cache_files.read_lines("name") == []
    assert [path.name for path in folder.iterdir()] == ["name"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\0", b"x" * 1_000_000])
def test_rubbish(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "name").write_bytes(content)
    assert sum(map(len, cache_files.read_lines("name"))) <= cache_files.MAX_LEN


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Services and containers name homes that nobody has made."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    cache_files.write_lines("name", ["lost"])
    assert cache_files.read_lines("name") == []
    assert not (tmp_path / "nobody").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give folders away")
def test_nothing_is_made_in_the_home_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root keeps the home of a user under sudo -E: ~/.cache of root would lock that user out of it."""
    os.chown(tmp_path, 65534, 65534)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    cache_files.write_lines("name", ["lost"])
    assert list(tmp_path.iterdir()) == []
    assert cache_files.read_lines("name") == []


def test_a_home_behind_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner's own link."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    cache_files.write_lines("name", ["kept"])
    assert cache_files.read_lines("name") == ["kept"]
    assert (tmp_path / "disk/.cache/pyjpki11/name").read_text() == "kept\n"


@pytest.mark.parametrize("place", ["pyjpki11", "."])
def test_a_folder_that_others_may_write_to(place: str, folder: Path) -> None:
    cache_files.write_lines("name", ["mine"])
    (folder.parent / place).chmod(0o777)
    assert cache_files.read_lines("name") == []
    cache_files.write_lines("name", ["lost"])
    assert (folder / "name").read_text() == "mine\n"
