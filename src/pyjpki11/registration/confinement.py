"""Programs in a snap or a flatpak, which load nothing from outside of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pyjpki11.registration import refusal
from pyjpki11.registration.place import Place
from pyjpki11.registration.refusal import Refused

PROGRAM_FOLDERS = ("usr/bin", "usr/local/bin", "opt/firefox")
SNAPS = ("snap/bin", "var/lib/snapd/snap/bin")
FLATPAKS = "var/lib/flatpak/app"
USERS_FLATPAKS = "flatpak/app"
MAX_SCRIPT_LEN = 16 * 1024  # bytes


def check(place: Place, programs: Iterable[str], flatpaks: Iterable[str]) -> None:
    """Look whether one of these programs can load the module.

    :raises Refused: all that are installed are confined.
    """
    programs = list(programs)
    if any(_is_free(place.on_disk(folder) / name) for folder in PROGRAM_FOLDERS for name in programs):
        return
    for confined, code in confined_programs(place, programs, flatpaks):
        raise Refused(code, path=confined)


def confined_programs(place: Place, programs: Iterable[str], flatpaks: Iterable[str]) -> list[tuple[Path, str]]:
    """Those that cannot load the module, and what each is in."""
    snaps = [place.on_disk(folder) / name for folder in SNAPS for name in programs]
    folders = (place.on_disk(FLATPAKS), place.data_home / USERS_FLATPAKS)
    apps = [folder / name for folder in folders for name in flatpaks]
    found = [(path, refusal.SNAP) for path in snaps if path.exists() or path.is_symlink()]
    return found + [(path, refusal.FLATPAK) for path in apps if path.exists()]


def _is_free(program: Path) -> bool:
    """Whether a program is there that is not a script which starts the snap, as Ubuntu's packages are."""
    try:
        if "snap" in program.resolve().parts:
            return False
        with program.open("rb") as file:
            return b"/snap/bin/" not in file.read(MAX_SCRIPT_LEN)
    except OSError:
        return False
