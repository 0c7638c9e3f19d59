"""Signatures of ten million bytes that want to cost a verifier a thousand times as much."""

from __future__ import annotations

import base64
from collections.abc import Callable

from asn1crypto import cms as asn1
from support.authority import Authority
from support.signer import SoftKey, cms

from pyjpki11.documents.envelope import PLAIN_DATA, SIGNED_DATA

LENGTH = 10_000_000
AUTHORITY = Authority()
SIGNER = AUTHORITY.issue("signer")


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element of definite length."""
    data = b"".join(parts)
    length = len(data).to_bytes(4, "big")
    return bytes((tag, 0x84)) + length + data


def ber(tag: int, *parts: bytes) -> bytes:
    """An element of indefinite length."""
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"


Make = Callable[..., bytes]


def signed(octets: bytes | None, after: bytes, make: Make = tlv) -> bytes:
    """A signature around an encoded content, with these fields behind it."""
    content = [make(0xA0, octets)] if octets is not None else []
    inside = make(0x30, b"\2\1\1", tlv(0x31), make(0x30, PLAIN_DATA, *content), after)
    return make(0x30, SIGNED_DATA, make(0xA0, inside))


def _genuine() -> tuple[bytes, bytes]:
    """A certificate, a signer's part."""
    data = asn1.ContentInfo.load(cms(SoftKey(SIGNER, AUTHORITY), b"content"))["content"]
    return SIGNER.der, data["signer_infos"][0].dump()


def _many(one: bytes, length: int = LENGTH) -> bytes:
    return one * (length // len(one))


def _crowd(certificates: int, signers: int) -> bytes:
    certificate, signer = _genuine()
    return signed(tlv(4, b"content"), tlv(0xA0, certificate * certificates) + tlv(0x31, signer * signers))


def _deep(levels: int, piece: bytes = b"\4\2ab") -> bytes:
    octets = _many(piece)
    for _level in range(levels):
        octets = ber(0x24, octets)
    return octets


def _attributes(length: int) -> bytes:
    """Unsigned attributes without end, in a signer's part that is not one otherwise."""
    attribute = tlv(0x30, bytes.fromhex("06032a0304"), tlv(0x31, b"\5\0"))
    _certificate, signer = _genuine()
    return signed(None, tlv(0x31, tlv(0x30, signer[4:], tlv(0xA1, _many(attribute, length)))))


#: Name -> the file. Each was once dear, or is the sibling of one that was.
FILES: dict[str, Callable[[], bytes]] = {
    "empty pieces": lambda: signed(tlv(0x24, _many(b"\4\0")), tlv(0x31)),
    "pieces of a byte": lambda: signed(tlv(0x24, _many(b"\4\1a")), tlv(0x31)),
    "pieces of indefinite length": lambda: signed(ber(0x24, _many(b"\4\2ab")), tlv(0x31), ber),
    "empty pieces of indefinite length": lambda: signed(ber(0x24, _many(b"\x24\x80\0\0")), tlv(0x31), ber),
    "pieces in pieces": lambda: signed(_deep(8), tlv(0x31), ber),
    "as many pieces as are read": lambda: signed(tlv(0x24, _many(b"\4\x7d" + bytes(125))), tlv(0x31)),
    "pieces in pieces of some length": lambda: signed(_deep(8, b"\4\x7d" + bytes(125)), tlv(0x31), ber),
    "nesting without end": lambda: _many(b"\x30\x80"),
    "a crowd": lambda: _crowd(400, 2000),
    "signers of one name": lambda: _crowd(2, 9_000),
    "certificates": lambda: _crowd(9_000, 1),
    "attributes": lambda: _attributes(900_000),
    "as many attributes as are read": lambda: _attributes(4_000 * 19),
    "as many signers as are judged": lambda: _crowd(64, 32),
    "longer attributes": lambda: _attributes(LENGTH),
    "an identifier": lambda: signed(None, tlv(0x31, tlv(0x30, tlv(0x06, _many(b"\x81", 1_000_000) + b"\1")))),
    "an identifier of the content": lambda: tlv(0x30, tlv(0x06, _many(b"\x81") + b"\1"), tlv(0xA0, b"\5\0")),
    "fields": lambda: signed(None, _many(b"\5\0")),
    "revocation lists": lambda: signed(tlv(4, b"content"), tlv(0xA1, _many(b"\x30\0")) + tlv(0x31)),
    "short lines": lambda: b"-----BEGIN CMS-----\n" + _many(b"A\n") + b"-----END CMS-----\n",
    "blank lines": lambda: b"-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n" + _many(b"\n") + b"!",
    "many blocks": lambda: _many(b"-----BEGIN CMS-----\nAAAA\n"),
    "headers": lambda: b"MIME-Version: 1.0\n" + _many(b"a:\n"),
    "mail": lambda: b"MIME-Version: 1.0\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n"
    + _many(b"MIAG\n"),
    "parts of a mail": lambda: b'MIME-Version: 1.0\nContent-Type: multipart/signed; boundary="b"\n\n'
    + _many(b"--b\n\nx\n"),
    "text": lambda: _many(b"not a signature\n"),
    "armoured pieces": lambda: b"-----BEGIN CMS-----\n"
    + base64.encodebytes(signed(tlv(0x24, _many(b"\4\0", 7_000_000)), tlv(0x31)))
    + b"-----END CMS-----\n",
}  # fmt: skip
