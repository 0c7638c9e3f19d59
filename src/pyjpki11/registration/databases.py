"""Databases of SQLite: whether one still holds what it held, and whether a program has it open."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import signal
from pathlib import Path

READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def fingerprint(content: bytes) -> str:
    """The same for two files that hold the same, wherever in the file that stands."""
    return hashlib.sha256("\n".join(_statements(content)).encode(errors="surrogateescape")).hexdigest()


def _statements(content: bytes) -> list[str]:
    """The database as text; of a Python without SQLite, or a file of another kind, its bytes."""
    try:
        import sqlite3  # only here: a Python may lack it
    except ImportError:
        return [content.hex()]
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(content)
        return list(connection.iterdump())
    except sqlite3.Error:
        return [content.hex()]
    finally:
        connection.close()


def is_open(path: Path) -> bool:
    """Whether another program has a file open, as far as the system tells: it gives a lease only where none has."""
    if not hasattr(fcntl, "F_SETLEASE"):  # Linux has it
        return False
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # what a program that opens it just then has us get
    file = os.open(path, READING)
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(file)
        signal.signal(signal.SIGIO, before)
    return False
