"""A line with a secret, read from a file or descriptor that other users cannot read or write, leaving no copy."""

from __future__ import annotations

import os
import stat

from pyjpki11.card.pin import wipe
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import exits
from pyjpki11.cli.terminal.exits import ToolError

MAX_LEN = 256  # bytes in which a line must end
OTHERS = stat.S_IRWXG | stat.S_IRWXO
ROOT = 0


def line_of(path: str) -> bytearray:
    """The first line of a file, without its end.

    :raises ToolError: the file belongs to another user, or others may use it.
    :raises OSError: it cannot be read.
    """
    _require_own(os.stat(path), path)  # before it is opened: a pipe of another user could hold us up
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _require_own(os.fstat(descriptor), path)
        return _line(descriptor, path)
    finally:
        os.close(descriptor)


def line_from(descriptor: int) -> bytearray:
    """The next line of a descriptor, without its end. Who opened it has chosen it, so its owner does not matter.

    :raises ToolError: it is a file that others may use.
    :raises OSError: it cannot be read.
    """
    place = _("file descriptor {number}", number=descriptor)
    try:
        found = os.fstat(descriptor)
    except OSError as error:
        raise OSError(error.errno, error.strerror, place) from None
    if stat.S_ISREG(found.st_mode):
        _require_closed(found, place)
    return _line(descriptor, place)


def _require_own(found: os.stat_result, place: str) -> None:
    if found.st_uid not in (ROOT, os.geteuid()):
        message = _("{place} belongs to another user, so no PIN is read from it.", place=place)
        raise ToolError(exits.FAILED, "pin-file-owner", message, _("Keep the PIN in a file of your own."))
    if stat.S_ISREG(found.st_mode) or stat.S_ISFIFO(found.st_mode):
        _require_closed(found, place)


def _require_closed(found: os.stat_result, place: str) -> None:
    if found.st_mode & OTHERS:
        message = _("Other users can access {place}, so no PIN is read from it.", place=place)
        raise ToolError(exits.FAILED, "pin-file-mode", message, _("Remove their access with: chmod 600 FILE"))


def _line(descriptor: int, place: str) -> bytearray:
    """Byte by byte, and not further: what follows the line may be another PIN."""
    buffer = bytearray(MAX_LEN)
    length = 0
    try:
        with memoryview(buffer) as view:
            while length < MAX_LEN and os.readv(descriptor, [view[length : length + 1]]):
                if buffer[length] == ord("\n"):
                    break
                length += 1
        return buffer[: length - buffer.endswith(b"\r", 0, length)]
    except OSError as error:
        raise OSError(error.errno, error.strerror, place) from None
    finally:
        wipe(buffer)
