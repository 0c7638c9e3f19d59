"""The certificate parser, judged by `cryptography`; whatever is no certificate is BadCardData."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st
from unit import certificates

from pyjpki11.card.certificate import Certificate, certificate_len, serial_number_in
from pyjpki11.errors import BadCardData

PROFILES: dict[str, dict[str, Any]] = {
    "as the card's": {},
    "3072 bits": {"key": certificates.rsa_key(3072)},
    "exponent 3": {"key": certificates.rsa_key(exponent=3)},
    "modulus with a clear top bit": {"key": certificates.rsa_key(2047)},
    "elliptic curve": {"key": certificates.ec_key()},
    "serial number 1": {"serial": 1},
    "serial number with its top bit set": {"serial": 0xF7000001},
    "serial number of 20 bytes": {"serial": (1 << 158) + 1},
    "generalized time": {"end": datetime(2051, 1, 2)},
    "last year in two digits": {"end": datetime(2049, 12, 31, 23, 59, 59)},
    "first year in two digits": {"start": datetime(1950, 1, 1)},
    "twentieth century": {"start": datetime(1999, 12, 31)},
    "empty subject": {"subject": x509.Name([])},
    "long names": {"subject": certificates.name(*[(x509.NameOID.LOCALITY_NAME, "L" * 100)] * 5)},
}


@functools.cache
def der_of(profile: str) -> bytes:
    """A certificate of a profile."""
    return certificates.make(**PROFILES[profile])


def element(text: bytes, tag: int = 0x02) -> bytes:
    """A short DER element."""
    return bytes((tag, len(text))) + text


@pytest.mark.parametrize("profile", PROFILES)
def test_fields(profile: str) -> None:
    der = der_of(profile)
    parsed, expected = Certificate(der), x509.load_der_x509_certificate(der)
    serial = expected.serial_number.to_bytes(expected.serial_number.bit_length() // 8 + 1, "big")
    info = expected.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert parsed.der == der
    assert parsed.serial_number == element(serial)
    assert parsed.subject == expected.subject.public_bytes()
    assert parsed.issuer == expected.issuer.public_bytes()
    assert parsed.not_before == expected.not_valid_before_utc.strftime("%Y%m%d").encode()
    assert parsed.not_after == expected.not_valid_after_utc.strftime("%Y%m%d").encode()
    assert parsed.public_key_info == info


@pytest.mark.parametrize("profile", PROFILES)
def test_rsa_numbers(profile: str) -> None:
    parsed = Certificate(der_of(profile))
    key = x509.load_der_x509_certificate(der_of(profile)).public_key()
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        assert (parsed.modulus, parsed.exponent) == (numbers.n, numbers.e)
    else:
        assert (parsed.modulus, parsed.exponent) == (None, None)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_the_beginning_tells(profile: str) -> None:
    """The length and the serial number are read off the first bytes."""
    der = der_of(profile)
    assert certificate_len(der[:4]) == len(der)
    assert certificate_len(der + b"\xff" * 9) == len(der)
    number = x509.load_der_x509_certificate(der).serial_number
    assert serial_number_in(der[:256]) == number.to_bytes((number.bit_length() + 7) // 8, "big")


@pytest.mark.parametrize("profile", ["as the card's", "elliptic curve"])
def test_cut_off_at_every_byte(profile: str) -> None:
    """A shorter file is never a certificate. The signature at the end is not looked at, its length is."""
    der = der_of(profile)
    for length in range(len(der)):
        with pytest.raises(BadCardData):
            Certificate(der[:length])


def test_serial_number_cut_off() -> None:
    der = der_of("as the card's")
    end = der.index(bytes.fromhex("02040705D990")) + 6
    assert serial_number_in(der[:end]) == bytes.fromhex("0705D990")
    for length in range(end):
        with pytest.raises(BadCardData):
            serial_number_in(der[:length])


GARBAGE = {
    "nothing": b"",
    "filler": b"\xff" * 256,
    "zeros": bytes(256),
    "text": b"this is no certificate at all",
    "empty sequence": bytes.fromhex("3000"),
    "sequence of nothing": bytes.fromhex("30023000"),
    "no end": bytes.fromhex("3080020100"),
    "a card verifiable certificate": bytes.fromhex("7F2181AA"),
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_garbage(data: bytes) -> None:
    with pytest.raises(BadCardData):
        Certificate(data)
    with pytest.raises(BadCardData):
        serial_number_in(data)


@pytest.mark.parametrize("text", ["", "30", "308201", "3080", "FFFFFFFF", "00000000", "7F2101"])
def test_no_beginning_of_a_certificate(text: str) -> None:
    with pytest.raises(BadCardData):
        certificate_len(bytes.fromhex(text))


def _with_date(tag: int, text: bytes) -> bytes:
    """The usual certificate with another first date of the same length."""
    old = element(b"251027000000Z", 0x17)
    new = element(text, tag)
    der = der_of("as the card's")
    assert len(new) == len(old) and der.count(old) == 1
    return der.replace(old, new)


@pytest.mark.parametrize(
    ("tag", "text"),
    [(0x17, b"25102A000000Z"), (0x17, b" 51027000000Z"), (0x18, b"2025102x0000Z"), (0x16, b"251027000000Z")],
)
def test_dates_that_are_none(tag: int, text: bytes) -> None:
    with pytest.raises(BadCardData):
        Certificate(_with_date(tag, text))


def test_impossible_rsa_keys() -> None:
    der = der_of("as the card's")
    modulus = certificates.rsa_key().public_numbers().n.to_bytes(256, "big")
    assert der.count(modulus) == 1
    for changed in (bytes(256), bytes(255) + b"\1", modulus[:-1] + b"\0"):
        with pytest.raises(BadCardData):
            Certificate(der.replace(modulus, changed))
    even_exponent = der.replace(bytes.fromhex("0203010001"), bytes.fromhex("0203010000"))
    with pytest.raises(BadCardData):
        Certificate(even_exponent)


@given(st.binary(max_size=300))
@example(b"\x30\x00")
def test_any_bytes(data: bytes) -> None:
    """Only BadCardData comes out."""
    for parse in (Certificate, certificate_len, serial_number_in):
        try:
            parse(data)
        except BadCardData:
            pass


@given(st.data())
def test_any_damage(data: st.DataObject) -> None:
    """A certificate with changed, missing or added bytes parses or is BadCardData."""
    der = bytearray(der_of(data.draw(st.sampled_from(["as the card's", "elliptic curve"]))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(der) - 1))
        der[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    for parse in (Certificate, certificate_len, serial_number_in):
        try:
            parse(bytes(der))
        except BadCardData:
            pass


def test_every_byte_changed() -> None:
    """As above, where it hurts: every header gets the values that matter."""
    der = bytearray(der_of("as the card's"))
    for at, before in enumerate(bytes(der)):
        for value in (0x00, 0x01, 0x1F, 0x7F, 0x80, 0x81, 0x84, 0x85, 0xFF):
            der[at] = value
            try:
                Certificate(bytes(der))
            except BadCardData:
                pass
        der[at] = before
