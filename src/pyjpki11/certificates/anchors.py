"""The CA certificates that are believed without proof."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pyjpki11.certificates.errors import BadCertificate, UnfitRoot
from pyjpki11.certificates.inputs import is_der

# Who vouches for an anchor.
PUBLISHED = "published"
GIVEN = "given"
TEST = "test"

AUTHENTICATION, SIGNATURE = "auth", "sign"

#: Part of a CA's name -> what its certificates are for. Card: notes 6.2
PURPOSES = {"JPKI for user authentication": AUTHENTICATION, "JPKI for digital signature": SIGNATURE}

#: The policies of certificates for user authentication begin so: cards have .30. Card: notes 6.3
AUTHENTICATION_POLICIES = "1.2.392.200149.8.5.1.3."

#: Organisations whose certificates say nothing about a person: cards of software, and test cards. Card: notes 6.2
TEST_ORGANISATIONS = ("JPKI-SOFTCARD", "JPKI-TEST")

#: What `cryptography` raises on certificates that are not built as they should be.
SPOILT = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class PublishedRoot(NamedTuple):
    """A CA certificate of J-LIS; `fingerprint` is the SHA-256 of its DER form, in hex."""

    file: str
    generation: int
    fingerprint: str


#: Source: published/README.md
PUBLISHED_ROOTS = (
    PublishedRoot("auth_ca_2015.pem", 1, "4DCFC4CA0AAF9FB2A3081B3F0C991C320B3ACC008667A341EEAEC5AF1D58CA7D"),
    PublishedRoot("sign_ca_2015.pem", 1, "19645405A1FE14377434BD55957628AC4038557C542403A2243F21C706FC9355"),
    PublishedRoot("auth_ca_2019.pem", 2, "0D98DE47FC11B7F67126874B7028B6026A803D2638D6EDFE53176953961FADE6"),
    PublishedRoot("sign_ca_2019.pem", 2, "79679C33E4CC9319440F1AD120A597FF1844E2EF217063ADB176966FD5E6FBEB"),
    PublishedRoot("auth_ca_2023.pem", 3, "64114F29620C24ED2631D46476A040E7EE740D956089C00B036A6A8118C322B5"),
    PublishedRoot("sign_ca_2023.pem", 3, "D227F6CDE11D35C5252178F106F843D24651944975413B539FA2FB68DBFA365F"),
)


class Anchor(NamedTuple):
    """A CA certificate that is believed; `generation` is None but for the published ones."""

    certificate: x509.Certificate
    source: str
    purpose: str | None
    generation: int | None = None


def published() -> list[Anchor]:
    """The roots of J-LIS.

    :raises BadCertificate: a file is not the one that was published.
    """
    return [_published(row) for row in PUBLISHED_ROOTS]


def given(data: bytes) -> list[Anchor]:
    """The roots in a file of the user's, PEM or DER.

    :raises BadCertificate: there is none in it.
    :raises UnfitRoot: one of them may not issue certificates.
    """
    certificates = load_all(data)
    for certificate in certificates:
        if not is_authority(certificate):
            raise UnfitRoot(certificate.subject.rfc4514_string())
    return [Anchor(certificate, GIVEN, purpose_of(certificate)) for certificate in certificates]


def test_roots(candidates: Iterable[x509.Certificate]) -> list[Anchor]:
    """Those among some certificates that are roots of a test hierarchy, each card's being its own."""
    return [Anchor(it, TEST, purpose_of(it)) for it in candidates if is_authority(it) and is_of_test_card(it)]


def load_all(data: bytes) -> Sequence[x509.Certificate]:
    """The certificates in a file, PEM or DER, at least one.

    :raises BadCertificate: there is none in it.
    """
    if is_der(data):
        return [load(data)]
    with understood():
        parsed = x509.load_pem_x509_certificates(data)
    return [load(one.public_bytes(Encoding.DER)) for one in parsed]


def load(der: bytes) -> x509.Certificate:
    """A certificate, of which all parts are looked at: nothing fails later.

    :raises BadCertificate: it is something else, or spoilt.
    """
    with understood():
        certificate = x509.load_der_x509_certificate(der)
        for part in ("extensions", "subject", "issuer", "signature_hash_algorithm", "not_valid_after_utc"):
            getattr(certificate, part)
        certificate.public_key()
    return certificate


@contextmanager
def understood() -> Iterator[None]:
    """Gives whatever `cryptography` finds wrong with a certificate one name.

    :raises BadCertificate: something is.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # users can do nothing about them
            yield
    except SPOILT as error:
        raise BadCertificate(str(error)) from None


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether a certificate may issue others. Spec: RFC 5280 4.2.1.9, 4.2.1.3"""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    usage = usage_of(certificate)
    return constraints.ca and (usage is None or usage.key_cert_sign)


def is_of_test_card(certificate: x509.Certificate) -> bool:
    """Whether a certificate's issuer is not an authority for people."""
    named = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(attribute.value in TEST_ORGANISATIONS for attribute in named)


def purpose_of(certificate: x509.Certificate) -> str | None:
    """What a certificate is for, by its policies and its issuer's name; None where neither says it."""
    if any(policy.startswith(AUTHENTICATION_POLICIES) for policy in policies_of(certificate)):
        return AUTHENTICATION
    units = [it.value for it in certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    return next((purpose for name, purpose in PURPOSES.items() if name in units), None)


def policies_of(certificate: x509.Certificate) -> list[str]:
    """The policies under which a certificate was issued, as dotted numbers."""
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return []
    return [policy.policy_identifier.dotted_string for policy in policies]


def usage_of(certificate: x509.Certificate) -> x509.KeyUsage | None:
    """What a certificate's key is for; None where it does not say."""
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _published(row: PublishedRoot) -> Anchor:
    data = (resources.files("pyjpki11.certificates") / "published" / row.file).read_bytes()
    (certificate,) = load_all(data)
    if certificate.fingerprint(SHA256()).hex().upper() != row.fingerprint:
        raise BadCertificate(f"{row.file} is not the certificate that was published")
    return Anchor(certificate, PUBLISHED, purpose_of(certificate), row.generation)
