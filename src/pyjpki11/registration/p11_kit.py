"""p11-kit, and with it GnuTLS and everything that uses p11-kit's proxy: a file for the module.

Spec: pkcs11.conf(5)
"""

from __future__ import annotations

import os

from pyjpki11.registration import refusal
from pyjpki11.registration.edits import EVERYBODYS_MODE, Edit, OwnFile
from pyjpki11.registration.place import NAME, Place
from pyjpki11.registration.refusal import Refused

LIBRARY = r"^module: (.+)$"


def check(place: Place) -> None:
    """p11-kit reads no files from root's home."""
    if not place.is_system and os.geteuid() == 0:
        raise Refused(refusal.NOT_FOR_ROOT)


def edits(place: Place) -> list[Edit]:
    """The file that names the module."""
    return [_file(place, [f"module: {place.library}"])]


def traces(place: Place) -> list[Edit]:
    """The same, whatever is in it."""
    return [_file(place, [])]


def _file(place: Place, lines: list[str]) -> Edit:
    base = place.on_disk("/etc") if place.is_system else place.config_home
    path = base / "pkcs11" / "modules" / f"{NAME}.module"
    return OwnFile(path, lines, EVERYBODYS_MODE, LIBRARY)
