"""Chromium and its relatives Chrome, Edge, Brave, Vivaldi, Opera: the user's database of NSS."""

from __future__ import annotations

from pathlib import Path

from pyjpki11.registration import confinement, nss, refusal
from pyjpki11.registration.edits import Edit
from pyjpki11.registration.place import Place
from pyjpki11.registration.refusal import Refused

PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "brave-browser",
    "brave",
    "vivaldi",
    "opera",
)
FLATPAKS = (
    "org.chromium.Chromium",
    "com.google.Chrome",
    "com.microsoft.Edge",
    "com.brave.Browser",
    "com.vivaldi.Vivaldi",
    "com.opera.Opera",
)


def check(place: Place) -> None:
    """Chromium reads each user's own database only."""
    if place.is_system:
        raise Refused(refusal.NO_SYSTEM_WIDE)
    confinement.check(place, PROGRAMS, FLATPAKS)


def edits(place: Place) -> list[Edit]:
    """What the database needs."""
    return [] if place.is_system else nss.edits(database(place), place.library)


def traces(place: Place) -> list[Edit]:
    """The same wherever it may have been written."""
    return [] if place.is_system else [edit for folder in _folders(place) for edit in nss.traces(folder, place)]


def database(place: Place) -> Path:
    """Where the database is. From version 146 on it is in the user's data unless the old folder is there, which all
    versions use. Spec: OpenSC src/tools/pkcs11-register.c"""
    old, new = _folders(place)
    return new if new.exists() and not old.parent.exists() else old


def _folders(place: Place) -> tuple[Path, Path]:
    return place.home / ".pki" / "nssdb", place.data_home / "pki" / "nssdb"
