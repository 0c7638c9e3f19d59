"""BER-TLV: tag, length, value."""

from __future__ import annotations

from pyjpki11.errors import BadCardData


def read_header(data: bytes, start: int = 0) -> tuple[int, int, int]:
    """Tag, offset of the value, length of the value, at an offset into data.

    The tag keeps all its bytes (0x30, 0xDF21). Lengths in long form are taken even where the short form
    would do, since the card writes both.

    Spec: ISO/IEC 8825-1:2021 8.1
    :raises BadCardData: data ends within the header, or its length has no end or more than four bytes.
    """
    try:
        tag = data[start]
        position = start + 1
        if tag & 0x1F == 0x1F:
            tag = tag << 8 | data[position]
            position += 1
        length = data[position]
        position += 1
        if length >= 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4:
                raise BadCardData(f"length of {count} bytes in a TLV header")
            length = int.from_bytes(data[position : position + count], "big")
            position += count
            data[position - 1]  # the header must be all there
    except IndexError:
        raise BadCardData("a TLV header is cut off") from None
    return tag, position, length


class Reader:
    """Walks over the elements that stand one after another in data[start:end]."""

    __slots__ = ("data", "end", "position")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = start
        self.end = len(data) if end is None else end

    def at_end(self) -> bool:
        """Whether no element follows."""
        return self.position >= self.end

    def next_tag(self) -> int | None:
        """The first byte of what follows, or None at the end."""
        return None if self.at_end() else self.data[self.position]

    def take(self, expected_tag: int | None = None) -> tuple[int, int, int]:
        """Start of the element, start of its value and end of both; the element is then behind us.

        :raises BadCardData: another tag than expected, or an element that ends beyond what holds it.
        """
        start = self.position
        tag, value, length = read_header(self.data, start)
        if expected_tag is not None and tag != expected_tag:
            raise BadCardData(f"tag {tag:02X} where {expected_tag:02X} was expected")
        if value + length > self.end:
            raise BadCardData(f"an element of {length} bytes ends beyond what holds it")
        self.position = value + length
        return start, value, self.position

    def take_element(self, expected_tag: int | None = None) -> bytes:
        """The element with its header."""
        start, _value, end = self.take(expected_tag)
        return self.data[start:end]

    def take_value(self, expected_tag: int | None = None) -> bytes:
        """The element's value only."""
        _start, value, end = self.take(expected_tag)
        return self.data[value:end]

    def enter(self, expected_tag: int | None = None) -> Reader:
        """A reader of the elements inside the next element."""
        _start, value, end = self.take(expected_tag)
        return Reader(self.data, value, end)
