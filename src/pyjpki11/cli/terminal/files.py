"""Files that commands make: whole or not at all, never in the place of another unasked, with the mode that suits them.

An output is looked at before the user is asked for anything, and written much later. What was seen then must be there
still: a file is replaced as a whole, with what it had, and anything else is opened without creating or cutting it.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import exits, progress
from pyjpki11.cli.terminal.exits import ToolError

STDOUT, STDIN = "-", "-"
#: Modes: of what says who its holder is, of anything else before the umask; what of a file's mode a copy may have.
PRIVATE, ORDINARY, OWNERS = 0o600, 0o666, 0o600
GROUPS = 0o070
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
PIPE_OR_DEVICE = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Target(NamedTuple):
    """An output as it was when it was looked at; `seen` is None where there was nothing."""

    path: str
    seen: os.stat_result | None
    may_replace: bool

    @property
    def is_stdout(self) -> bool:
        """Whether it is standard output."""
        return self.path == STDOUT


def look(path: str, may_replace: bool, is_binary: bool = False) -> Target:
    """The output that a user has named; `-` is standard output, and so is another name of it such as /dev/stdout.

    :param is_binary: it holds more than lines of text, so that it is not for a terminal.
    :raises ToolError: it exists and may not be replaced, or is nothing to write into.
    :raises OSError: it cannot be looked at, or is a folder.
    """
    seen = None if path == STDOUT else _status(path)
    if path == STDOUT or (seen is not None and _is_stdout(seen)):
        if is_binary and os.isatty(1):
            raise ToolError(
                exits.USAGE, "terminal", _("The output is binary and is not written to a terminal."),
                _("Write it to a file with -o FILE or >, or pass it to another program with a pipe."),
            )  # fmt: skip
        return Target(STDOUT, None, may_replace)
    if seen is not None and stat.S_ISDIR(seen.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if seen is not None and not _is_regular(seen) and not _is_written_into(seen):
        raise ToolError(exits.FAILED, "no-file", _("{path} is not a writable file.", path=path))
    if not may_replace and (os.path.lexists(path) if seen is None else _is_regular(seen)):
        raise _exists(path)
    return Target(path, seen, may_replace)


def mode_of_copy(status: os.stat_result) -> int:
    """The most that others may do with a file that has the content of another: what they may do with that one."""
    return status.st_mode & ORDINARY | OWNERS if _is_regular(status) else ORDINARY


@contextmanager
def writing(target: Target, most: int = ORDINARY) -> Iterator[IO[bytes]]:
    """What was looked at, to write; a file takes its place when the block has ended well.

    :param most: the mode that it has at most; one that is there keeps its own within that, else the umask decides.
    :raises OSError: it cannot be written.
    :raises ToolError: something else is in its place by now.
    """
    try:
        with _opened(target, most) as file:
            yield file
    except OSError as error:
        error.filename = error.filename or (None if target.is_stdout else target.path)
        raise


def input_path(name: str) -> str:
    """The file that a user has named to read from; `-` is standard input."""
    return "/dev/stdin" if name == STDIN else name


# -- looking ------------------------------------------------------------------------------------------------


def _status(path: str) -> os.stat_result | None:
    """What is behind a name and all links; None: nothing, although its folder is there."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        if not os.path.basename(path) or not os.path.isdir(os.path.dirname(os.path.realpath(path))):
            raise
        return None


def _is_stdout(status: os.stat_result) -> bool:
    """Whether this is standard output under another name. /dev/null is always just itself."""
    try:
        stdout = os.fstat(1)
    except OSError:  # it is closed
        return False
    return os.path.samestat(status, stdout) and (not stat.S_ISCHR(stdout.st_mode) or os.isatty(1))


def _is_regular(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def _is_written_into(status: os.stat_result) -> bool:
    """Pipes and devices such as /dev/null; a disk is none of them."""
    return stat.S_ISCHR(status.st_mode) or stat.S_ISFIFO(status.st_mode)


def _exists(path: str) -> ToolError:
    remedy = _("Use --force to overwrite it, or -o to write to another file.")
    return ToolError(exits.FAILED, "exists", _("{path} already exists.", path=path), remedy)


def _changed(path: str) -> ToolError:
    message = _("{path} was just changed by another program.", path=path)
    return ToolError(exits.FAILED, "changed", message, _("Run the command again."))


# -- writing ------------------------------------------------------------------------------------------------


@contextmanager
def _opened(target: Target, most: int) -> Iterator[IO[bytes]]:
    if target.is_stdout:
        progress.clear()
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif target.seen is None or _is_regular(target.seen):
        with _replacing(target, most) as file:
            yield file
    else:
        with open(_into(target.path, target.seen), "wb") as file:
            yield file


def _into(path: str, seen: os.stat_result) -> int:
    """The descriptor of a pipe or device, which is still the one that was seen. Nothing waits for a pipe's reader."""
    file = os.open(path, PIPE_OR_DEVICE)
    try:
        now = os.fstat(file)
        if not os.path.samestat(now, seen) or stat.S_IFMT(now.st_mode) != stat.S_IFMT(seen.st_mode):
            raise _changed(path)
        os.set_blocking(file, True)
    except BaseException:
        os.close(file)
        raise
    return file


@contextmanager
def _replacing(target: Target, most: int) -> Iterator[IO[bytes]]:
    """A file beside the one that links lead to, which takes its place in the end."""
    real = os.path.realpath(target.path)
    beside = os.path.join(os.path.dirname(real), f".pyjpki11.{os.getpid()}.{os.urandom(4).hex()}")
    mode = most if target.seen is None else PRIVATE
    try:
        with open(os.open(beside, NEW_FILE, mode), "wb") as file:
            yield file
            file.flush()
            if target.seen is not None:
                _look_like(file.fileno(), target.seen, most)
            os.fsync(file.fileno())
        _put_in_place(beside, real, target)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename == beside:
            error.filename = target.path
        raise
    finally:
        with suppress(OSError):
            os.unlink(beside)


def _look_like(file: int, seen: os.stat_result, most: int) -> None:
    """Owner and mode of the file that is replaced, as far as they may be kept; no other group gets what one had."""
    try:
        os.fchown(file, seen.st_uid, seen.st_gid)
    except OSError:
        most &= ~GROUPS
    os.fchmod(file, seen.st_mode & most)


def _put_in_place(beside: str, real: str, target: Target) -> None:
    """Replace what was seen, or be the first; never what was put there since."""
    if target.seen is not None:
        if not os.path.samestat(os.lstat(real), target.seen):
            raise _changed(target.path)
        os.replace(beside, real)
        return
    try:
        os.link(beside, real)
    except FileExistsError:
        raise _exists(target.path) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(real):
            raise _exists(target.path) from None
        os.replace(beside, real)
