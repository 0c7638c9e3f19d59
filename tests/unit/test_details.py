"""The texts that the tool translates are those that the layers below write, to the letter."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pyjpki11.cli.wording import details

SOURCES = Path(__file__).resolve().parents[2] / "src"


def written() -> str:
    """Every string in the sources but those of the table itself, one in each line."""
    return "\n".join(
        node.value
        for file in sorted(SOURCES.rglob("*.py"))
        if file.name != "details.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.fixture(scope="module")
def texts() -> str:
    return written()


@pytest.mark.parametrize("text", sorted(details.KNOWN))
def test_what_is_translated_is_written_somewhere(texts: str, text: str) -> None:
    """A text that is reworded below, and not here, would lose its Japanese without any other sign."""
    assert text in texts
