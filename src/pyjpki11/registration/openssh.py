"""OpenSSH: PKCS11Provider in its configuration, and a library where ssh-agent accepts it.

Spec: ssh_config(5), ssh-agent(1) option -P
"""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

from pyjpki11.registration.edits import EVERYBODYS_MODE, USERS_MODE, Block, Edit, LibraryCopy, OwnFile, Sidecar
from pyjpki11.registration.place import NAME, Place

#: What ssh-agent takes unless it is told otherwise; it matches the path behind all links.
ACCEPTED = ("/usr/lib*/*", "/usr/local/lib*/*")
COPY = "/usr/local/lib/libpyjpki11.so"
CONFIGURATION = "/etc/ssh/ssh_config"
PART = f"/etc/ssh/ssh_config.d/{NAME}.conf"
INCLUDE = re.compile(rb"^\s*Include\s.*/etc/ssh/ssh_config\.d/\*\.conf", re.MULTILINE | re.IGNORECASE)
LIBRARY = r'^\s*PKCS11Provider "(.+)"$'


def is_accepted(library: Path) -> bool:
    """Whether ssh-agent takes a library."""
    return any(fnmatch.fnmatchcase(str(library.resolve()), pattern) for pattern in ACCEPTED)


def edits(place: Place) -> list[Edit]:
    """A paragraph for all hosts, the last one, so that what the user says of a host wins."""
    if not place.is_system:
        return [Block(place.home / ".ssh" / "config", _lines(place.library), USERS_MODE, LIBRARY)]
    if is_accepted(place.library):
        return [_everybodys(place, place.library)]
    copy = place.on_disk(COPY)
    return [LibraryCopy(copy, place.library), Sidecar(copy, place.library), _everybodys(place, Path(COPY))]


def traces(place: Place) -> list[Edit]:
    """The same wherever it may have been written."""
    if not place.is_system:
        return [Block(place.home / ".ssh" / "config", [], USERS_MODE, LIBRARY)]
    copy, part, whole = (place.on_disk(path) for path in (COPY, PART, CONFIGURATION))
    return [
        LibraryCopy(copy, place.library),
        Sidecar(copy, place.library),
        OwnFile(part, [], EVERYBODYS_MODE, LIBRARY),
        Block(whole, [], EVERYBODYS_MODE, LIBRARY),
    ]


def _everybodys(place: Place, library: Path) -> Edit:
    whole = place.on_disk(CONFIGURATION)
    if whole.exists() and INCLUDE.search(whole.read_bytes()):
        return OwnFile(place.on_disk(PART), _lines(library), EVERYBODYS_MODE, LIBRARY)
    return Block(whole, _lines(library), EVERYBODYS_MODE, LIBRARY)


def _lines(library: Path) -> list[str]:
    return ["Host *", f'    PKCS11Provider "{library}"']
