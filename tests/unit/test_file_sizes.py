"""No file of code is longer than CONTRIBUTING.md allows: what has one sentence of purpose fits into 400 lines."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "c_shim", "tests", "tools", "examples")
SUFFIXES = {".py", ".c", ".h", ".def", ".map", ".sh", ".java", ".pyi", ".toml"}
MOST_LINES = 400


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_are_short(folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES and path.is_file()]
    assert files, "this test looks at another tree"
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in files}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}
