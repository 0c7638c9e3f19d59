"""Small files that the module keeps between runs, in a folder of the user's own.

Only what is public goes here. A folder or file that belongs to somebody else, or is a link, is not used; and a
disk that is full or read-only costs nothing but the memory.
"""

from __future__ import annotations

import posix
from _stat import S_ISDIR, S_ISREG

from pyjpki11 import environment, log

MAX_LEN = 64 * 1024  # bytes; no file of ours is longer


def folder() -> str:
    """Where the files are: $XDG_CACHE_HOME/pyjpki11 or ~/.cache/pyjpki11; empty where there is no home."""
    variables = environment.variables()
    home = variables.get("HOME", "")
    base = variables.get("XDG_CACHE_HOME") or (f"{home}/.cache" if _is_folder(home) else "")
    return f"{base}/pyjpki11" if base.startswith("/") else ""


def read_lines(name: str) -> list[str]:
    """The lines of a file, or none."""
    if not _folder_is_ours():
        return []
    try:
        file = posix.open(f"{folder()}/{name}", posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK)
    except OSError:
        return []
    try:
        status = posix.fstat(file)
        if status.st_uid != posix.geteuid() or not S_ISREG(status.st_mode):
            return []
        return posix.read(file, MAX_LEN).decode(errors="replace").splitlines()
    except OSError:
        return []
    finally:
        posix.close(file)


def write_lines(name: str, lines: list[str]) -> None:
    """Replace a file as a whole, readable by its owner only."""
    if not folder():
        return
    temporary = f"{folder()}/.{name}.{posix.getpid()}.{posix.urandom(4).hex()}"
    try:
        _make_folder(folder())
        if not _folder_is_ours():
            raise PermissionError(f"{folder()} belongs to somebody else")
        _write(temporary, "".join(f"{line}\n" for line in lines).encode())
        posix.replace(temporary, f"{folder()}/{name}")
    except OSError as error:
        log.info(f"not remembered: {error}")
        _remove(temporary)


def _write(path: str, data: bytes) -> None:
    file = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW | posix.O_CLOEXEC, 0o600)
    try:
        if posix.write(file, data) != len(data):
            raise OSError("the disk is full")
    finally:
        posix.close(file)


def _remove(path: str) -> None:
    try:
        posix.unlink(path)
    except OSError:
        pass  # it was never made


def _make_folder(path: str) -> None:
    """Make a folder, and those that it is in, unless it is there."""
    if not path or _is_folder(path):
        return
    _make_folder(path.rpartition("/")[0])
    try:
        posix.mkdir(path, 0o700)
    except FileExistsError:
        pass  # another process was as fast, or it is a file: then writing fails


def _is_folder(path: str) -> bool:
    try:
        return S_ISDIR(posix.stat(path).st_mode)
    except OSError:
        return False


def _folder_is_ours() -> bool:
    try:
        status = posix.lstat(folder())
    except OSError:
        return False
    return status.st_uid == posix.geteuid() and S_ISDIR(status.st_mode)
