"""The cache is used only where nobody else can have put it. tests/unit/test_storage.py has the links."""

from __future__ import annotations

import os
import posix
from pathlib import Path

import pytest

from pyjpki11 import cache_files

NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache with one file in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache_files.write_lines("name", ["mine"])
    return tmp_path / "pyjpki11"


def test_a_folder_of_somebody_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen from the other side: we are somebody else."""
    monkeypatch.setattr(posix, "geteuid", lambda: NOBODY)
    assert cache_files.read_lines("name") == []
    cache_files.write_lines("name", ["theirs"])
    assert (folder / "name").read_text() == "mine\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_somebody_else(folder: Path) -> None:
    os.chown(folder / "name", NOBODY, NOBODY)
    assert cache_files.read_lines("name") == []
