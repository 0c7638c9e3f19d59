"""Text in terminal columns, of which East Asian characters take two.

Spec: Unicode Standard Annex 11
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

#: The width that everything is made for.
COLUMNS = 80

SPACE = " "  # the only one at which a line may end; wide ones belong to names

#: Characters, beside closing brackets and wide punctuation, that may not begin a line. Spec: JIS X 4051 4.3
NOT_FIRST = frozenset(",.:;?!%ーっゃゅょッャュョ々")
_STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PIECES = re.compile(r"[ \t\r\n]+|[^\s\u1100-\uffff]+|.", re.DOTALL)


def width(text: str) -> int:
    """How many columns a text takes."""
    return sum(_width_of(character) for character in text)


def _width_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cc", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """The text with spaces behind it, to take at least that many columns."""
    return text + " " * (columns - width(text))


def harmless(text: str) -> str:
    """The text with characters that would steer a terminal or turn the writing round as escapes, which JSON knows too.

    What a card or the certificate of somebody else holds is not ours to trust.
    """
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def wrap(text: str, columns: int) -> list[str]:
    """The text in lines of at most that many columns; Japanese breaks between any two characters that may part."""
    lines = [""]
    for piece in pieces(text):
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


def table(rows: Iterable[tuple[str, str]], indent: int = 0) -> list[str]:
    """Names with their values in two columns; a value that is too long goes on below itself."""
    rows = list(rows)
    first = max((width(name) for name, _value in rows), default=0) + 2
    lines = []
    for name, value in rows:
        parts = wrap(value, COLUMNS - indent - first) if value else [""]
        lines.append((" " * indent + pad(name, first) + parts[0]).rstrip())
        lines += [" " * (indent + first) + part for part in parts[1:]]
    return lines
