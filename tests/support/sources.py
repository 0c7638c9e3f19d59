"""What people write in the project: sources, tests, tools, examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("c_shim", "examples", "src", "tests", "tools")
#: Translations, expected outputs, certificates and keys are data.
SUFFIXES = {".c", ".def", ".h", ".java", ".js", ".py", ".pyi", ".sh", ".toml"}


def sources() -> Iterator[Path]:
    """Those files, but not what a build leaves behind."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file() and ".egg-info" not in str(path):
                yield path


def name_of(path: Path) -> str:
    """The path below the project's folder."""
    return str(path.relative_to(ROOT))
