"""Elements of BER, of which DER is a part, without the values in memory. Spec: ISO/IEC 8825-1:2021 8.1

How many elements are looked at is limited by the length of what they are in: a hostile file has them in millions.
"""

from __future__ import annotations

from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple

from pyjpki11.documents.errors import NotSignedData

Data = bytes | mmap

CONSTRUCTED = 0x20
LONG_TAG = 0x1F  # the tag goes on in the next byte; nothing here has such a tag
INDEFINITE = 0x80  # in place of a length
END_OF_CONTENTS = b"\0\0"

MAX_DEPTH = 16
MAX_LENGTH_BYTES = 8

#: So many elements are always looked at, and one more for so many bytes: programs stream in pieces of 1,000 or more.
FREE_ELEMENTS, BYTES_PER_ELEMENT = 4096, 64


class Element(NamedTuple):
    """Offsets of an element: of its first byte, of its value and of the value's end, of what follows."""

    tag: int
    start: int
    value: int
    value_end: int
    end: int


class Elements:
    """The elements of some data, each of which costs one of so many looks."""

    def __init__(self, data: Data, looks: int | None = None) -> None:
        self._data = data
        self._looks = FREE_ELEMENTS + len(data) // BYTES_PER_ELEMENT if looks is None else looks
        self._ends: dict[int, int] = {}  # of values of indefinite length, which take long to find

    def whole(self) -> Element:
        """The one element that the data is.

        :raises NotSignedData: it is something else.
        """
        element = self._at(0, len(self._data), MAX_DEPTH)
        if element.end != len(self._data):
            raise NotSignedData("trailing")
        return element

    def within(self, element: Element) -> Iterator[Element]:
        """The elements that an element consists of.

        :raises NotSignedData: it is not built so.
        """
        position = element.value
        while position < element.value_end:
            child = self._at(position, element.value_end, MAX_DEPTH)
            yield child
            position = child.end

    def _at(self, start: int, limit: int, depth: int) -> Element:
        """The element at an offset, which ends before `limit`."""
        self._look()
        data = self._data
        try:
            tag, length = data[start], data[start + 1]
            value = start + 2
            if tag & LONG_TAG == LONG_TAG:
                raise NotSignedData("damaged", "a tag of many bytes")
            if length == INDEFINITE:
                return self._indefinite(tag, start, limit, depth)
            if length > INDEFINITE:
                value += length & 0x7F
                if value - start - 2 > MAX_LENGTH_BYTES or value > limit:
                    raise NotSignedData("damaged", "an impossible length")
                length = int.from_bytes(data[start + 2 : value], "big")
        except IndexError:
            raise NotSignedData("cut-off") from None
        if value + length > limit:
            raise NotSignedData("cut-off")
        return Element(tag, start, value, value + length, value + length)

    def _indefinite(self, tag: int, start: int, limit: int, depth: int) -> Element:
        if not tag & CONSTRUCTED:
            raise NotSignedData("damaged", "a length that only what has parts may have")
        value = start + 2
        if value not in self._ends:
            self._ends[value] = self._end_of_contents(value, limit, depth)
        value_end = self._ends[value]
        if value_end + len(END_OF_CONTENTS) > limit:
            raise NotSignedData("cut-off")
        return Element(tag, start, value, value_end, value_end + len(END_OF_CONTENTS))

    def _end_of_contents(self, position: int, limit: int, depth: int) -> int:
        if not depth:
            raise NotSignedData("too-deep")
        while self._data[position : position + 2] != END_OF_CONTENTS:
            position = self._at(position, limit, depth - 1).end
        return position

    def _look(self) -> None:
        if not self._looks:
            raise NotSignedData("too-many-parts")
        self._looks -= 1
