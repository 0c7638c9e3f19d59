"""Changing files that belong to others: all of a set or none, each as a whole, with a copy of what was there."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pyjpki11.registration import refusal
from pyjpki11.registration.place import Place
from pyjpki11.registration.refusal import Refused

BACKUP_SUFFIX = ".pyjpki11-backup"


class Change(NamedTuple):
    """What one file holds, and what it is to hold; None: there is no such file."""

    path: Path
    before: bytes | None
    after: bytes | None
    mode: int  # of a new file
    is_backed_up: bool = True

    @property
    def backup(self) -> Path | None:
        """Where what was there is kept, if it is."""
        is_kept = self.is_backed_up and self.before is not None and self.after is not None
        return backup_path(self.path) if is_kept else None

    def diff(self) -> list[str]:
        """The change for people, as `diff -u` shows it; nothing for what is no text."""
        texts = [_text(content) for content in (self.before, self.after)]
        if None in texts:
            return []
        old, new = (os.devnull if content is None else str(self.path) for content in (self.before, self.after))
        before, after = ((text or "").splitlines() for text in texts)
        return list(difflib.unified_diff(before, after, old, new, lineterm=""))


def _text(content: bytes | None) -> str | None:
    return None if content and b"\0" in content else (content or b"").decode(errors="backslashreplace")


def backup_path(path: Path) -> Path:
    """Where the copy of a file is kept as long as the file is changed."""
    return path.with_name(path.name + BACKUP_SUFFIX)


def real_path(path: Path, place: Place) -> Path:
    """The file behind all symbolic links.

    :raises Refused: a link leads out of the user's folders, or the system's.
    """
    real = Path(os.path.realpath(path))
    folders = [os.path.realpath(folder) for folder in place.folders()]
    if not any(real.is_relative_to(folder) for folder in folders):
        raise Refused(refusal.SYMLINK, path=path, target=real)
    return real


def read(path: Path, place: Place) -> bytes | None:
    """What is in a real file; None: there is none.

    :raises Refused: it is no file, or in a user's folder but not the user's.
    :raises OSError: it cannot be read.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise Refused(refusal.NOT_REGULAR, path=path)
    if not place.is_system and status.st_uid != os.geteuid():
        raise Refused(refusal.NOT_YOURS, path=path)
    return path.read_bytes()


def apply(changes: Iterable[Change]) -> None:
    """Make all changes. Where one fails, those made before it are undone.

    :raises Refused: a file has changed since it was read.
    :raises OSError: a file cannot be written.
    """
    with contextlib.ExitStack() as undoing:
        for change in changes:
            if _content(change.path) != change.before:
                raise Refused(refusal.CHANGED, path=change.path)
            undoing.callback(_undo, change)
            _apply(change)
        undoing.pop_all()


def _apply(change: Change) -> None:
    if change.backup and change.before is not None:
        _write(change.backup, change.before, change)
    _put(change.path, change.after, change)
    if _content(backup_path(change.path)) in (None, change.after) or change.after is None:
        backup_path(change.path).unlink(missing_ok=True)


def _undo(change: Change) -> None:
    with contextlib.suppress(OSError):
        if _content(change.path) != change.before:
            _put(change.path, change.before, change)
        if _content(backup_path(change.path)) == change.before:
            backup_path(change.path).unlink(missing_ok=True)


def _put(path: Path, content: bytes | None, change: Change) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        _write(path, content, change)


def _write(path: Path, content: bytes, change: Change) -> None:
    """Replace a file as a whole. A new one has the mode, owner and attributes of the changed file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755 if change.mode & stat.S_IROTH else 0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            _look_like(file.fileno(), change)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        error.filename = str(path)  # that of the temporary one tells nobody anything
        raise


def _look_like(file: int, change: Change) -> None:
    try:
        status = change.path.stat()
    except FileNotFoundError:
        os.fchmod(file, change.mode)
        return
    if os.geteuid() == 0:
        os.fchown(file, status.st_uid, status.st_gid)
    if hasattr(os, "listxattr"):  # Linux
        _copy_attributes(change.path, file)
    os.fchmod(file, stat.S_IMODE(status.st_mode))


def _copy_attributes(path: Path, file: int) -> None:
    """Access lists, labels of SELinux, whatever else the file system keeps."""
    for name in os.listxattr(path):
        with contextlib.suppress(OSError):
            os.setxattr(file, name, os.getxattr(path, name))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
