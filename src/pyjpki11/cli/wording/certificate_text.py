"""A certificate as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pyjpki11.certificates.anchors import policies_of, usage_of
from pyjpki11.certificates.person import BirthDate, Person, person_of, substituted
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal import columns
from pyjpki11.cli.wording import dates, distinguished_names
from pyjpki11.cli.wording.validity import Period

#: Attribute of x509.KeyUsage -> its name. Spec: RFC 5280 4.2.1.3
USAGES = {
    "digital_signature": N_("signing"),
    "content_commitment": N_("non-repudiation"),
    "key_cert_sign": N_("issuing certificates"),
    "crl_sign": N_("issuing revocation lists"),
}

#: Certificate policy -> its name. Card: notes 6.3
POLICIES = {
    "1.2.392.200149.8.5.1.1.20": N_("digital signature, card"),
    "1.2.392.200149.8.5.1.1.40": N_("digital signature, phone"),
    "1.2.392.200149.8.5.1.0.20": N_("digital signature, test card"),
    "1.2.392.200149.8.5.1.3.30": N_("user authentication, card"),
}

SEXES = {"male": N_("male"), "female": N_("female"), "unknown": N_("unknown")}


def lines(certificate: x509.Certificate, title: str) -> Iterator[str]:
    """The certificate in words, below a title."""
    yield title
    yield from columns.table(_rows(certificate), indent=2)
    person = person_of(certificate)
    if person is not None:
        yield ""
        yield _("Holder")
        yield from columns.table(person_rows(person), indent=2)


def document(certificate: x509.Certificate) -> dict[str, Any]:
    """The certificate for programs."""
    decoded = _decoded(certificate)
    person = person_of(certificate)
    return {
        "subject": distinguished_names.distinguished(decoded.subject),
        "issuer": distinguished_names.distinguished(decoded.issuer),
        "serial_number": serial_number(certificate),
        **Period.of(decoded).document(datetime.now(UTC)),
        "key": _key(certificate),
        "key_usage": [name for name in USAGES if _may(certificate, name)],
        "policies": policies_of(certificate),
        "sha256": certificate.fingerprint(SHA256()).hex(),
        "person": person_document(person) if person else None,
        "pem": certificate.public_bytes(Encoding.PEM).decode(),
    }


def person_rows(person: Person) -> list[tuple[str, str]]:
    """The holder for people."""
    return [
        (_("Name"), _with_substitutes(person.name, person.name_flags)),
        (_("Birth date"), _birth_date(person.birth_date)),
        (_("Sex"), _(SEXES[person.sex])),
        (_("Address"), _with_substitutes(person.address, person.address_flags)),
    ]


def person_document(person: Person) -> dict[str, Any]:
    """The holder for programs; a flag other than 0 marks a character that stands in for another."""
    day = person.birth_date.day
    return {
        "name": person.name,
        "name_substitutes": person.name_flags,
        "birth_date": day.isoformat() if day else None,
        "birth_era": person.birth_date.era,
        "sex": person.sex,
        "address": person.address,
        "address_substitutes": person.address_flags,
    }


def subject(certificate: x509.Certificate) -> str:
    """The subject's name."""
    return distinguished_names.distinguished(_decoded(certificate).subject)


def holder(certificate: x509.Certificate) -> str:
    """Whose certificate it is: a name, or the subject where it has none."""
    person = person_of(certificate)
    return person.name if person else subject(certificate)


def serial_number(certificate: x509.Certificate) -> str:
    """The serial number in hex, two digits a byte."""
    digits = f"{certificate.serial_number:x}"
    return digits.zfill(len(digits) + len(digits) % 2)


def ssh_line(certificate: x509.Certificate, comment: str) -> str:
    """The public key as a line of authorized_keys."""
    key = certificate.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{key} {comment}"


def _rows(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    decoded = _decoded(certificate)
    period = Period.of(decoded)
    yield _("Subject"), distinguished_names.distinguished(decoded.subject)
    yield _("Issuer"), distinguished_names.distinguished(decoded.issuer)
    yield _("Serial"), serial_number(certificate)
    yield _("Valid"), period.text()
    warning = period.warning(datetime.now(UTC))
    if warning:
        yield _("Warning"), warning
    yield _("Key"), _key(certificate)
    yield _("Key usage"), _(", ").join(_(text) for name, text in USAGES.items() if _may(certificate, name))
    for policy in policies_of(certificate):
        known = POLICIES.get(policy)
        yield _("Policy"), _("{policy} ({meaning})", policy=policy, meaning=_(known)) if known else policy
    yield "SHA-256", certificate.fingerprint(SHA256()).hex()


def _decoded(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return str(getattr(getattr(key, "curve", key), "name", type(key).__name__))


def _may(certificate: x509.Certificate, name: str) -> bool:
    usage = usage_of(certificate)
    return usage is not None and bool(getattr(usage, name))


def _with_substitutes(text: str, flags: str) -> str:
    found = substituted(text, flags)
    if not found:
        return text
    return _("{text} (with substitutes for other characters: {characters})", text=text, characters="、".join(found))


def _birth_date(birth: BirthDate) -> str:
    return birth.text if birth.day is None else dates.birth(birth.day, birth.era)
