"""The shell of a signature, in DER and in BER. Spec: RFC 5652 5.1; ISO/IEC 8825-1:2021 8.1"""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyjpki11.documents.ber import MAX_DEPTH
from pyjpki11.documents.envelope import (
    MAX_SKELETON_LEN,
    PLAIN_DATA,
    SIGNED_DATA,
    open_envelope,
    wrap,
)
from pyjpki11.documents.errors import NotSignedData

VERSION, DIGESTS, SIGNERS = b"\x02\x01\x01", b"\x31\x00", b"\x31\x02\x05\x00"
BEFORE, AFTER = VERSION + DIGESTS, SIGNERS
DETACHED = b"".join(wrap(BEFORE, AFTER, None))


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element of definite length."""
    data = b"".join(parts)
    if len(data) < 0x80:
        return bytes((tag, len(data))) + data
    length = len(data).to_bytes(4, "big")
    return bytes((tag, 0x84)) + length + data


def ber(tag: int, *parts: bytes) -> bytes:
    """An element of indefinite length."""
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"


def signed(content: bytes, make=tlv) -> bytes:  # type: ignore[no-untyped-def]
    """A signature around an encoded content."""
    inside = make(0x30, BEFORE, make(0x30, PLAIN_DATA, make(0xA0, content)), AFTER)
    return bytes(make(0x30, SIGNED_DATA, make(0xA0, inside)))


def content_of(data: bytes) -> bytes | None:
    """What was wrapped."""
    pieces = open_envelope(data).pieces
    return None if pieces is None else b"".join(data[start:end] for start, end in pieces)


@pytest.mark.parametrize("length", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0x1000001])
def test_wrapped_is_opened(length: int) -> None:
    head, tail = wrap(BEFORE, AFTER, length)
    content = b"c" * length
    opened = open_envelope(head + content + tail)
    assert list(opened.pieces or ()) == [(len(head), len(head) + length)]
    assert opened.skeleton == DETACHED


def test_length_beyond_four_bytes() -> None:
    head, tail = wrap(BEFORE, AFTER, 1 << 40)
    assert head[:3] == b"\x30\x86\x01"
    with pytest.raises(NotSignedData, match="cut-off"):
        open_envelope(head + tail)


def test_detached() -> None:
    opened = open_envelope(DETACHED)
    assert opened.pieces is None
    assert opened.skeleton == DETACHED


@pytest.mark.parametrize("make", [tlv, ber])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (tlv(4, b"abc"), b"abc"),
        (tlv(0x24, tlv(4, b"ab"), tlv(4, b"c")), b"abc"),
        (ber(0x24, tlv(4, b"ab"), tlv(4, b"c")), b"abc"),
        (ber(0x24, tlv(0x24, tlv(4, b"a")), tlv(4, b""), ber(0x24, tlv(4, b"bc"))), b"abc"),
        (ber(0x24), b""),
        (tlv(4, b"\0\0" * 100), b"\0\0" * 100),
    ],
)
def test_content_in_pieces(make: object, content: bytes, expected: bytes) -> None:
    data = signed(content, make)
    assert content_of(data) == expected
    assert open_envelope(data).skeleton == DETACHED


def nested(depth: int) -> bytes:
    """A content in pieces in pieces."""
    content = tlv(4, b"deep")
    for _level in range(depth):
        content = tlv(0x24, content)
    return content


def test_depth() -> None:
    assert content_of(signed(nested(MAX_DEPTH))) == b"deep"
    with pytest.raises(NotSignedData):
        content_of(signed(nested(MAX_DEPTH + 1)))
    with pytest.raises(NotSignedData, match="too-deep"):
        open_envelope(b"\x30\x80" * 10_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        b"\x30\x80",
        b"\x30\x80\0",
        b"\x30\xff" + b"\xff" * 127,
        b"\x30\x89" + b"\0" * 9,
        b"text, and no signature",
        DETACHED + b"\0",
        DETACHED[:-1],
        tlv(0x30, PLAIN_DATA, tlv(0xA0, b"")),
        tlv(0x30, SIGNED_DATA),
        tlv(0x30, SIGNED_DATA, tlv(0xA0)),
        tlv(0x30, SIGNED_DATA, tlv(0xA0, tlv(0x30, BEFORE))),
        tlv(0x30, SIGNED_DATA, tlv(0xA0, tlv(0x30, BEFORE, tlv(0x30), AFTER))),
        tlv(0x30, SIGNED_DATA, tlv(0xA0, tlv(0x30, BEFORE, tlv(0x30, VERSION), AFTER))),
        tlv(0x30, SIGNED_DATA, tlv(0xA0, tlv(0x31, BEFORE, tlv(0x30, PLAIN_DATA), AFTER))),
        tlv(0x30, SIGNED_DATA, tlv(0xA0, tlv(0x30, BEFORE, tlv(0x30, PLAIN_DATA), AFTER), VERSION)),
        signed(tlv(2, b"\1")),
        signed(tlv(0x24, tlv(2, b"\1"))),
        signed(b""),
        signed(tlv(4, b"a") + tlv(4, b"b")),
    ],
)
def test_what_is_no_signature(data: bytes) -> None:
    with pytest.raises(NotSignedData):
        opened = open_envelope(data)
        assert opened.skeleton == DETACHED, "opened as something else"


def test_endless_fields() -> None:
    with pytest.raises(NotSignedData, match="too-long"):
        open_envelope(b"".join(wrap(BEFORE, tlv(0x31, bytes(MAX_SKELETON_LEN)), None)))


@given(st.binary(max_size=60), st.integers(0, 200), st.binary(max_size=3))
@example(b"abc", 0, b"")
def test_damage_is_noticed_or_harmless(content: bytes, place: int, damage: bytes) -> None:
    """Whatever comes in: an answer, or the one exception."""
    data = bytearray(signed(tlv(4, content), ber))
    data[place : place + len(damage)] = damage
    try:
        opened = open_envelope(bytes(data))
    except NotSignedData:
        return
    for start, end in opened.pieces or ():
        assert 0 <= start <= end <= len(data)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(NotSignedData):
        open_envelope(data)
