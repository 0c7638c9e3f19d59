"""Whose files are changed, and where those are."""

from __future__ import annotations

import copy
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pyjpki11.registration import refusal
from pyjpki11.registration.refusal import Refused

#: No format that the path is written into gives these characters a meaning of their own.
PLAIN_PATH = re.compile(r"/[\w/.,+@=:~ -]+")
NAME = "pyjpki11"


class Place:
    """A user's own files, or those of the whole system."""

    def __init__(
        self, library: Path, environment: Mapping[str, str], *, is_system: bool = False, root: Path = Path("/")
    ) -> None:
        """:param root: the folder in which the system is, to which programs and system-wide files belong."""
        self.library = library
        self.is_system = is_system
        self.root = root
        self.environment = environment
        self.home = Path(environment.get("HOME") or "/nonexistent")
        self.config_home = Path(environment.get("XDG_CONFIG_HOME") or self.home / ".config")
        self.data_home = Path(environment.get("XDG_DATA_HOME") or self.home / ".local/share")
        self.state_home = Path(environment.get("XDG_STATE_HOME") or self.home / ".local/state")
        self.known: Sequence[Path] = ()  # the files that were changed for a program when it was registered
        self.made: Mapping[Path, str] = {}  # the databases that we made, and the fingerprint of each

    def knowing(self, known: Sequence[Path], made: Mapping[Path, str]) -> Place:
        """The same with what is recorded of it."""
        other = copy.copy(self)
        other.known, other.made = known, made
        return other

    def on_disk(self, path: str | Path) -> Path:
        """Where a file of the system really is."""
        return self.root / str(path).lstrip("/")

    def in_system(self, path: Path) -> str:
        """What programs call a file of the system, or of a user."""
        return f"/{path.relative_to(self.root)}" if path.is_relative_to(self.root) else str(path)

    def glob(self, pattern: str) -> list[Path]:
        """The files of the system that a pattern fits, as they are on disk."""
        return sorted(self.root.glob(pattern.lstrip("/")))

    def own_folder(self) -> Path:
        """The folder of files that only we write."""
        return self.on_disk("/etc") / NAME if self.is_system else self.config_home / NAME

    def notes_folder(self) -> Path:
        """The folder of what only we read."""
        return (self.on_disk("/var/lib") if self.is_system else self.state_home) / NAME

    def folders(self) -> Iterator[Path]:
        """Where a symbolic link may lead to."""
        if self.is_system:
            yield from (self.on_disk(name) for name in ("/etc", "/usr", "/opt", "/var/lib"))
        else:
            yield from (self.home, self.config_home, self.data_home, self.state_home)

    def check_library(self) -> None:
        """Look whether the library can be registered.

        :raises Refused: its path cannot be written into all formats.
        """
        if not PLAIN_PATH.fullmatch(str(self.library)):
            raise Refused(refusal.UNUSABLE_PATH, path=self.library)

    def check_owner(self) -> None:
        """Look whether the files are ours to change. The owner of a home also owns what is missing in it.

        :raises Refused: the home, or another folder of the user's own, belongs to another user.
        """
        if self.is_system:
            return
        if not self.home.is_dir() or self.home.stat().st_uid != os.geteuid():
            raise Refused(refusal.HOME_NOT_YOURS, path=self.home)
        for folder in (self.config_home, self.data_home, self.state_home):
            if _nearest(folder).stat().st_uid not in (0, os.geteuid()):
                raise Refused(refusal.HOME_NOT_YOURS, path=folder)


def _nearest(folder: Path) -> Path:
    """A folder, or the one above it in which it would be made."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


def closed_to_others(path: Path) -> Path | None:
    """What keeps other users from reading a file: the file, a folder above it, or nothing."""
    for part in (*reversed(path.resolve().parents), path.resolve()):
        needed = stat.S_IXOTH if part.is_dir() else stat.S_IROTH
        if not part.stat().st_mode & needed:
            return part
    return None
