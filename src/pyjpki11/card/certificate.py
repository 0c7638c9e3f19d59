"""The fields of an X.509 certificate that a PKCS#11 object shows.

A full ASN.1 library would take longer to import than a card takes to sign, and a host waits for both.
"""

from __future__ import annotations

from pyjpki11.errors import BadCardData
from pyjpki11.iso7816.tlv import Reader, read_header

SEQUENCE = 0x30
INTEGER = 0x02
BIT_STRING = 0x03
OBJECT_IDENTIFIER = 0x06
VERSION = 0xA0  # [0] EXPLICIT
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18

#: What else calls itself an RSA key proves nothing, or takes hours to prove it.
MIN_KEY_BITS, MAX_KEY_BITS = 512, 16384
MAX_EXPONENT_BITS = 64

RSA_ENCRYPTION = bytes.fromhex("2A864886F70D010101")  # 1.2.840.113549.1.1.1


class Certificate:
    """An X.509 certificate in DER.

    `der`, `serial_number`, `issuer`, `subject` and `public_key_info` are DER elements with their headers;
    `not_before` and `not_after` are dates as YYYYMMDD in ASCII; `modulus` and `exponent` are None unless the
    key is an RSA key.

    Spec: RFC 5280 4.1
    """

    __slots__ = (
        "der", "exponent", "issuer", "modulus", "not_after", "not_before", "public_key_info", "serial_number",
        "subject",
    )  # fmt: skip

    def __init__(self, der: bytes) -> None:
        """:raises BadCardData: this is not a certificate."""
        fields = Reader(der).enter(SEQUENCE).enter(SEQUENCE)
        if fields.next_tag() == VERSION:
            fields.take()
        self.der = der
        self.serial_number = fields.take_element(INTEGER)
        fields.take(SEQUENCE)  # signature algorithm
        self.issuer = fields.take_element(SEQUENCE)
        validity = fields.enter(SEQUENCE)
        self.not_before = _date(validity)
        self.not_after = _date(validity)
        self.subject = fields.take_element(SEQUENCE)
        self.public_key_info = fields.take_element(SEQUENCE)
        self.modulus: int | None
        self.exponent: int | None
        self.modulus, self.exponent = _rsa_numbers(self.public_key_info)


def _date(validity: Reader) -> bytes:
    """Spec: RFC 5280 4.1.2.5"""
    tag = validity.next_tag()
    text = validity.take_value()
    if tag == UTC_TIME:
        text = (b"19" if text[:2] >= b"50" else b"20") + text
    elif tag != GENERALIZED_TIME:
        raise BadCardData("a certificate without dates")
    if len(text) < 8 or not text[:8].isdigit():
        raise BadCardData("a certificate with a bad date")
    return text[:8]


def _rsa_numbers(public_key_info: bytes) -> tuple[int, int] | tuple[None, None]:
    """Modulus and exponent. Spec: RFC 8017 A.1.1"""
    info = Reader(public_key_info).enter(SEQUENCE)
    if info.enter(SEQUENCE).take_value(OBJECT_IDENTIFIER) != RSA_ENCRYPTION:
        return None, None
    bits = info.take_value(BIT_STRING)
    numbers = Reader(bits, 1).enter(SEQUENCE)  # the first byte counts unused bits
    modulus = int.from_bytes(numbers.take_value(INTEGER), "big")
    exponent = int.from_bytes(numbers.take_value(INTEGER), "big")
    if not (MIN_KEY_BITS <= modulus.bit_length() <= MAX_KEY_BITS and modulus % 2):
        raise BadCardData("a certificate with an impossible RSA key")
    if exponent < 3 or exponent.bit_length() > MAX_EXPONENT_BITS or exponent % 2 == 0:
        raise BadCardData("a certificate with an impossible RSA exponent")
    return modulus, exponent


def signed_part(der: bytes) -> tuple[bytes, bytes]:
    """What an authority has signed of a certificate, and its signature.

    :raises BadCardData: this is not a certificate. Spec: RFC 5280 4.1.1
    """
    fields = Reader(der).enter(SEQUENCE)
    signed = fields.take_element(SEQUENCE)
    fields.take(SEQUENCE)  # signature algorithm
    return signed, fields.take_value(BIT_STRING)[1:]  # the first byte counts unused bits


def certificate_len(head: bytes) -> int:
    """Length in bytes of the certificate that begins so.

    :raises BadCardData: no certificate begins so; the card fills empty files with FF. Card: notes 6.1
    """
    tag, value, length = read_header(head)
    if tag != SEQUENCE:
        raise BadCardData(f"no certificate: it begins with {tag:02X}")
    return value + length


def serial_number_in(head: bytes) -> bytes:
    """The serial number's bytes, big-endian without sign, from the beginning of a certificate.

    :raises BadCardData: this is not the beginning of a certificate.
    """
    _tag, position, _length = read_header(head)
    _tag, position, _length = read_header(head, position)
    fields = Reader(head, position)
    if fields.next_tag() == VERSION:
        fields.take()
    return fields.take_value(INTEGER).lstrip(b"\0") or b"\0"
