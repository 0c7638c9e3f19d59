"""What comments and documents cite is in the tree, and has the section that they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from support.sources import ROOT, name_of, sources

DOCS = ROOT / "docs"
NUMBER = r"\d+(?:\.\d+)*[a-z]?"
NUMBERS = rf"{NUMBER}(?:(?:, | and ){NUMBER})*"
MANUAL_PAGE = re.compile(r"[\w.-]+\(\d\w*\)")
#: A citation of numbered sections: whose document, what its sections are called, their numbers.
SECTIONS = re.compile(rf"\b([A-Z][a-z]+): ([a-z]+) ({NUMBERS})")
DECISIONS = re.compile(rf"(?<!Design: )\bdecisions? ({NUMBERS})")
NOTES = re.compile(rf"(?<!Card: )\bnotes ({NUMBERS})")
#: What citations were once, or are elsewhere.
DANGLING = re.compile(rf"\breferences?:? (?:{NUMBERS})|\breference: (?!int\b|str\b)\w")
DOCUMENT = re.compile(r"(?<![\w/.*<{}-])((?:\w[\w.-]*/)*\w[\w-]*\.md)\b")
SPEC = re.compile(r"Spec: (?!.*\\)(.+)")  # no pattern that looks for them


@cache
def card_notes() -> set[str]:
    """The sections of the card notes."""
    found = re.findall(r"^## (\d+) |\*\*(\d+\.\d+)\*\*", (DOCS / "card-notes.md").read_text(), re.MULTILINE)
    return {number for pair in found for number in pair}


@cache
def decisions() -> set[str]:
    """The architecture's decisions, and their parts."""
    return set(re.findall(r"^#{3,4} (\d+[a-z]?) ", (DOCS / "architecture.md").read_text(), re.MULTILINE))


#: Whose document, what its sections are called -> the numbers that there are.
DOCUMENTS: dict[tuple[str, str], Callable[[], set[str]]] = {
    ("Card", "notes"): card_notes,
    ("Design", "decision"): decisions,
    ("Design", "decisions"): decisions,
}


def numbers_in(text: str) -> list[str]:
    """Each number of a citation."""
    return re.findall(NUMBER, text)


def dangling(line: str) -> list[str]:
    """What a line cites that is not there."""
    wrong = [found.group() for found in DANGLING.finditer(line)]
    for who, what, numbers in SECTIONS.findall(line):
        known = DOCUMENTS[who, what]() if (who, what) in DOCUMENTS else set()
        wrong += [f"{who}: {what} {number}" for number in numbers_in(numbers) if number not in known]
    for pattern, known in ((DECISIONS, decisions()), (NOTES, card_notes())):
        wrong += [number for numbers in pattern.findall(line) for number in numbers_in(numbers) if number not in known]
    return wrong


def lines_of(paths: Iterator[Path]) -> Iterator[tuple[str, str]]:
    """Each line, and where it is."""
    this = Path(__file__).resolve()
    for path in paths:
        if path.resolve() != this:
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                yield f"{name_of(path)}:{number}", line


def documents() -> Iterator[Path]:
    """The documents of the project."""
    yield from sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])


def test_every_section_that_is_cited_exists() -> None:
    citations = [(place, line) for place, line in lines_of(sources()) if SECTIONS.search(line)]
    assert len(citations) > 150
    assert [(place, dangling(line)) for place, line in lines_of(sources()) if dangling(line)] == []


def test_every_decision_that_documents_cite_exists() -> None:
    known = decisions()
    cited = [(place, numbers) for place, line in lines_of(documents()) for numbers in DECISIONS.findall(line)]
    assert cited
    assert [(place, number) for place, numbers in cited for number in numbers_in(numbers) if number not in known] == []


@pytest.mark.parametrize(
    "line",
    [
        "Cards: notes 3.3",
        "the reference 3.3",
        "Clients: reference 1.2",
        "Card: notes 3.9",
        "Design: decision 99",
        "Design: decisions 5, 8z",
        "reference: suites.md 3",
        "Design: notes 3.3",
        "design decision 77",
        "the notes 9",
    ],
)
def test_what_dangles_is_noticed(line: str) -> None:
    assert dangling(line)


@pytest.mark.parametrize(
    "line", ["Card: notes 3.3, 4.1. And", "Design: decisions 5, 8", "Design: decision 15e", "Spec: X 1"]
)
def test_what_exists_is_not(line: str) -> None:
    assert dangling(line) == []


def test_every_document_that_is_named_exists() -> None:
    """By its path in the project, or by its name alone in the folders of documents and beside whoever names it."""
    named = [(place, name) for place, line in lines_of(sources()) for name in DOCUMENT.findall(line)]
    assert len(named) > 50
    folders = (ROOT, DOCS, ROOT / "examples", ROOT / "src" / "pyjpki11" / "certificates")
    assert [(place, name) for place, name in named if not any((folder / name).is_file() for folder in folders)] == []


def test_standards() -> None:
    """What follows the word Spec is a row of the references, or a page of the manual."""
    shorts = tuple(re.findall(r"^\| (.+?) \|", (DOCS / "references.md").read_text(), re.MULTILINE))
    citations = [(place, found) for place, line in lines_of(sources()) for found in SPEC.findall(line)]
    assert len(citations) > 150
    assert [one for one in citations if not one[1].startswith(shorts) and not MANUAL_PAGE.match(one[1])] == []


def test_every_standard_is_cited() -> None:
    """A row that nothing cites has outlived what it was for."""
    text = "\n".join(line for _, line in lines_of(sources()))
    shorts = re.findall(r"^\| (.+?) \|", (DOCS / "references.md").read_text(), re.MULTILINE)
    rows = [short for short in shorts if short not in ("short", "---") and not short.endswith((" N", "(SECTION)"))]
    assert len(rows) > 20
    assert [short for short in rows if short not in text] == []
