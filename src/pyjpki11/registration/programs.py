"""The programs that can be told of the module, and where each of them stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pyjpki11.registration import chromium, files, firefox, java, openssh, openssl, p11_kit, record
from pyjpki11.registration.edits import Edit
from pyjpki11.registration.place import Place

ABSENT = "absent"
REGISTERED = "registered"
OUTDATED = "outdated"
LIBRARY_MISSING = "library-missing"


class Program(NamedTuple):
    """A program: `check` refuses where registering would do no good, `edits` says what its files need, `traces` names
    all files in which the module may stand, whatever was true when it was registered."""

    check: Callable[[Place], None]
    edits: Callable[[Place], list[Edit]]
    traces: Callable[[Place], list[Edit]]


def _nothing(place: Place) -> None:
    """ssh needs nothing else."""


PROGRAMS = {
    "firefox": Program(firefox.check, firefox.edits, firefox.traces),
    "chromium": Program(chromium.check, chromium.edits, chromium.traces),
    "p11-kit": Program(p11_kit.check, p11_kit.edits, p11_kit.traces),
    "openssh": Program(_nothing, openssh.edits, openssh.traces),
    "openssl": Program(openssl.check, openssl.edits, openssl.traces),
    "java": Program(java.check, java.edits, java.traces),
}


class Entry(NamedTuple):
    """What a file says of the module."""

    path: Path
    state: str
    library: str


def entries(name: str, place: Place) -> list[Entry]:
    """What a program's files say of the module, for those that name a library or should.

    :raises Refused: a file cannot be understood.
    :raises OSError: a file cannot be read.
    """
    known = record.load(place)
    place = place.knowing(known.files.get(name, []), known.databases)
    found = []
    for edit in PROGRAMS[name].edits(place):
        content = files.read(files.real_path(edit.path, place), place)
        library = "" if content is None else edit.library(content)
        if library:
            found.append(Entry(edit.path, _state(edit, content, place, library), library))
    return found


def _state(edit: Edit, content: bytes | None, place: Place, library: str) -> str:
    if not place.on_disk(library).exists() and not Path(library).exists():
        return LIBRARY_MISSING
    return REGISTERED if edit.added(content) == content else OUTDATED


def state(entries: list[Entry]) -> str:
    """What they mean together: the worst of them, or that there are none."""
    states = [entry.state for entry in entries]
    return next((each for each in (LIBRARY_MISSING, OUTDATED, REGISTERED) if each in states), ABSENT)
