"""The commands and files of the examples, as a reader would type them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples"
BLOCK = "^```{}\n(.*?)^```$"


def script(example: str, *headings: str, replace: Mapping[str, str] | None = None) -> list[str]:
    """What runs the shell commands below some headings of examples/EXAMPLE, stopping at the first that fails.

    `replace`: what stands for the reader's own things -> what the test has.
    """
    commands = "".join(block(example, heading) for heading in headings)
    for theirs, ours in (replace or {}).items():
        assert theirs in commands, f"{example} does not say {theirs} below {headings}"
        commands = commands.replace(theirs, ours)
    return ["bash", "-euo", "pipefail", "-c", commands]


def block(example: str, heading: str, language: str = "sh") -> str:
    """The blocks of a language below a heading of examples/EXAMPLE, one after the other."""
    section = dict(_sections((FOLDER / example).read_text()))[heading]
    return "".join(re.findall(BLOCK.format(language), section, re.MULTILINE | re.DOTALL))


def _sections(text: str) -> list[tuple[str, str]]:
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))
