"""Texts of others, made safe to show."""

from __future__ import annotations

#: A space of Japanese names, which Python does not count among what can be printed.
IDEOGRAPHIC_SPACE = "\u3000"


def printable(text: str) -> str:
    """The text in one line, with everything as an escape that would steer a terminal, hide, or turn the writing round.

    Those are controls, line ends, bidirectional marks, what has no width or no character: all of Unicode's categories
    C and Z but the space.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable() or character == IDEOGRAPHIC_SPACE:
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
