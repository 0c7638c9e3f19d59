"""The shell of a CMS signature around its content, so that a content of any size never has to be in memory.

What is written is DER; what is read may be BER, with indefinite lengths and a content in pieces, as programs write it
that do not know the content's length beforehand. Spec: RFC 5652 3, 5.1; ISO/IEC 8825-1:2021 8.1
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from mmap import mmap
from typing import NamedTuple

from pyjpki11.documents.errors import NotSignedData

Data = bytes | mmap

SEQUENCE, SET, OBJECT_IDENTIFIER, INTEGER = 0x30, 0x31, 0x06, 0x02
OCTET_STRING, OCTET_STRING_IN_PIECES = 0x04, 0x24
EXPLICIT_0 = 0xA0
INDEFINITE = 0x80  # in place of a length
END_OF_CONTENTS = b"\0\0"

SIGNED_DATA = bytes.fromhex("06092A864886F70D010702")  # 1.2.840.113549.1.7.2
PLAIN_DATA = bytes.fromhex("06092A864886F70D010701")  # 1.2.840.113549.1.7.1

MAX_DEPTH = 16
MAX_LENGTH_BYTES = 8
#: Bytes of a signature without its content; a few certificates have some thousands.
MAX_SKELETON_LEN = 1 << 22


class Element(NamedTuple):
    """Offsets of an element: of its first byte, of its value and of the value's end, of what follows."""

    tag: int
    start: int
    value: int
    value_end: int
    end: int


class Opened(NamedTuple):
    """A signature taken apart: without its content, in DER where it is ours; where the content's pieces are.

    `pieces` is None where the content is kept elsewhere.
    """

    skeleton: bytes
    pieces: list[tuple[int, int]] | None


def wrap(before: bytes, after: bytes, content_len: int | None) -> tuple[bytes, bytes]:
    """What stands before and after a content in a signature; all of it where the content is kept elsewhere.

    :param before: the fields of SignedData before the content, DER.
    :param after: those after it.
    """
    shells = [
        (OCTET_STRING, b"", b""),
        (EXPLICIT_0, b"", b""),
        (SEQUENCE, PLAIN_DATA, b""),  # EncapsulatedContentInfo
        (SEQUENCE, before, after),  # SignedData
        (EXPLICIT_0, b"", b""),
        (SEQUENCE, SIGNED_DATA, b""),  # ContentInfo
    ]
    head, length = b"", content_len or 0
    for tag, prefix, suffix in shells if content_len is not None else shells[2:]:
        length += len(prefix) + len(suffix)
        header = _header(tag, length)
        head, length = header + prefix + head, length + len(header)
    return head, after


def open_envelope(data: Data) -> Opened:
    """Take a signature apart.

    :raises NotSignedData: it is not built as a CMS signature is.
    """
    info = _element(data, 0, len(data))
    if info.end != len(data):
        raise NotSignedData("something follows the signature")
    kind, wrapped = _two(data, info, SEQUENCE)
    if data[kind.start : kind.end] != SIGNED_DATA or wrapped is None:
        raise NotSignedData("this is no CMS signature")
    (signed,) = _children(data, wrapped, EXPLICIT_0)
    version, digests, encapsulated, *others = _children(data, signed, SEQUENCE, least=4)
    content_type, content = _two(data, encapsulated, SEQUENCE)
    fields = (version, digests, content_type, *others)
    if sum(field.end - field.start for field in fields) > MAX_SKELETON_LEN:
        raise NotSignedData("what is not content in it is too long")
    skeleton = _der(
        SEQUENCE,
        SIGNED_DATA,
        _der(EXPLICIT_0, _der(
            SEQUENCE,
            *(data[it.start : it.end] for it in (version, digests)),
            _der(SEQUENCE, data[content_type.start : content_type.end]),
            *(data[it.start : it.end] for it in others),
        )),
    )  # fmt: skip
    return Opened(skeleton, None if content is None else _pieces(data, content))


def _pieces(data: Data, wrapped: Element) -> list[tuple[int, int]]:
    (octets,) = _children(data, wrapped, EXPLICIT_0)
    return list(_octets(data, octets, MAX_DEPTH))


def _octets(data: Data, element: Element, depth: int) -> Iterator[tuple[int, int]]:
    if element.tag == OCTET_STRING:
        yield element.value, element.value_end
    elif element.tag == OCTET_STRING_IN_PIECES and depth:
        for child in _walk(data, element):
            yield from _octets(data, child, depth - 1)
    else:
        raise NotSignedData("its content is no string of bytes")


def _two(data: Data, element: Element, tag: int) -> tuple[Element, Element | None]:
    """What an element consists of that begins with an object identifier."""
    first, *others = _children(data, element, tag, least=1)
    if first.tag != OBJECT_IDENTIFIER or len(others) > 1:
        raise NotSignedData("it does not say what its content is")
    return first, others[0] if others else None


def _children(data: Data, element: Element, tag: int, least: int = 1) -> Sequence[Element]:
    """The elements in an element with that tag; exactly one in a wrapper."""
    children = list(_walk(data, element)) if element.tag == tag else []
    if len(children) < least or (tag == EXPLICIT_0 and len(children) != 1):
        raise NotSignedData("this is no CMS signature")
    return children


def _walk(data: Data, element: Element) -> Iterator[Element]:
    position = element.value
    while position < element.value_end:
        child = _element(data, position, element.value_end)
        yield child
        position = child.end


def _element(data: Data, start: int, limit: int, depth: int = MAX_DEPTH) -> Element:
    """The element at an offset, which ends before `limit`."""
    try:
        tag, first = data[start], data[start + 1]
        value = start + 2
        if first == INDEFINITE:
            end = _end_of_contents(data, value, limit, depth)
            return Element(tag, start, value, end, end + len(END_OF_CONTENTS))
        if first > INDEFINITE:
            count = first & 0x7F
            value += count
            if count > MAX_LENGTH_BYTES or value > limit:
                raise NotSignedData("a length in it is impossible")
            first = int.from_bytes(data[start + 2 : value], "big")
    except IndexError:
        raise NotSignedData("it is cut off") from None
    if value + first > limit:
        raise NotSignedData("it is cut off")
    return Element(tag, start, value, value + first, value + first)


def _end_of_contents(data: Data, position: int, limit: int, depth: int) -> int:
    if not depth:
        raise NotSignedData("it is nested too deep")
    while data[position : position + 2] != END_OF_CONTENTS:
        position = _element(data, position, limit, depth - 1).end
    if position + len(END_OF_CONTENTS) > limit:
        raise NotSignedData("it is cut off")
    return position


def _der(tag: int, *parts: bytes) -> bytes:
    return _header(tag, sum(map(len, parts))) + b"".join(parts)


def _header(tag: int, length: int) -> bytes:
    if length < 0x80:
        return bytes((tag, length))
    number = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(number))) + number
