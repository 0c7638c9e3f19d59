"""The rows of functions.def, for what Python makes of them: cffi's declarations, docs/supported.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).resolve().parent / "functions.def"
#: Kinds of rows that a handler in Python answers.
SERVED = ("HOST", "FORWARD", "WAIT")
#: What stands in a column that does not apply.
NONE = "-"
_ROW = re.compile(
    r"^(HOST|LOCAL|FORWARD|WAIT|STUB)\((\w+),\s*(\w+),\s*([\w-]+),\s*([\w-]+),\s*\(([^()]*)\),\s*\(([^()]*)\)\)",
    re.MULTILINE,
)


class Row(NamedTuple):
    """A function; functions.def says what the columns are."""

    kind: str
    version: str
    name: str
    module: str
    answer: str
    parameters: str
    arguments: str


def rows() -> list[Row]:
    """All of them, in order."""
    return [Row(*columns) for columns in _ROW.findall(TABLE.read_text())]
