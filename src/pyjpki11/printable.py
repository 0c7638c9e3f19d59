"""Text of others as one line that steers nothing: what would is shown as an escape that JSON knows too.

The standard library's tables of characters are not used: they differ from Python to Python, and would have this module
hide the newest characters of names.
"""

from __future__ import annotations

#: First and last code point of what ends lines, steers terminals, turns the writing round, or is not seen. The marks
#: that choose between forms of one character, which Japanese names need, are not among them.
#: Spec: Unicode 17 DerivedCoreProperties.txt, Default_Ignorable_Code_Point, without Variation_Selector
STEERING = (
    (0x0000, 0x001F), (0x007F, 0x009F),  # C0, DEL, C1
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xD800, 0xDFFF), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE00FF), (0xE01F0, 0xE0FFF),
)  # fmt: skip


def printable(text: str) -> str:
    """The text with everything that steers as escapes; its own line ends are among that."""
    if text.isascii() and text.isprintable():
        return text
    return "".join([_escape(ord(character)) if _steers(ord(character)) else character for character in text])


def _steers(code: int) -> bool:
    for first, last in STEERING:
        if code <= last:
            return code >= first
    return False


def _escape(code: int) -> str:
    r"""\uXXXX, twice for what UTF-16 writes in two halves. Spec: RFC 8259 7"""
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
