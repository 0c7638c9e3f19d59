"""The profile of the card's four certificates."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from .. import tlv
from .person import Person

# The real hierarchy has O=JPKI: this one must never pass for it.
ORGANISATION = "JPKI-SOFTCARD"
AUTH_UNIT = "JPKI for user authentication"
SIGN_UNIT = "JPKI for digital signature"
AGENCY = "Japan Agency for Local Authority Information Systems"  # Card: notes 6.2
SERVICE = "公的個人認証サービス ソフトウェアカード"

# Card: notes 6.3
AUTH_POLICY = x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.30")
SIGN_POLICY = x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.20")
PRACTICE_STATEMENT = "http://www.jpki.go.jp/cps.html"
ATTRIBUTE_ARC = "1.2.392.200149.8.5.5."

Extension = tuple[x509.ExtensionType, bool]  # with its critical bit
Period = tuple[datetime, datetime]  # of validity: from, to


class Authority(NamedTuple):
    """A self-signed CA."""

    key: RSAPrivateKey
    name: x509.Name
    der: bytes


def authority(key: RSAPrivateKey, unit: str, period: Period) -> Authority:
    """A CA certificate for `unit`. Card: notes 6.2, extensions in this order"""
    name = _name(("O", ORGANISATION), ("OU", unit), ("OU", AGENCY))
    extensions: list[Extension] = [
        (_key_usage(key_cert_sign=True, crl_sign=True), True),
        (x509.SubjectAlternativeName([x509.DirectoryName(_service())]), False),
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (_crl_point(name), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]
    der = _certificate(name, name, key, key.public_key(), period, extensions)
    return Authority(key, name, der)


def authentication(ca: Authority, public: RSAPublicKey, person: Person, period: Period) -> bytes:
    """The user authentication certificate, DER: nothing about the person in it. Card: notes 6.3"""
    subject = _name(("CN", f"SOFT{secrets.token_hex(5).upper()}{person.municipality_code}003A"))
    extensions: list[Extension] = [
        (_key_usage(digital_signature=True), True),
        (x509.CertificatePolicies([x509.PolicyInformation(AUTH_POLICY, None)]), True),
        (x509.IssuerAlternativeName([x509.DirectoryName(_service())]), False),
    ]
    return _certificate(subject, ca.name, ca.key, public, period, extensions)


def signature(ca: Authority, public: RSAPublicKey, person: Person, period: Period) -> bytes:
    """The digital signature certificate, DER, with the person's name and address. Card: notes 6.3"""
    moment = period[0].strftime("%Y%m%d%H%M%S") + f"{secrets.randbelow(1000):03}"
    number = moment + person.municipality_code + "001A"
    subject = _name(("L", person.prefecture), ("L", person.municipality), ("CN", number))
    extensions: list[Extension] = [
        (_key_usage(digital_signature=True, content_commitment=True), True),
        (x509.CertificatePolicies([x509.PolicyInformation(SIGN_POLICY, [PRACTICE_STATEMENT])]), True),
        (x509.SubjectAlternativeName(_attributes(person)), False),
        (x509.IssuerAlternativeName([x509.DirectoryName(_service())]), False),
        (_crl_point(_crl_name(person)), False),
    ]
    return _certificate(subject, ca.name, ca.key, public, period, extensions)


def _attributes(person: Person) -> list[x509.GeneralName]:
    """Six otherNames. Card: notes 6.3, in this order"""
    values = {
        "1": person.name,
        "4": person.birth_text,
        "3": person.sex,
        "5": person.address,
        "2": "0" * len(person.name),  # no substitute characters in the name
        "6": "0" * len(person.address),  # nor in the address
    }
    return [_other_name(ATTRIBUTE_ARC + last, text) for last, text in values.items()]


def _other_name(oid: str, text: str) -> x509.OtherName:
    utf8_string = tlv.encode(0x0C, text.encode())
    return x509.OtherName(x509.ObjectIdentifier(oid), utf8_string)


def _crl_name(person: Person) -> x509.Name:
    units = (SIGN_UNIT, "CRL Distribution Points", person.prefecture)
    return _name(("O", ORGANISATION), *(("OU", unit) for unit in units), ("CN", person.municipality))


_ATTRIBUTE_TYPES = {
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "L": NameOID.LOCALITY_NAME,
    "CN": NameOID.COMMON_NAME,
}


def _name(*parts: tuple[str, str]) -> x509.Name:
    """C=JP followed by `parts`, one RDN each."""
    attributes = [x509.NameAttribute(_ATTRIBUTE_TYPES[kind], value) for kind, value in parts]
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), *attributes])


def _service() -> x509.Name:
    return _name(("O", SERVICE))


def _crl_point(name: x509.Name) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint([x509.DirectoryName(name)], None, None, None)
    return x509.CRLDistributionPoints([point])


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _key_usage(**usages: bool) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usages.get(usage, False) for usage in _USAGES})


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    issuer_key: RSAPrivateKey,
    public: RSAPublicKey,
    period: Period,
    extensions: Sequence[Extension],
) -> bytes:
    # Card: notes 6.3; a serial number of four bytes, which is a positive number
    serial = secrets.randbelow(0x7F000000) + 0x01000000
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(period[0])
        .not_valid_after(period[1])
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, SHA256()).public_bytes(Encoding.DER)
