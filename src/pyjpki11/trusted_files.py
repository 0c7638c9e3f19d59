"""Files that only root and the effective user can have written: the one place with this rule.

A file counts if it is a regular file that belongs to root or to the effective user, and neither its group nor others
may write to it. The same holds for every folder on the way, from / on. A folder that others may write to is passed only
if it is sticky, as /tmp is: what is ours or root's in it, they cannot exchange. They may still put another name of such
a file or link there (where fs.protected_hardlinks is 0), so in such a folder no link counts, and a file only if it has
one name.

People keep their settings behind links (HOME, ~/.config, the file itself). So links are followed, but by this module
instead of the kernel: each has to belong to root or to the effective user, and every folder that it leads through is
looked at too. The outcome is a path without links, which is opened with O_NOFOLLOW and without waiting. No one else can
change it between the look and the opening, because each step was looked at after the folder in which it stands.
Design: decision 14
"""

from __future__ import annotations

import posix
from _stat import S_ISDIR, S_ISLNK, S_ISREG, S_ISVTX, S_IWGRP, S_IWOTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from posix import stat_result

ROOT = 0
MAX_LINKS = 40  # the kernel's own limit
OTHERS_MAY_WRITE = S_IWGRP | S_IWOTH
#: Do not follow links, wait for the other end of a FIFO, or become the host's terminal.
CAREFULLY = posix.O_NOFOLLOW | posix.O_NONBLOCK | posix.O_NOCTTY | posix.O_CLOEXEC
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


def real_path(path: str) -> str:
    """The path of the same file or folder without links, all of which may be trusted.

    :raises FileNotFoundError: there is nothing.
    :raises OSError: it may not be trusted, or not be looked at; the text says why.
    """
    reached, links = "", 0
    _require_trust("/", posix.lstat("/"))
    steps = _steps(path if path.startswith("/") else f"{posix.getcwd()}/{path}")
    while steps:
        step = steps.pop()
        if step == "..":
            reached = _folder_of(reached)
            continue
        here = f"{reached}/{step}"
        status = posix.lstat(here)
        _require_trust(here, status)
        if not S_ISLNK(status.st_mode):
            reached = here
            continue
        links += 1
        if links > MAX_LINKS:
            raise OSError(f"{path} leads through more than {MAX_LINKS} links")
        target = posix.readlink(here)
        steps += _steps(target)
        reached = "" if target.startswith("/") else reached
    return reached or "/"


def read(path: str, max_len: int) -> bytes:
    """The content of a file of at most so many bytes.

    :raises OSError: it cannot be read, or may not be trusted.
    """
    return read_real(real_path(path), max_len)


def read_real(path: str, max_len: int) -> bytes:
    """The same for a file in a folder that `real_path` has passed; a link in the file's place is refused.

    :raises OSError:
    """
    file = posix.open(path, posix.O_RDONLY | CAREFULLY)
    try:
        _require_file(path, posix.fstat(file))
        content = b""
        while len(content) <= max_len and (more := posix.read(file, max_len + 1 - len(content))):
            content += more
    finally:
        posix.close(file)
    if len(content) > max_len:
        raise OSError(f"{path} has more than {max_len} bytes")
    return content


def append(path: str, data: bytes) -> None:
    """Write behind the end of a file of the effective user's own, which is made if there is none.

    :raises OSError: it cannot be written, or may not be trusted.
    """
    file = _open_to_append(path)
    try:
        posix.write(file, data)
    finally:
        posix.close(file)


def require_appendable(path: str) -> None:
    """Find out whether `append` would write to a file, without making one.

    :raises OSError: it would not; the text says why.
    """
    try:
        real = real_path(path)
    except FileNotFoundError:
        real_path(_parent(path))
    else:
        _require_file(real, posix.lstat(real))
        require_own(real, posix.lstat(real))


def require_own(path: str, status: stat_result) -> None:
    """Refuse what belongs to another than the effective user, be it root.

    :raises PermissionError:
    """
    if status.st_uid != posix.geteuid():
        raise PermissionError(f"{path} belongs to user {status.st_uid}")


def make_folder(path: str) -> None:
    """Make a folder in one of the effective user's own, unless it is there.

    :raises OSError: its parent is not there, belongs to another, or may not be trusted.
    """
    try:
        posix.lstat(path)
    except FileNotFoundError:
        parent = real_path(_parent(path))
        require_own(parent, posix.lstat(parent))
        _mkdir(f"{parent}/{_name_of(path)}")


def _mkdir(path: str) -> None:
    try:
        posix.mkdir(path, PRIVATE_FOLDER)
    except FileExistsError:
        pass  # another process was as fast


def _steps(path: str) -> list[str]:
    """The names in a path, the first one last."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _parent(path: str) -> str:
    return _folder_of(path) or ("/" if path.startswith("/") else ".")


def _name_of(path: str) -> str:
    return path.rpartition("/")[2]


def _require_trust(path: str, status: stat_result) -> None:
    """:raises PermissionError:"""
    mode = status.st_mode
    if status.st_uid not in (ROOT, posix.geteuid()):
        raise PermissionError(f"{path} belongs to user {status.st_uid}")
    if not S_ISLNK(mode) and mode & OTHERS_MAY_WRITE and not (S_ISDIR(mode) and mode & S_ISVTX):
        raise PermissionError(f"{path} may be written by others (mode {mode & 0o7777:04o})")
    if not S_ISDIR(mode) and (S_ISLNK(mode) or status.st_nlink > 1) and _is_shared(_folder_of(path) or "/"):
        raise PermissionError(f"{path} may have been linked by others")


def _is_shared(folder: str) -> bool:
    return bool(posix.lstat(folder).st_mode & OTHERS_MAY_WRITE)


def _require_file(path: str, status: stat_result) -> None:
    """:raises PermissionError:"""
    if not S_ISREG(status.st_mode):
        raise PermissionError(f"{path} is not a regular file")
    _require_trust(path, status)


def _open_to_append(path: str) -> int:
    try:
        real = real_path(path)
    except FileNotFoundError:
        try:
            return _make_file(path)
        except FileExistsError:
            real = real_path(path)  # another process was as fast
    file = posix.open(real, posix.O_WRONLY | posix.O_APPEND | CAREFULLY)
    try:
        _require_file(real, posix.fstat(file))
        require_own(real, posix.fstat(file))
    except OSError:
        posix.close(file)
        raise
    return file


def _make_file(path: str) -> int:
    """A new file, which others may not even read, whatever the umask is."""
    folder = real_path(_parent(path))
    flags = posix.O_WRONLY | posix.O_APPEND | posix.O_CREAT | posix.O_EXCL | CAREFULLY
    file = posix.open(f"{folder}/{_name_of(path)}", flags, PRIVATE_FILE)
    posix.fchmod(file, PRIVATE_FILE)
    return file
