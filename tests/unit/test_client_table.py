"""docs/clients.md has a row for each mark of the client tests, and each mark's command is in its example."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from support.process import run

ROOT = Path(__file__).parents[2]
REMEDY = "run: make clients"
ROW = re.compile(r"^\| \[(.+?)\]\(\.\./(.+?)\) \| .+? \| (.+?) \| (.+?) \| `(.+)` \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The rows that the client tests will fill."""
    results = tmp_path_factory.mktemp("clients") / "results.json"
    options = ["--collect-only", "-qq", "-p", "no:cacheprovider", "--client-results", str(results)]
    command = [sys.executable, "-m", "pytest", *options, "tests/clients"]
    run(command, cwd=ROOT)
    rows: list[dict[str, Any]] = json.loads(results.read_text())["rows"]
    return rows


def test_the_table_has_the_rows_of_the_tests(marks: list[dict[str, Any]]) -> None:
    """No row was added, changed or taken away since the last run."""
    wanted = {(row["program"], row["example"], row["what"], row["command"].replace("|", "\\|")) for row in marks}
    rows = ROW.findall((ROOT / "docs" / "clients.md").read_text())
    assert {(program, example, what, command) for program, example, what, _works, command in rows} == wanted, REMEDY


def test_the_table_has_the_refusals_of_the_tests(marks: list[dict[str, Any]]) -> None:
    """What does not work says why; everything else works."""
    wanted = {(row["program"], row["what"]): f"no: {row['refusal']}" if row["refusal"] else "yes" for row in marks}
    rows = ROW.findall((ROOT / "docs" / "clients.md").read_text())
    assert {(program, what): works for program, _example, what, works, _command in rows} == wanted, REMEDY


def test_a_row_is_one_thing(marks: list[dict[str, Any]]) -> None:
    """Marks of the same name say the same."""
    names = [(row["program"], row["what"]) for row in marks]
    assert len(names) == len(set(names))


def test_examples_have_the_commands(marks: list[dict[str, Any]]) -> None:
    """A reader of the table finds its command in the example, with what belongs to it."""
    missing = [row for row in marks if row["command"] not in (ROOT / row["example"]).read_text()]
    assert missing == []
