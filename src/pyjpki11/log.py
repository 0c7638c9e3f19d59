"""The log: lines for people, written where PYJPKI11_LOG points.

It is off by default, never writes to standard output, and takes no PIN, no signed data and no personal data:
callers pass facts about readers, commands and status words only. A file has to be the user's own, in folders where
others may not write; a new one is readable by its owner only. The standard library's logging package is
not used because importing it costs more than everything else this module does at start.
"""

from __future__ import annotations

import posix

ERROR, WARNING, INFO, DEBUG = range(4)
STDERR = "stderr"  # the target that is not a file
NAMES = ("ERROR", "WARNING", "INFO", "DEBUG")

_target: str | None = None
_level = WARNING


def configure(target: str | None, level: str | None) -> None:
    """Send lines up to the level (a name of NAMES, default WARNING) to `stderr`, a file path, or nowhere (None)."""
    global _target, _level
    _target = target or None
    _level = NAMES.index(level.upper()) if level and level.upper() in NAMES else WARNING


def is_enabled(level: int) -> bool:
    """Whether a line of this level is written at all; asked before an expensive one is made."""
    return _target is not None and level <= _level


def write(level: int, message: str) -> None:
    """Write one line, whatever line ends the message has. Readers and cards name themselves, so nothing in it steers a
    terminal either.

    The file is opened for each line: a host may close every descriptor it does not know and use the number for a
    file of its own. It also must not fail because its log cannot be written.
    """
    if _target is None or level > _level:
        return
    try:
        from pyjpki11 import trusted_files  # only here: most processes have no log
        from pyjpki11.printable import printable

        line = f"pyjpki11[{posix.getpid()}] {NAMES[level]}: {printable(' | '.join(message.splitlines()))}\n"
        if _target == STDERR:
            posix.write(2, line.encode())
        else:
            trusted_files.append(_target, line.encode())
    except (OSError, ValueError, ImportError):
        pass  # Python ends, closed stderr, full disk, no such folder, a name that cannot be one, a file of others


def error(message: str) -> None:
    """Something failed that the user has to know about."""
    write(ERROR, message)


def warning(message: str) -> None:
    """Something is not as it should be, but the module goes on."""
    write(WARNING, message)


def info(message: str) -> None:
    """What the module found or did."""
    write(INFO, message)


def debug(message: str) -> None:
    """What helps the developers."""
    write(DEBUG, message)
