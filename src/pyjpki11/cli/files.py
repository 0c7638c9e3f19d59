"""Files that commands make: whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from pyjpki11.cli import progress

STDOUT = "-"


@contextmanager
def writing(path: str) -> Iterator[IO[bytes]]:
    """A file to write, which takes its place when the block has ended well; `-` is standard output.

    :raises OSError: it cannot be written.
    """
    try:
        with _opened(path) as file:
            yield file
    except OSError as error:
        error.filename = error.filename or (None if path == STDOUT else path)
        raise


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    if path == STDOUT:
        progress.clear()
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif Path(path).exists() and not Path(path).is_file():  # a device or a pipe is not replaced
        with open(path, "wb") as file:
            yield file
    else:
        with _replacing(path) as file:
            yield file


@contextmanager
def _replacing(path: str) -> Iterator[IO[bytes]]:
    beside = f"{path}.{os.getpid()}.new"
    try:
        with open(beside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(beside)
        if isinstance(error, OSError) and error.filename == beside:
            error.filename = path
        raise
