"""Folders on the way to a file, entered one after the other: no link that is put in their place meanwhile counts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyjpki11.registration import refusal
from pyjpki11.registration.place import Place
from pyjpki11.registration.refusal import Refused

#: Entering a folder needs no right to list it where the system has O_PATH.
ENTERING = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def entered(path: Path, changing: Place | None = None, mode: int | None = None) -> Iterator[int]:
    """A descriptor of a folder whose path has no symbolic links.

    :param changing: whose files are changed in it, if any are.
    :param mode: of folders that are missing, which are made; None: none is.
    :raises Refused: a folder in which we change files belongs to another user.
    :raises OSError: there is no such folder, or a part of the path is a link by now.
    """
    bases = [os.path.realpath(base) for base in changing.folders()] if changing else []
    at = Path(path.anchor)
    folder = os.open(at, ENTERING)
    try:
        for name in path.parts[1:]:
            at = at / name
            outer, folder = folder, _below(folder, name, at, mode)
            os.close(outer)
            if any(at.is_relative_to(base) for base in bases):
                _check_owner(folder, at)
        yield folder
    finally:
        os.close(folder)


def _below(folder: int, name: str, path: Path, mode: int | None) -> int:
    try:
        if mode is not None:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, mode, dir_fd=folder)
        return os.open(name, ENTERING, dir_fd=folder)
    except OSError as error:
        error.filename = str(path)
        raise


def _check_owner(folder: int, path: Path) -> None:
    if os.fstat(folder).st_uid not in (0, os.geteuid()):
        raise Refused(refusal.NOT_YOURS, path=path)


def missing(paths: Iterable[Path]) -> list[Path]:
    """The folders that have to be made for files to be in them, the outer ones first."""
    found = {folder for path in paths for folder in path.parents if not os.path.lexists(folder)}
    return sorted(found)


def remove_empty(paths: Iterable[Path], place: Place) -> None:
    """Remove those of some folders that are empty, or become so by that."""
    for path in sorted(paths, reverse=True):
        with contextlib.suppress(OSError, Refused), entered(path.parent, place) as folder:
            os.rmdir(path.name, dir_fd=folder)
