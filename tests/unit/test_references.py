"""What comments cite stands in the documents, where a reader looks it up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("c_shim", "examples", "src", "tests", "tools")
SUFFIXES = {".c", ".def", ".h", ".py", ".sh", ".toml"}
NUMBERS = r"\d+(?:\.\d+)*(?:, \d+(?:\.\d+)*)*"
MANUAL_PAGE = re.compile(r"[\w.-]+\(\d\w*\)")


def cited(pattern: str) -> Iterator[tuple[str, str]]:
    """The place of each citation, and what the pattern's group has of it."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SUFFIXES and ".egg-info" not in str(path):
                for number, line in enumerate(path.read_text().splitlines(), start=1):
                    for found in re.findall(pattern, line):
                        yield f"{path.relative_to(ROOT)}:{number}", found


def missing(word: str, known: set[str]) -> list[tuple[str, str]]:
    """The citations of numbers behind a word that nobody knows."""
    citations = list(cited(rf"\b{word} ({NUMBERS})"))
    assert citations
    return [(place, number) for place, numbers in citations for number in numbers.split(", ") if number not in known]


def test_facts_of_the_card() -> None:
    """`Card: reference N` is a section of the card notes."""
    sections = re.findall(r"^## (\d+) |\*\*(\d+\.\d+)\*\*", (ROOT / "docs/card-notes.md").read_text(), re.MULTILINE)
    assert missing("reference", {number for pair in sections for number in pair}) == []


def test_decisions() -> None:
    """`Design: decision N` is one of the architecture's."""
    decisions = re.findall(r"^(\d+)\. \*\*", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    assert missing("decision", set(decisions)) == []


def test_standards() -> None:
    """What follows the word Spec is a row of the references, or a page of the manual."""
    shorts = tuple(re.findall(r"^\| (.+?) \|", (ROOT / "docs/references.md").read_text(), re.MULTILINE))
    citations = list(cited(r"Spec: (?!.*\\)(.+)"))  # no pattern that looks for them
    assert citations
    unknown = [one for one in citations if not one[1].startswith(shorts) and not MANUAL_PAGE.match(one[1])]
    assert unknown == []
