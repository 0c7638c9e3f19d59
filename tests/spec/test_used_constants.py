"""The vocabulary has no more than is used: a name for a number that never occurs costs every start something."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VOCABULARY = ROOT / "src" / "pyjpki11" / "cryptoki"
FUNCTIONS = ROOT / "c_shim" / "functions.def"
FAMILIES = sorted(VOCABULARY.glob("ck*.py"))
READERS = [path for folder in ("src", "tools") for path in (ROOT / folder).rglob("*.py") if path not in FAMILIES]


@cache
def used_names() -> frozenset[str]:
    """The constants that the code and its tools name (`ckr.OK`, or imported), and the table of functions."""
    found = {f"ckr.{name}" for name in re.findall(r"CKR_(\w+)", FUNCTIONS.read_text())}
    for path in READERS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.add(f"{node.value.id}.{node.attr}")
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                found |= {f"{node.module.rpartition('.')[2]}.{alias.name}" for alias in node.names}
    return frozenset(found)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda path: path.stem)
def test_every_constant_is_used(family: Path) -> None:
    names = re.findall(r"^(\w+) = ", family.read_text(), re.MULTILINE)
    assert names
    assert [name for name in names if f"{family.stem}.{name}" not in used_names()] == []
