"""What registering a program changes, and what taking the module out again does."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pyjpki11.registration import databases, files, folders, nss, ownership, record, refusal
from pyjpki11.registration.edits import LIBRARY_NAME, Edit, LibraryCopy
from pyjpki11.registration.files import Change
from pyjpki11.registration.place import NAME, Place
from pyjpki11.registration.programs import PROGRAMS
from pyjpki11.registration.record import Record
from pyjpki11.registration.refusal import Refused


class Left(NamedTuple):
    """A line that names the module, which we did not write and do not remove."""

    path: Path
    line: int


class Plan(NamedTuple):
    """Changes in the order in which they are to be made, what they leave, and folders that go when they are empty."""

    changes: list[Change]
    left: list[Left]
    folders: list[Path]

    def shown(self) -> list[Change]:
        """What users want to know of."""
        return [change for change in self.changes if not change.is_ours]


def carry_out(plan: Plan, place: Place) -> None:
    """Change everything or nothing.

    :raises Refused: a file has changed since it was read.
    :raises OSError: a file cannot be written.
    """
    files.apply(plan.changes, place)
    folders.remove_empty(plan.folders, place)


def registering(name: str, place: Place) -> Plan:
    """What registers a program; nothing where it is registered. Where it stands in other files than it would now, those
    are put right.

    :raises Refused: see its code.
    :raises OSError: a file cannot be read.
    """
    place.check_library()
    place.check_owner()
    PROGRAMS[name].check(place)
    known, place = _recorded(name, place)
    edits = PROGRAMS[name].edits(place)
    _check_root_alone(edits, place)
    paths = {files.real_path(edit.path, place) for edit in edits}
    changes = [change for edit in edits for change in _adding(edit, place)]
    changes += [each for edit in _traces(name, place, but=paths) for each in _removing(edit, place)]
    if changes:
        new = record.with_program(known, name, changes, nss.made(changes))
        changes += record.change(new, place)
    return Plan(changes, [], [])


def unregistering(name: str, place: Place) -> Plan:
    """What takes the module out of a program's files; where nothing else has changed since it was registered, they
    become again what they were, to the byte.

    :raises Refused: see its code.
    :raises OSError: a file cannot be read.
    """
    place.check_owner()
    known, place = _recorded(name, place)
    traces = _traces(name, place, but=())
    changes = [change for edit in traces for change in _removing(edit, place)]
    _check_closed(changes, place)
    after = {change.path: change.after for change in changes}
    left = [line for edit in traces for line in _left(files.real_path(edit.path, place), after, place)]
    return Plan([*changes, *record.change(record.without_program(known, name), place)], left, known.folders)


def _recorded(name: str, place: Place) -> tuple[Record, Place]:
    known = record.load(place)
    return known, place.knowing(known.files.get(name, []), known.databases)


def _check_root_alone(edits: Iterable[Edit], place: Place) -> None:
    """Whether root may be told to load the module, in files of root's own or in those of all users. A user who is not
    root is asked for nothing more than the right to write, in their own files and in a system of their own.

    :raises Refused: others than root can change it, or the copy of it.
    """
    if os.geteuid() != 0 and not (place.is_system and place.root == Path("/")):
        return
    copies = [files.real_path(edit.path, place) for edit in edits if isinstance(edit, LibraryCopy)]
    found = [ownership.foreign_part(place.library)]
    found += [ownership.foreign_step(copy.parent, place.root) for copy in copies]
    for path in filter(None, found):
        raise Refused(refusal.NOT_ROOTS, path=path)


def _check_closed(changes: Iterable[Change], place: Place) -> None:
    """Whether databases that go are closed: what a browser writes into one that is gone would be lost.

    :raises Refused: a program has one open.
    """
    for change in changes:
        if change.after is None and change.path in place.made and databases.is_open(change.path):
            raise Refused(refusal.IN_USE, path=change.path)


def _traces(name: str, place: Place, but: Iterable[Path]) -> list[Edit]:
    """Each file once in which the module may stand; one that a link leads to elsewhere only if the module is in it."""
    found: dict[Path, Edit] = {}
    for edit in PROGRAMS[name].traces(place):
        real = Path(os.path.realpath(edit.path))
        if real not in but and (files.is_within(real, place) or files.mentions(real, NAME)):
            found.setdefault(real, edit)
    return list(found.values())


def _adding(edit: Edit, place: Place) -> list[Change]:
    path = files.real_path(edit.path, place)
    before = files.read(path, place)
    after = edit.added(before)
    if after == before:
        return []
    copies = [] if before is None or edit.is_ours_alone else _keeping(edit, path, before, place)
    backup = copies[0].path if copies else None
    return [*copies, Change(path, before, after, edit.mode, backup)]


def _keeping(edit: Edit, path: Path, before: bytes, place: Place) -> list[Change]:
    """The copy of a file as it is without us. One made when it was first changed stays, if that is what it is."""
    backup = files.backup_path(path)
    old, without = files.read(backup, place), edit.removed(before)
    if without is None or (without != before and old is not None and _is_without_us(edit, old)):
        return []
    return [Change(backup, old, without, edit.mode, pattern=path.name, is_ours=True)]


def _removing(edit: Edit, place: Place) -> list[Change]:
    path = files.real_path(edit.path, place)
    before = files.read(path, place)
    if before is None:
        return []
    backup = files.read(files.backup_path(path), place)
    after = _without_us(edit, before, backup)
    copies = [] if backup is None else [Change(files.backup_path(path), backup, None, edit.mode, is_ours=True)]
    return [*([] if after == before else [Change(path, before, after, edit.mode)]), *copies]


def _without_us(edit: Edit, content: bytes, backup: bytes | None) -> bytes | None:
    """The copy, if the file holds nothing else than it and some build of us; otherwise the file with us taken out."""
    if not edit.is_ours_alone and NAME.encode() not in content:
        return content
    left = edit.removed(content)
    if backup is None or left == content or not _is_without_us(edit, backup):
        return left
    return backup if edit.removed(edit.added(backup)) == left else left


def _is_without_us(edit: Edit, content: bytes) -> bool:
    """Whether a copy is one of the file as others have it."""
    try:
        return edit.removed(content) == content
    except Refused:
        return False


def _left(path: Path, after: dict[Path, bytes | None], place: Place) -> list[Left]:
    """What in a file still has the module loaded once the changes are made."""
    content = (after[path] if path in after else files.read(path, place)) or b""
    lines = enumerate(content.split(b"\n"), start=1)
    named = [number for number, line in lines if LIBRARY_NAME.encode() in line and not line.lstrip().startswith(b"#")]
    return [Left(path, number) for number in named]
