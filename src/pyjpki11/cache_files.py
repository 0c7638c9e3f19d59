"""Small files that the module keeps between runs, in a folder of the user's own.

Only what is public goes here. A folder or file that belongs to another user, that others may write to, or that is a
link, is not used, and nothing is made in the home of another user. A disk that is full or read-only costs nothing but
the memory.
"""

from __future__ import annotations

import posix

from pyjpki11 import environment, log, trusted_files

MAX_LEN = 64 * 1024  # bytes; no file of ours is longer


def folder() -> str:
    """Where the files are: $XDG_CACHE_HOME/pyjpki11 or ~/.cache/pyjpki11; empty where neither is said."""
    base = _base()
    return f"{base}/pyjpki11" if base.startswith("/") else ""


def read_lines(name: str) -> list[str]:
    """The lines of a file, or none."""
    try:
        content = trusted_files.read_real(f"{_own_folder()}/{name}", MAX_LEN)
    except OSError:
        return []
    return content.decode(errors="replace").splitlines()


def write_lines(name: str, lines: list[str]) -> None:
    """Replace a file as a whole, readable by its owner only."""
    if not folder():
        return
    try:
        for path in (_base(), folder()):
            trusted_files.make_folder(path)
        _replace(f"{_own_folder()}/{name}", "".join(f"{line}\n" for line in lines).encode())
    except OSError as error:
        log.info(f"not remembered: {error}")


def _base() -> str:
    variables = environment.variables()
    return variables.get("XDG_CACHE_HOME") or (f"{variables['HOME']}/.cache" if variables.get("HOME") else "")


def _own_folder() -> str:
    """The path of the folder without links.

    :raises OSError: there is none of the user's own.
    """
    if not folder():
        raise FileNotFoundError("no home is known")
    path = f"{trusted_files.real_path(_base())}/pyjpki11"
    if trusted_files.real_path(path) != path:
        raise PermissionError(f"{path} is a link")
    trusted_files.require_own(path, posix.lstat(path))
    return path


def _replace(path: str, data: bytes) -> None:
    """:raises OSError:"""
    place, _, name = path.rpartition("/")
    temporary = f"{place}/.{name}.{posix.getpid()}.{posix.urandom(4).hex()}"
    try:
        _write(temporary, data)
        posix.replace(temporary, path)
    except OSError:
        _remove(temporary)
        raise


def _write(path: str, data: bytes) -> None:
    file = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | trusted_files.CAREFULLY, 0o600)
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
