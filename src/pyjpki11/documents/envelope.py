"""The shell of a CMS signature around its content, so that a content of any size never has to be in memory.

What is written is DER; what is read may be BER, with indefinite lengths and a content in pieces, as programs write it
that do not know the content's length beforehand. Spec: RFC 5652 3, 5.1
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pyjpki11.documents.ber import CONSTRUCTED, MAX_DEPTH, Data, Element, Elements
from pyjpki11.documents.errors import NotSignedData

SEQUENCE, OBJECT_IDENTIFIER = 0x30, 0x06
OCTET_STRING, OCTET_STRING_IN_PIECES = 0x04, 0x24
EXPLICIT_0 = 0xA0
REVOCATION_LISTS = 0xA1  # among the fields of SignedData; they are not signed, and nothing here reads them

SIGNED_DATA = bytes.fromhex("06092A864886F70D010702")  # 1.2.840.113549.1.7.2
PLAIN_DATA = bytes.fromhex("06092A864886F70D010701")  # 1.2.840.113549.1.7.1

#: Bytes of a signature without its content; a few certificates have some thousands.
MAX_SKELETON_LEN = 1 << 20
#: Elements in it, of which a certificate has about a hundred.
MAX_SKELETON_ELEMENTS = 20_000
#: Bytes; with longer ones, the time to write them as numbers grows out of proportion.
MAX_IDENTIFIER_LEN = 64


class Pieces:
    """Where the parts of a content are in a file: start and end of each, found anew whenever they are asked for."""

    def __init__(self, data: Data, content: Element) -> None:
        self._data = data
        self._content = content

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """:raises NotSignedData: it is something else than bytes."""
        return _octets(Elements(self._data), self._content, MAX_DEPTH)


class Opened(NamedTuple):
    """A signature taken apart: without its content, in DER where it is ours; where the content's pieces are.

    `pieces` is None where the content is kept elsewhere.
    """

    skeleton: bytes
    pieces: Pieces | None


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
    elements = Elements(data)
    kind, wrapped = _two(elements, elements.whole(), SEQUENCE)
    if data[kind.start : kind.end] != SIGNED_DATA or wrapped is None:
        raise NotSignedData("other-cms")
    (signed,) = _children(elements, wrapped, EXPLICIT_0)
    version, digests, encapsulated, *others = _children(elements, signed, SEQUENCE, least=4)
    content_type, content = _two(elements, encapsulated, SEQUENCE)
    before, after = (version, digests), [it for it in others if it.tag != REVOCATION_LISTS]
    if sum(field.end - field.start for field in (*before, content_type, *after)) > MAX_SKELETON_LEN:
        raise NotSignedData("too-long")
    skeleton = _der(
        SEQUENCE,
        SIGNED_DATA,
        _der(EXPLICIT_0, _der(
            SEQUENCE,
            *(data[it.start : it.end] for it in before),
            _der(SEQUENCE, data[content_type.start : content_type.end]),
            *(data[it.start : it.end] for it in after),
        )),
    )  # fmt: skip
    _check(skeleton)
    return Opened(skeleton, None if content is None else _pieces(data, elements, content))


def _pieces(data: Data, elements: Elements, content: Element) -> Pieces:
    """The content's, all of which have been looked at once."""
    (octets,) = _children(elements, content, EXPLICIT_0)
    pieces = Pieces(data, octets)
    for _piece in pieces:
        pass
    return pieces


def _octets(elements: Elements, element: Element, depth: int) -> Iterator[tuple[int, int]]:
    if element.tag == OCTET_STRING:
        yield element.value, element.value_end
    elif element.tag == OCTET_STRING_IN_PIECES and depth:
        for child in elements.within(element):
            yield from _octets(elements, child, depth - 1)
    else:
        raise NotSignedData("other-content")


def _check(skeleton: bytes) -> None:
    """That a signature without its content has no more and no longer parts than the library below copes with."""
    elements = Elements(skeleton, MAX_SKELETON_ELEMENTS)
    waiting = [elements.whole()]
    while waiting:
        element = waiting.pop()
        if element.tag & CONSTRUCTED:
            waiting += elements.within(element)
        elif element.tag == OBJECT_IDENTIFIER and element.end - element.start > MAX_IDENTIFIER_LEN:
            raise NotSignedData("damaged", "an endless identifier")


def _two(elements: Elements, element: Element, tag: int) -> tuple[Element, Element | None]:
    """What an element consists of that begins with an object identifier."""
    first, *others = _children(elements, element, tag, least=1)
    if first.tag != OBJECT_IDENTIFIER or len(others) > 1:
        raise NotSignedData("not-cms")
    return first, others[0] if others else None


def _children(elements: Elements, element: Element, tag: int, least: int = 1) -> Sequence[Element]:
    """The elements in an element with that tag; exactly one in a wrapper."""
    children = list(elements.within(element)) if element.tag == tag else []
    if len(children) < least or (tag == EXPLICIT_0 and len(children) != 1):
        raise NotSignedData("not-cms")
    return children


def _der(tag: int, *parts: bytes) -> bytes:
    return _header(tag, sum(map(len, parts))) + b"".join(parts)


def _header(tag: int, length: int) -> bytes:
    if length < 0x80:
        return bytes((tag, length))
    number = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(number))) + number
