"""Changing files that belong to others: all of a set or none, and each as a whole."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pyjpki11.registration import folders, refusal
from pyjpki11.registration.place import Place
from pyjpki11.registration.refusal import Refused

BACKUP_SUFFIX = ".pyjpki11-backup"
MAX_LOOKED_AT = 1024 * 1024  # bytes of a file that is not ours to change
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Change(NamedTuple):
    """What one file holds, and what it is to hold; None: there is no such file."""

    path: Path
    before: bytes | None
    after: bytes | None
    mode: int  # of a new file
    backup: Path | None = None  # where another change keeps what was there
    pattern: str = ""  # the file beside it whose mode, owner and attributes a new one has
    is_ours: bool = False  # a file that no program reads, only we

    def diff(self) -> list[str]:
        """The change for people, as `diff -u` shows it; nothing for what is not text."""
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
    if not is_within(real, place):
        raise Refused(refusal.SYMLINK, path=path, target=real)
    return real


def is_within(real: Path, place: Place) -> bool:
    """Whether a real file is in one of the user's folders, or the system's."""
    return any(real.is_relative_to(os.path.realpath(base)) for base in place.folders())


def mentions(real: Path, word: str) -> bool:
    """Whether a word is in a file that we do not change; of no other kind of file."""
    try:
        with open(os.open(real, READING), "rb") as file:
            return stat.S_ISREG(os.fstat(file.fileno()).st_mode) and word.encode() in file.read(MAX_LOOKED_AT)
    except OSError:
        return False


def read(path: Path, place: Place) -> bytes | None:
    """What is in a real file; None: there is none.

    :raises Refused: it is not a file, or in a user's folder but not the user's.
    :raises OSError: it cannot be read.
    """
    try:
        with folders.entered(path.parent) as folder:
            _check(os.stat(path.name, dir_fd=folder, follow_symlinks=False), path, place)
            file = os.open(path.name, READING, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        error.filename = str(path)
        raise
    with open(file, "rb") as stream:
        _check(os.fstat(file), path, place)
        return stream.read()


def _check(status: os.stat_result, path: Path, place: Place) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Refused(refusal.NOT_REGULAR, path=path)
    if not place.is_system and status.st_uid != os.geteuid():
        raise Refused(refusal.NOT_YOURS, path=path)


def apply(changes: Sequence[Change], place: Place) -> None:
    """Make all changes. Where one fails, those made before it are undone.

    :raises Refused: a file has changed since it was read.
    :raises OSError: a file cannot be written.
    """
    new = folders.missing(change.path for change in changes if change.after is not None)
    with contextlib.ExitStack() as undoing:
        undoing.callback(folders.remove_empty, new, place)
        for change in changes:
            if read(change.path, place) != change.before:
                raise Refused(refusal.CHANGED, path=change.path)
            undoing.callback(_undo, change, place)
            _put(change, change.after, place)
        undoing.pop_all()


def _undo(change: Change, place: Place) -> None:
    with contextlib.suppress(OSError, Refused):
        if read(change.path, place) != change.before:
            _put(change, change.before, place)


def _put(change: Change, content: bytes | None, place: Place) -> None:
    """Replace a file as a whole, or remove it."""
    path = change.path
    folder_mode = None if content is None else 0o755 if change.mode & stat.S_IROTH else 0o700
    try:
        with folders.entered(path.parent, place, folder_mode) as folder:
            if content is None:
                _remove(folder, path.name)
            else:
                _write(folder, path.name, content, change)
    except OSError as error:
        error.filename = str(path)  # that of the temporary one tells people nothing
        raise


def _remove(folder: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _write(folder: int, name: str, content: bytes, change: Change) -> None:
    temporary = f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with open(os.open(temporary, WRITING, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
            file.flush()
            _look_like(file.fileno(), folder, change.pattern or name, change.mode)
            os.fsync(file.fileno())
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _look_like(file: int, folder: int, pattern: str, mode: int) -> None:
    """Give a file the mode, owner and attributes of another one, or the mode only where that does not exist."""
    try:
        other = os.open(pattern, READING, dir_fd=folder)
    except FileNotFoundError:
        os.fchmod(file, mode)
        return
    try:
        status = os.fstat(other)
        if os.geteuid() == 0:
            os.fchown(file, status.st_uid, status.st_gid)
        if hasattr(os, "listxattr"):  # Linux
            _copy_attributes(other, file)
        os.fchmod(file, stat.S_IMODE(status.st_mode))
    finally:
        os.close(other)


def _copy_attributes(source: int, file: int) -> None:
    """Access lists, labels of SELinux, whatever else the file system keeps."""
    for name in os.listxattr(source):
        with contextlib.suppress(OSError):
            os.setxattr(file, name, os.getxattr(source, name))
