"""Small files that the module keeps between runs, in a folder of the user's own.

Only what is public goes here. A folder or file that belongs to somebody else, or is a link, is not used; and a
disk that is full or read-only costs nothing but the memory.
"""

from __future__ import annotations

import os
import stat

from pyjpki11 import log

MAX_LEN = 64 * 1024  # bytes; no file of ours is longer


def folder() -> str:
    """Where the files are: $XDG_CACHE_HOME/pyjpki11 or ~/.cache/pyjpki11; empty where there is no home."""
    home = os.environ.get("HOME", "")
    base = os.environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if os.path.isdir(home) else "")
    return f"{base}/pyjpki11" if base.startswith("/") else ""


def read_lines(name: str) -> list[str]:
    """The lines of a file, or none."""
    if not _folder_is_ours():
        return []
    try:
        file = os.open(f"{folder()}/{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        status = os.fstat(file)
        if status.st_uid != os.geteuid() or not stat.S_ISREG(status.st_mode):
            return []
        return os.read(file, MAX_LEN).decode(errors="replace").splitlines()
    except OSError:
        return []
    finally:
        os.close(file)


def write_lines(name: str, lines: list[str]) -> None:
    """Replace a file as a whole, readable by its owner only."""
    if not folder():
        return
    temporary = f"{folder()}/.{name}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        os.makedirs(folder(), 0o700, exist_ok=True)
        if not _folder_is_ours():
            raise PermissionError(f"{folder()} belongs to somebody else")
        _write(temporary, "".join(f"{line}\n" for line in lines).encode())
        os.replace(temporary, f"{folder()}/{name}")
    except OSError as error:
        log.info(f"not remembered: {error}")
        _remove(temporary)


def _write(path: str, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.write(file, data) != len(data):
            raise OSError("the disk is full")
    finally:
        os.close(file)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # it was never made


def _folder_is_ours() -> bool:
    try:
        status = os.lstat(folder())
    except OSError:
        return False
    return status.st_uid == os.geteuid() and stat.S_ISDIR(status.st_mode)
