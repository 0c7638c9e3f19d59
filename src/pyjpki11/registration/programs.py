"""The programs that can be told of the module, and where each of them stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pyjpki11.registration import chromium, files, firefox, java, openssh, openssl, p11_kit
from pyjpki11.registration.edits import Edit
from pyjpki11.registration.files import Change
from pyjpki11.registration.place import Place

ABSENT = "absent"
REGISTERED = "registered"
OUTDATED = "outdated"
LIBRARY_MISSING = "library-missing"


class Program(NamedTuple):
    """A program: `check` refuses where registering would do no good, `edits` says what its files need."""

    check: Callable[[Place], None]
    edits: Callable[[Place], list[Edit]]


def _nothing(place: Place) -> None:
    """ssh needs nothing else."""


PROGRAMS = {
    "firefox": Program(firefox.check, firefox.edits),
    "chromium": Program(chromium.check, chromium.edits),
    "p11-kit": Program(p11_kit.check, p11_kit.edits),
    "openssh": Program(_nothing, openssh.edits),
    "openssl": Program(openssl.check, openssl.edits),
    "java": Program(java.check, java.edits),
}


class Entry(NamedTuple):
    """What a file says of the module."""

    path: Path
    state: str
    library: str


def registering(name: str, place: Place) -> list[Change]:
    """The changes that register a program; none where it is registered.

    :raises Refused: see its code.
    :raises OSError: a file cannot be read.
    """
    place.check()
    PROGRAMS[name].check(place)
    changes = []
    for edit in PROGRAMS[name].edits(place):
        path = files.real_path(edit.path, place)
        before = files.read(path, place)
        changes.append(Change(path, before, edit.added(before), edit.mode, not edit.is_ours_alone))
    return [change for change in changes if change.after != change.before]


def unregistering(name: str, place: Place) -> list[Change]:
    """The changes that take the module out of a program's files; where nothing else has changed since it was
    registered, they become again what they were, to the byte.

    :raises Refused: see its code.
    :raises OSError: a file cannot be read.
    """
    place.check()
    changes = []
    for edit in PROGRAMS[name].edits(place):
        path = files.real_path(edit.path, place)
        before = files.read(path, place)
        if before is not None:
            changes.append(Change(path, before, _restored(edit, path, place, before), edit.mode, False))
    return [change for change in changes if change.after != change.before]


def _restored(edit: Edit, path: Path, place: Place, content: bytes) -> bytes | None:
    backup = files.read(files.backup_path(path), place)
    return backup if backup is not None and edit.added(backup) == content else edit.removed(content)


def entries(name: str, place: Place) -> list[Entry]:
    """What a program's files say of the module, for those that name a library or should.

    :raises Refused: a file cannot be understood.
    :raises OSError: a file cannot be read.
    """
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
