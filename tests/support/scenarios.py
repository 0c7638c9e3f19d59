"""Scenarios that are written down in TOML files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest


def load(folder: Path) -> list[Any]:
    """The scenarios of all files of a folder, each a parameter of a test with file and name as its id."""
    rows = []
    for path in sorted(folder.glob("*.toml")):
        for scenario in tomllib.loads(path.read_text(encoding="utf-8"))["scenario"]:
            rows.append(pytest.param(scenario, id=f"{path.stem}: {scenario['name']}"))
    return rows
