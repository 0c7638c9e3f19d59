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
    """The same for two files that hold the same, wherever in the file that stands, and whatever else there is room for:
    newer programs add columns as soon as they open a database."""
    return hashlib.sha256("\n".join(_rows(content)).encode(errors="surrogateescape")).hexdigest()


def _rows(content: bytes) -> list[str]:
    """The rows of all tables as text; of a Python without SQLite, or a file of another kind, its bytes."""
    try:
        import sqlite3  # only here: a Python may lack it
    except ImportError:
        return [content.hex()]
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    try:
        connection.deserialize(content)
        tables = [row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [(table, row) for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]  # noqa: S608
        return sorted(f"{table}: {_filled(dict(row))}" for table, row in rows)
    except sqlite3.Error:
        return [content.hex()]
    finally:
        connection.close()


def _filled(row: dict[str, object]) -> list[tuple[str, object]]:
    """The columns of a row that have a value."""
    return [(name, row[name]) for name in sorted(row) if row[name] is not None]


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
