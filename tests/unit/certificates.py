"""Certificates for the tests, made with `cryptography`; no key generation that takes time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

ISSUER_KEY = ec.derive_private_key(1, ec.SECP256R1())
START, END = datetime(2025, 10, 27), datetime(2030, 2, 17, 14, 59, 59)


def rsa_key(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPublicKey:
    """A public key nobody has the private half of."""
    modulus = (1 << bits - 1) | int.from_bytes(b"\xa5" * (bits // 8 - 8), "big") | 1
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def ec_key() -> ec.EllipticCurvePublicKey:
    """A key of the next card's kind. Card: notes 11"""
    return ec.derive_private_key(2, ec.SECP384R1()).public_key()


def name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """C=JP and more."""
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "JP")
    return x509.Name([country, *(x509.NameAttribute(kind, value) for kind, value in parts)])


SUBJECT = name((NameOID.LOCALITY_NAME, "Tokyo-to"), (NameOID.COMMON_NAME, "997794E9AGCIEG13221003A"))
ISSUER = name((NameOID.ORGANIZATION_NAME, "公的個人認証サービス"))


def make(
    key: Any = None,
    serial: int = 0x0705D990,
    start: datetime = START,
    end: datetime = END,
    subject: x509.Name = SUBJECT,
    issuer: x509.Name = ISSUER,
) -> bytes:
    """A certificate, DER."""
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    builder = builder.public_key(key or rsa_key()).serial_number(serial)
    builder = builder.not_valid_before(start).not_valid_after(end)
    usage = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.392.200149.8.5.5.1"), b"\x0c\x01A")
    return builder.add_extension(usage, False).sign(ISSUER_KEY, SHA256()).public_bytes(Encoding.DER)


_AUTHORITY_KEYS: dict[bytes, rsa.RSAPrivateKey] = {}  # by certificate


def authority(unit: str) -> bytes:
    """A CA certificate with a key of its own, all with one name for each unit. Card: notes 6.2"""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is fast to make, and guards nothing
    named = name((NameOID.ORGANIZATION_NAME, "JPKI-TEST"), (NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    der = issue(key, named, named, key.public_key())
    _AUTHORITY_KEYS[der] = key
    return der


def issue(key: rsa.RSAPrivateKey, issuer: x509.Name, subject: x509.Name, public: rsa.RSAPublicKey) -> bytes:
    """A certificate that the key has signed, with a serial number of its own."""
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(START).not_valid_after(END)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def of_a_card(like: dict[int, bytes] | None = None) -> dict[int, bytes]:
    """What everybody may read of a new card, by EF: of the same authorities as another card, or of new ones."""
    authorities = (like[0x000B], like[0x0002]) if like else (authority("auth"), authority("sign"))
    issuer = x509.load_der_x509_certificate(authorities[0]).subject
    own = issue(_AUTHORITY_KEYS[authorities[0]], issuer, SUBJECT, rsa_key())
    return {0x000A: own, 0x000B: authorities[0], 0x0002: authorities[1]}
