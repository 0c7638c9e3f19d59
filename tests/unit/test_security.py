"""SECURITY.md promises what tests show."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows() -> list[tuple[str, str]]:
    """Promise and tests of each row of the table that has any."""
    lines = (ROOT / "SECURITY.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [(promise, tests) for promise, tests in cells if promise != "Promise" and not promise.startswith("**")]


def functions(path: Path) -> set[str]:
    """The names of a file's test functions."""
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_there_are_promises() -> None:
    assert len(rows()) > 30


@pytest.mark.parametrize(("promise", "tests"), rows(), ids=[promise[:40] for promise, _tests in rows()])
def test_every_promise_names_its_tests(promise: str, tests: str) -> None:
    named = TEST.findall(tests)
    assert named and TEST.sub("", tests).strip(", ") == "", "each cell is a list of tests"
    for file, name in named:
        path = ROOT / file
        assert path.is_file(), file
        assert any(it.startswith("test_") for it in functions(path))
        assert not name or name in functions(path), f"{file}::{name}"
