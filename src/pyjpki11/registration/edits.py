"""What has to stand in a file for a program to find the module: a block of lines, a whole file, a library."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from pyjpki11.registration import refusal
from pyjpki11.registration.refusal import Refused

BEGIN = "# >>> pyjpki11 >>> written by `pyjpki11 register`, removed by `pyjpki11 unregister`"
END = "# <<< pyjpki11 <<<"
HEADER = "# Written by `pyjpki11 register`, removed by `pyjpki11 unregister`; changes made by hand are lost."
#: The library of any build, wherever it is.
LIBRARY_NAME = "libpyjpki11.so"
USERS_MODE = 0o600
EVERYBODYS_MODE = 0o644


class Edit(Protocol):
    """What we want of one file. Contents are those of the whole file, as bytes."""

    path: Path
    mode: int
    #: Whether there is nothing of others in this file.
    is_ours_alone: bool

    def added(self, before: bytes | None) -> bytes:
        """The file with the module in it.

        :raises Refused: what is there is not understood, or is not to be touched.
        """
        ...

    def removed(self, before: bytes) -> bytes | None:
        """The file without the module; None: without it there is none.

        :raises Refused: as above.
        """
        ...

    def library(self, content: bytes) -> str:
        """The library that the file names for us; empty: it names none."""
        ...


class Block:
    """Lines between two marks in a file of text in which # begins a comment."""

    is_ours_alone = False

    def __init__(self, path: Path, lines: Sequence[str], mode: int, library: str) -> None:
        """:param library: pattern of the line that names the library, which is its group."""
        self.path = path
        self.mode = mode
        self._block = [BEGIN, *lines, END]
        self._library = re.compile(library, re.MULTILINE)

    def added(self, before: bytes | None) -> bytes:
        """See Edit."""
        lines = self._lines(before or b"")
        first, last = self._find(lines)
        if lines[first - 1 : first] and lines[first - 1].endswith("\\"):
            raise Refused(refusal.NOT_UNDERSTOOD, path=self.path, line=first)  # our lines would be the rest of that one
        return _joined([*lines[:first], *self._block, *lines[last:]])

    def removed(self, before: bytes) -> bytes | None:
        """See Edit."""
        lines = self._lines(before)
        first, last = self._find(lines)
        if first == last:
            return before
        return _joined([*lines[:first], *lines[last:]]) or None

    def library(self, content: bytes) -> str:
        """See Edit."""
        lines = self._lines(content)
        first, last = self._find(lines)
        found = self._library.search("\n".join(lines[first:last]))
        return found[1] if found else ""

    def _lines(self, content: bytes) -> list[str]:
        if b"\0" in content:
            raise Refused(refusal.NOT_TEXT, path=self.path)
        text = content.decode(errors="surrogateescape")
        return text.removesuffix("\n").split("\n") if text else []

    def _find(self, lines: list[str]) -> tuple[int, int]:
        """Where the block begins and what follows it; both are the file's end where there is none."""
        marks = [index for index, line in enumerate(lines) if line.strip() in (BEGIN, END)]
        if not marks:
            return len(lines), len(lines)
        if [lines[index].strip() for index in marks] != [BEGIN, END]:
            raise Refused(refusal.NOT_UNDERSTOOD, path=self.path, line=marks[0] + 1)
        return marks[0], marks[1] + 1


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")


class OwnFile:
    """A text file that is ours from its first line on, which says so."""

    is_ours_alone = True

    def __init__(self, path: Path, lines: Sequence[str], mode: int, library: str) -> None:
        """:param library: pattern of the line that names the library, which is its group."""
        self.path = path
        self.mode = mode
        self._content = _joined([HEADER, *lines])
        self._library = re.compile(library, re.MULTILINE)

    def added(self, before: bytes | None) -> bytes:
        """See Edit."""
        self._check_ours(before or b"")
        return self._content

    def removed(self, before: bytes) -> bytes | None:
        """See Edit."""
        self._check_ours(before)
        return None

    def library(self, content: bytes) -> str:
        """See Edit."""
        found = self._library.search(content.decode(errors="surrogateescape"))
        return found[1] if found and content.startswith(HEADER.encode()) else ""

    def _check_ours(self, content: bytes) -> None:
        if content and not content.startswith(HEADER.encode()):
            raise Refused(refusal.NOT_OURS, path=self.path)


class LibraryCopy:
    """The library once more, where programs accept it."""

    is_ours_alone = True
    mode = EVERYBODYS_MODE
    MARK = b"<pyjpki11 bootstrap>"  # stands in every build of the library

    def __init__(self, path: Path, original: Path) -> None:
        self.path = path
        self._original = original

    def added(self, before: bytes | None) -> bytes:
        """See Edit."""
        if before and self.MARK not in before:
            raise Refused(refusal.NOT_OURS, path=self.path)
        return self._original.read_bytes()

    def removed(self, before: bytes) -> bytes | None:
        """See Edit."""
        if self.MARK not in before:
            raise Refused(refusal.NOT_OURS, path=self.path)
        return None

    def library(self, content: bytes) -> str:
        """See Edit."""
        return str(self.path) if self.MARK in content else ""


class Sidecar:
    """The file beside a copy of the library that says where its package is."""

    is_ours_alone = True
    mode = EVERYBODYS_MODE

    def __init__(self, copy: Path, original: Path) -> None:
        self.path = copy.with_name(copy.name + ".path")
        self._original = original

    def added(self, before: bytes | None) -> bytes:
        """See Edit."""
        return f"{self._original.parents[1]}\n".encode()

    def removed(self, before: bytes) -> bytes | None:
        """See Edit."""
        return None

    def library(self, content: bytes) -> str:
        """See Edit."""
        return f"{content.decode(errors='surrogateescape').strip()}/pyjpki11/{self._original.name}"


class NewFile:
    """A file that has to be there, whatever is in it."""

    is_ours_alone = True
    mode = USERS_MODE

    def __init__(self, path: Path, make: Callable[[], bytes]) -> None:
        """:param make: its content, should it be needed."""
        self.path = path
        self._make = make

    def added(self, before: bytes | None) -> bytes:
        """See Edit."""
        return self._make() if before is None else before

    def removed(self, before: bytes) -> bytes | None:
        """See Edit."""
        return None

    def library(self, content: bytes) -> str:
        """See Edit."""
        return ""
