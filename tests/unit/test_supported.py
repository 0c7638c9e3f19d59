"""docs/supported.md says what the code's tables say."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support.process import run

ROOT = Path(__file__).parents[2]
REMEDY = "run: python tools/supported.py > docs/supported.md"


@pytest.fixture(scope="module")
def printed() -> str:
    """What the tool prints, in a Python that sees nothing compiled of ours."""
    return run([sys.executable, "-I", ROOT / "tools" / "supported.py"]).stdout


def test_the_document_is_up_to_date(printed: str) -> None:
    """It was made again after the last change of a table."""
    assert (ROOT / "docs" / "supported.md").read_text() == printed, REMEDY


def test_everything_has_a_name(printed: str) -> None:
    """No number of the standard is printed as such."""
    assert not re.search(r"0x[0-9A-F]{8}", printed)


def test_every_function_is_listed_once(printed: str) -> None:
    """In the order of the function lists."""
    listed = re.findall(r"^\| `(C_\w+)` \|", printed, re.MULTILINE)
    rows = re.findall(r"^(?:HOST|LOCAL|FORWARD|WAIT|STUB)\(\w+, (C_\w+), ", functions_def(), re.MULTILINE)
    assert listed == rows


def functions_def() -> str:
    """The table of functions."""
    return (ROOT / "c_shim" / "functions.def").read_text()
