"""What registering made and changed, in one file: it alone tells our empty folders and databases from those of others.

The file is there as long as a program is registered. What it names is looked at like anything else before it is
changed; a record that cannot be understood counts as empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pyjpki11.registration import files, folders
from pyjpki11.registration.edits import EVERYBODYS_MODE, USERS_MODE
from pyjpki11.registration.files import Change
from pyjpki11.registration.place import Place

FILE = "registered.json"


class Record(NamedTuple):
    """Paths as they are on disk."""

    files: Mapping[str, list[Path]]  # program -> the files that were changed for it
    folders: list[Path]  # that we made
    databases: Mapping[Path, str]  # that we made -> fingerprint of what was in them


NOTHING = Record({}, [], {})


def path(place: Place) -> Path:
    """Where the record is."""
    return place.notes_folder() / FILE


def load(place: Place) -> Record:
    """What is recorded.

    :raises Refused: the file is not ours to read.
    :raises OSError: it cannot be read.
    """
    content = files.read(files.real_path(path(place), place), place)
    try:
        return _parsed(json.loads(content or b"{}"), place)
    except (ValueError, TypeError, AttributeError):
        return NOTHING


def with_program(record: Record, name: str, changes: Iterable[Change], databases: Mapping[Path, str]) -> Record:
    """The record once a program is registered, too."""
    changed = [change.path for change in changes if not change.is_ours and change.after is not None]
    paths = sorted({*record.files.get(name, []), *changed})
    made = sorted({*record.folders, *folders.missing(changed)})
    return Record({**record.files, name: paths}, made, {**record.databases, **databases})


def without_program(record: Record, name: str) -> Record:
    """The record once a program is no longer registered. With the last one goes everything: what is not empty by then
    is in use by others."""
    others = {program: paths for program, paths in record.files.items() if program != name}
    return record._replace(files=others) if others else NOTHING


def change(new: Record, place: Place) -> list[Change]:
    """What is to be written, if anything. The record's own folders are recorded as well."""
    target = files.real_path(path(place), place)
    before = files.read(target, place)
    if new.files:
        new = new._replace(folders=sorted({*new.folders, *folders.missing([target])}))
    after = _text(new, place) if new.files else None
    if after == before:
        return []
    return [Change(target, before, after, EVERYBODYS_MODE if place.is_system else USERS_MODE, is_ours=True)]


def _text(record: Record, place: Place) -> bytes:
    """System-wide paths are those that programs of that system know."""

    def name(each: Path) -> str:
        return place.in_system(each) if place.is_system else str(each)

    document = {
        "files": {program: [name(each) for each in paths] for program, paths in record.files.items()},
        "folders": [name(each) for each in record.folders],
        "databases": {name(each): fingerprint for each, fingerprint in record.databases.items()},
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode(errors="surrogateescape")


def _parsed(document: Mapping[str, object], place: Place) -> Record:
    def found(text: object) -> Path:
        return place.on_disk(str(text)) if place.is_system else Path(str(text))

    programs: Mapping[str, list[str]] = dict(document.get("files", {}))  # type: ignore[call-overload]
    made: list[str] = list(document.get("folders", []))  # type: ignore[call-overload]
    databases: Mapping[str, str] = dict(document.get("databases", {}))  # type: ignore[call-overload]
    return Record(
        {str(program): [found(each) for each in paths] for program, paths in programs.items()},
        [found(each) for each in made],
        {found(each): str(fingerprint) for each, fingerprint in databases.items()},
    )
