"""docs/architecture.md and its picture say what is true of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.sources import ROOT

DOCUMENT = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "architecture.svg"
PACKAGES = ("pyjpki11", "jpki_softcard")
FILE = r"`([\w./]+\.(?:py|c|h|def|toml))`"
#: A file of the project, then what it is said to have: names in brackets, or one behind it.
PLACE = re.compile(rf"{FILE}(?:\s*\(((?:`[\w.]+`(?:,\s+)?)+)\)| (`[\w.]+`))?")
#: A row of the table of rooms: the room, what it imports, what it imports for types only.
ROOM = re.compile(r"^\| `(\w+)` \| .+ \| (.+) \| (.+) \|$", re.MULTILINE)
PARTS = ("Rule", "Because", "Where", "Except")


def file_named(name: str) -> Path:
    """A file by its path in the project, or below the package."""
    return next((path for path in (ROOT / name, ROOT / "src" / "pyjpki11" / name) if path.is_file()), ROOT / name)


def folder_named(name: str) -> bool:
    """Whether there is a folder for such a file."""
    return any((root / name).parent.is_dir() for root in (ROOT, ROOT / "src" / "pyjpki11"))


def names_in(path: Path) -> set[str]:
    """What a file defines: functions, classes, their methods and attributes, constants; in C, whatever it mentions."""
    if path.suffix != ".py":
        return set(re.findall(r"\w+", path.read_text()))
    return set(_defined(ast.parse(path.read_text()).body, ""))


def _defined(statements: list[ast.stmt], prefix: str) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield f"{prefix}{statement.name}"
        if isinstance(statement, ast.ClassDef):
            yield from _defined(statement.body, f"{statement.name}.")
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = (name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
            yield from (f"{prefix}{name.id}" for name in names)


def wrong_places(places: list[tuple[str, list[str]]]) -> list[str]:
    """Files that are not there, and names that a file does not have."""
    wrong = []
    for name, members in places:
        path = file_named(name)
        known = names_in(path) if path.is_file() else set()
        wrong += [name] if not path.is_file() else [f"{name}: {member}" for member in members if member not in known]
    return wrong


def test_every_file_and_function_that_is_named_exists() -> None:
    places = [
        (file, re.findall(r"`([\w.]+)`", several or one)) for file, several, one in PLACE.findall(DOCUMENT.read_text())
    ]
    assert len(places) > 120
    assert wrong_places(places) == []


def test_every_place_in_the_recipes_exists() -> None:
    """Those whose name is for the reader to choose are in a folder that exists."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    places = [(file, re.findall(r"`([\w.]+)`", several)) for file, several, _ in PLACE.findall(text)]
    assert len(places) > 50
    chosen = [file for file, _ in places if "NAME" in file]
    assert len(chosen) >= 5
    assert [file for file in chosen if not folder_named(file)] == []
    assert wrong_places([place for place in places if place[0] not in chosen]) == []


def test_what_does_not_exist_is_noticed() -> None:
    assert wrong_places([("provider/token.py", ["Token.sign", "Token.sing"]), ("provider/tokens.py", [])]) == [
        "provider/token.py: Token.sing",
        "provider/tokens.py",
    ]


def test_every_decision_has_its_four_parts() -> None:
    """Those that are split have them in each part."""
    sections = re.split(r"^#{3,4} (?=\d)", DOCUMENT.read_text(), flags=re.MULTILINE)[1:]
    assert len(sections) > 40
    wrong = []
    for section in sections:
        title, _, body = section.partition("\n")
        parts = re.findall(r"^- \*\*(\w+)\*\* ", body, re.MULTILINE)
        if body.strip() and tuple(parts) != PARTS:
            wrong.append(title)
    assert wrong == []


# -- who imports whom ---------------------------------------------------------------------------------------


def room_of(module: str) -> str:
    """The room, or the single file, that a module belongs to."""
    return module.removeprefix("pyjpki11.").partition(".")[0]


def modules() -> dict[str, Path]:
    """Every module of ours, by its name."""
    folder = ROOT / "src"
    paths = (path for package in PACKAGES for path in (folder / package).rglob("*.py"))
    return {".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imported(path: Path, known: set[str]) -> Iterator[tuple[str, bool]]:
    """The modules of ours that a file imports, and whether that is for types only."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            longer = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in longer]
        for name in names:
            if name in known:
                yield name, id(node) in for_types


@pytest.fixture(scope="module")
def imports() -> dict[str, tuple[set[str], set[str]]]:
    """Room -> the rooms that it imports, and those that it imports for types only."""
    known = modules()
    found: dict[str, tuple[set[str], set[str]]] = {}
    for module, path in known.items():
        if module == "pyjpki11":
            continue
        room = found.setdefault(room_of(module), (set(), set()))
        for name, is_for_types in imported(path, set(known)):
            if room_of(name) not in (room_of(module), "pyjpki11"):
                room[is_for_types].add(room_of(name))
    return {name: (running, for_types - running) for name, (running, for_types) in found.items()}


def test_the_table_of_rooms_has_every_import(imports: dict[str, tuple[set[str], set[str]]]) -> None:
    table = {
        room: (set(re.findall(r"\w+", running)), set(re.findall(r"\w+", for_types)))
        for room, running, for_types in ROOM.findall(DOCUMENT.read_text())
    }
    assert table == imports


def test_imports_go_down_the_table(imports: dict[str, tuple[set[str], set[str]]]) -> None:
    order = [room for room, _, _ in ROOM.findall(DOCUMENT.read_text())]
    rank = {room: float(place) for place, room in enumerate(order)}
    rank["jpki_softcard"] = 0.5  # it stands apart: the tool alone knows it
    upward = [(room, other) for room, (running, _) in imports.items() for other in running if rank[other] <= rank[room]]
    assert upward == []


# -- the picture --------------------------------------------------------------------------------------------


def steps_in_picture() -> list[tuple[str, list[str]]]:
    """The steps that it shows, each a file and one of its names."""
    texts = [
        [(part.get("class"), part.text or "") for part in text]
        for text in ElementTree.parse(PICTURE).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - it is ours
    ]
    return [(parts[0][1], [parts[1][1]]) for parts in texts if [kind for kind, _ in parts] == ["file", "name"]]


def test_the_picture_names_what_exists() -> None:
    assert len(steps_in_picture()) >= 12
    assert wrong_places(steps_in_picture()) == []


def test_the_picture_shows_the_steps_of_the_text() -> None:
    """One C_Sign, in the same order."""
    section = DOCUMENT.read_text().partition("## One signature")[2].partition("## One login")[0]
    told = re.findall(rf"^\| \d+ \| {FILE} `([\w.]+)` \|", section, re.MULTILINE)
    assert [(file, name) for file, (name,) in steps_in_picture()] == told


def test_the_picture_can_be_read_anywhere() -> None:
    """It fetches nothing, and knows dark pages."""
    text = PICTURE.read_text()
    assert "prefers-color-scheme: dark" in text
    assert re.findall(r"@import|@font-face|<image|<script|xlink:href|url\(", text) == ["url("] * text.count("url(#")
