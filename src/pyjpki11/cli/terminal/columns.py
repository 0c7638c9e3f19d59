"""Text in terminal columns, of which East Asian characters take two.

Spec: Unicode Standard Annex 11
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TextIO

from pyjpki11.printable import printable

#: The width of what is not a terminal, and of a terminal that does not say.
COLUMNS = 80
#: The widths that texts are made for; a narrower terminal breaks lines itself, in a wider one they are hard to read.
LEAST, MOST = 40, 200
#: A table's second column that would be narrower than this begins below the first.
LEAST_VALUE, STACKED_INDENT = 16, 2

SPACE = " "  # the only one at which a line may end; wide ones belong to names

#: Characters, beside closing brackets and wide punctuation, that may not begin a line. Spec: JIS X 4051 4.3
NOT_FIRST = frozenset(",.:;?!%ーっゃゅょッャュョ々")
_PIECES = re.compile(r"[ \t\r\n]+|[^\s\u1100-\uffff]+|.", re.DOTALL)


def room(stream: TextIO | None = None) -> int:
    """The columns that a stream has for text, standard output unless another is named: those of $COLUMNS or of its
    terminal, within what is sensible."""
    asked = os.environ.get("COLUMNS", "")
    columns = int(asked) if asked.isdecimal() else 0
    columns = columns or _terminal_columns(stream or sys.stdout)
    return max(LEAST, min(columns, MOST))


def _terminal_columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or COLUMNS
    except (OSError, ValueError, AttributeError):  # it is not a terminal, is closed, or was never open
        return COLUMNS


def width(text: str) -> int:
    """How many columns a text takes."""
    return sum(_width_of(character) for character in text)


def _width_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cc", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """The text with spaces behind it, to take at least that many columns."""
    return text + " " * (columns - width(text))


def wrap(text: str, columns: int) -> list[str]:
    """The text in lines of at most that many columns; Japanese breaks between any two characters that may part.

    What steers a terminal is shown as escapes here already, since they take columns.
    """
    lines = [""]
    for piece in pieces(printable(text)):
        if lines[-1] and width(lines[-1] + piece.rstrip(SPACE)) > columns:
            lines[-1] = lines[-1].rstrip(SPACE)
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip(SPACE)
    return [line.rstrip(SPACE) for line in lines]


def pieces(text: str) -> Iterator[str]:
    """The parts of a text between which a line may end."""
    held = ""
    for match in _PIECES.finditer(text):
        piece = " " if match[0][0] in " \t\r\n" else match[0]
        if held and _may_end(held[-1]) and _may_begin(piece[0]):
            yield held
            held = ""
        held += piece
    if held:
        yield held


def _may_end(character: str) -> bool:
    """Whether a line may end behind a character: not behind an opening bracket. Spec: JIS X 4051 4.4"""
    return unicodedata.category(character) not in ("Ps", "Pi")


def _may_begin(character: str) -> bool:
    category = unicodedata.category(character)
    is_wide_punctuation = category == "Po" and width(character) == 2
    return not (category in ("Pe", "Pf") or is_wide_punctuation or character in NOT_FIRST)


def paragraphs(text: str, columns: int) -> list[str]:
    """Lines of a text whose paragraphs stand between empty lines; one that begins with \\b keeps its lines."""
    lines: list[str] = []
    for paragraph in text.strip().split("\n\n"):
        if lines:
            lines.append("")
        if paragraph.startswith("\b\n"):
            lines += paragraph.splitlines()[1:]
        else:
            lines += wrap(" ".join(line.strip() for line in paragraph.splitlines()), columns)
    return lines


def shortened(text: str, columns: int) -> str:
    """The beginning of a text, in that many columns."""
    if width(printable(text)) <= columns:
        return printable(text)
    return f"{wrap(text, columns - 1)[0]}…"


def table(rows: Iterable[tuple[str, str]], indent: int = 0) -> list[str]:
    """Names with their values in two columns; a value that is too long goes on below itself."""
    rows = [(printable(name), value) for name, value in rows]
    first = max((width(name) for name, _value in rows), default=0) + 2
    space = room() - indent - first
    below = room() - indent - STACKED_INDENT
    widest = max((_unbroken(value, below) for _name, value in rows), default=0)
    if space < LEAST_VALUE or (room() < COLUMNS and widest > space):
        return _stacked(rows, indent)
    lines = []
    for name, value in rows:
        parts = wrap(value, space)
        lines.append((" " * indent + pad(name, first) + parts[0]).rstrip())
        lines += [" " * (indent + first) + part for part in parts[1:]]
    return lines


def _unbroken(text: str, columns: int) -> int:
    """The columns of the widest part of a text that cannot be broken, among those that fit into so many columns."""
    widths = (width(piece.strip(SPACE)) for piece in pieces(printable(text)))
    return max((wide for wide in widths if wide <= columns), default=0)


def _stacked(rows: list[tuple[str, str]], indent: int) -> list[str]:
    """Names with their values below, where there is no room for two columns."""
    margin = " " * (indent + STACKED_INDENT)
    lines = []
    for name, value in rows:
        lines += [" " * indent + name] if name else []
        lines += [margin + part for part in wrap(value, room() - len(margin)) if part]
    return lines
