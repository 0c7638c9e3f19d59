"""The list of modules in a database of NSS, the file pkcs11.txt.

It has a paragraph for each module, of lines KEY=VALUE. NSS adds its own module where it finds none.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from pyjpki11.registration import databases, files, refusal
from pyjpki11.registration.edits import LIBRARY_NAME, USERS_MODE, Edit, NewFile
from pyjpki11.registration.files import Change
from pyjpki11.registration.place import NAME, Place
from pyjpki11.registration.refusal import Refused

MODULES = "pkcs11.txt"
DATABASES = ("cert9.db", "key4.db")
#: A database of before 2018, which NSS takes over into a new one where there is none yet.
OLD_DATABASE = "cert8.db"
LINE = re.compile(r"[A-Za-z]\w*=.*|#.*")
TIMEOUT_S = 60


class Module:
    """Our paragraph of the file."""

    mode = USERS_MODE
    is_ours_alone = False

    def __init__(self, path: Path, library: Path, *, is_made: bool = False) -> None:
        """:param is_made: whether there was no list before ours, and NSS would make its part of it again."""
        self.path = path
        self._library = str(library)
        self._is_made = is_made

    def added(self, before: bytes | None) -> bytes:
        """See Edit."""
        paragraphs = self._paragraphs(before or b"")
        if any(_value(paragraph, "library") == self._library for paragraph in paragraphs):
            return before or b""  # perhaps under a name that the user has given it
        others = [paragraph for paragraph in paragraphs if not _is_ours(paragraph)]
        return _joined([*others, [f"library={self._library}", f"name={NAME}"]])

    def removed(self, before: bytes) -> bytes | None:
        """See Edit."""
        paragraphs = self._paragraphs(before)
        others = [paragraph for paragraph in paragraphs if not _is_ours(paragraph)]
        if self._is_made and all(_value(paragraph, "NSS") and not _value(paragraph, "library") for paragraph in others):
            return None
        return before if others == paragraphs else _joined(others) or None

    def library(self, content: bytes) -> str:
        """See Edit."""
        ours = [paragraph for paragraph in self._paragraphs(content) if _is_ours(paragraph)]
        return _value(ours[0], "library") if ours else ""

    def _paragraphs(self, content: bytes) -> list[list[str]]:
        text = content.decode(errors="surrogateescape")
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip() and not LINE.fullmatch(line):
                raise Refused(refusal.NOT_UNDERSTOOD, path=self.path, line=number)
        paragraphs = (paragraph.strip("\n").split("\n") for paragraph in re.split(r"\n\s*\n", text))
        return [paragraph for paragraph in paragraphs if any(paragraph)]


def _value(paragraph: list[str], key: str) -> str:
    values = [line.partition("=")[2].strip() for line in paragraph if line.startswith(f"{key}=")]
    return values[0] if values else ""


def _is_ours(paragraph: list[str]) -> bool:
    return _value(paragraph, "name") == NAME or Path(_value(paragraph, "library")).name == LIBRARY_NAME


def _joined(paragraphs: list[list[str]]) -> bytes:
    text = "".join("".join(f"{line}\n" for line in paragraph) + "\n" for paragraph in paragraphs)
    return text.encode(errors="surrogateescape")


def edits(folder: Path, library: Path) -> list[Edit]:
    """What a database in that folder needs; a new one where there is none."""
    return [*_database(folder), Module(folder / MODULES, library)]


def traces(folder: Path, place: Place) -> list[Edit]:
    """What may have been written into that folder. A database goes when it is ours and nothing was put into it."""
    is_ours = _is_as_made(folder, place)
    going: list[Edit] = [NewFile(folder / name, bytes) for name in DATABASES] if is_ours else []
    modules = folder / MODULES
    is_made = is_ours and not files.backup_path(Path(os.path.realpath(modules))).exists()
    return [*going, Module(modules, place.library, is_made=is_made)]


def made(changes: Iterable[Change]) -> dict[Path, str]:
    """The databases that some changes make, and the fingerprint of each."""
    new = [change for change in changes if change.path.name in DATABASES and change.before is None]
    return {change.path: databases.fingerprint(change.after or b"") for change in new}


def _is_as_made(folder: Path, place: Place) -> bool:
    paths = [Path(os.path.realpath(folder / name)) for name in DATABASES]
    return all(path in place.made and path.is_file() and _holds(path, place) == place.made[path] for path in paths)


def _holds(path: Path, place: Place) -> str:
    return databases.fingerprint(files.read(path, place) or b"")


def _database(folder: Path) -> list[Edit]:
    """An empty database, as browsers make it. Without certutil the browser makes it when it starts."""
    paths = [folder / name for name in DATABASES]
    is_there = paths[0].exists() or (folder / OLD_DATABASE).exists()
    if not is_there and shutil.which("certutil") is None:
        return []
    make = functools.cache(_new_database)
    needed = [path for path in paths if path.exists()] if is_there else paths
    return [NewFile(path, functools.partial(lambda name: make()[name], path.name)) for path in needed]


def _new_database() -> dict[str, bytes]:
    """The files of a new database without a password.

    :raises Refused: certutil fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["certutil", "-N", "--empty-password", "-d", f"sql:{folder}"]
        try:
            subprocess.run(  # noqa: S603 - the program of NSS
                command, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S
            )
        except (OSError, subprocess.SubprocessError):
            raise Refused(refusal.TOOL_FAILED, program=command[0]) from None
        return {name: (Path(folder) / name).read_bytes() for name in DATABASES}
