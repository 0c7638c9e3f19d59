"""Makes CMS signatures of the form CAdES-BES. Spec: RFC 5652 5; ETSI EN 319 122-1 V1.3.1 6.1"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from asn1crypto import algos, cms, core, tsp, x509

#: The hashes offered.
DIGESTS = ("sha256", "sha384", "sha512")

#: From then on two digits no longer tell the century.
FIRST_GENERALIZED_YEAR = 2050


class Key(Protocol):
    """What signs: an RSA key of the card with its certificate and its issuer's, DER."""

    certificate: bytes
    ca_certificate: bytes | None

    def sign(self, digest: str, chunks: Iterable[bytes]) -> bytes:
        """The RSASSA-PKCS1-v1_5 signature of a content."""


class SignedFields(NamedTuple):
    """The fields of a SignedData before and after its content, DER; `envelope.wrap` puts them together."""

    before: bytes
    after: bytes


def sign(key: Key, digest: str, content_hash: bytes, moment: datetime) -> SignedFields:
    """A signature of a content of which the hash is known, made at a moment of the user's clock."""
    certificate = x509.Certificate.load(key.certificate)
    attributes = _attributes(certificate, digest, content_hash, moment)
    info = cms.SignerInfo({
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", _name_of(certificate)),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
        "signed_attrs": attributes,
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": f"{digest}_rsa"}),
        "signature": key.sign(digest, [attributes.dump()]),
    })  # fmt: skip
    before = cms.CMSVersion("v1").dump()
    before += cms.DigestAlgorithms([algos.DigestAlgorithm({"algorithm": digest})]).dump()
    return SignedFields(before, _certificates(key) + cms.SignerInfos([info]).dump())


def _attributes(certificate: x509.Certificate, digest: str, content_hash: bytes, moment: datetime) -> cms.CMSAttributes:
    """Spec: ETSI EN 319 122-1 V1.3.1 5.1, 5.2.2"""
    names: Iterable[tuple[str, object]] = (
        ("content_type", "data"),
        ("signing_time", _time(moment)),
        ("message_digest", content_hash),
        ("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [_identity(certificate)]})),
    )
    return cms.CMSAttributes([cms.CMSAttribute({"type": kind, "values": [value]}) for kind, value in names])


def _time(moment: datetime) -> cms.Time:
    """Spec: RFC 5652 11.3"""
    if moment.year < FIRST_GENERALIZED_YEAR:
        return cms.Time("utc_time", core.UTCTime(moment))
    return cms.Time("generalized_time", core.GeneralizedTime(moment))


def _identity(certificate: x509.Certificate) -> tsp.ESSCertIDv2:
    """SHA-256 of the certificate, the default that is not written. Spec: RFC 5035 4"""
    issuer = x509.GeneralNames([x509.GeneralName("directory_name", certificate.issuer)])
    return tsp.ESSCertIDv2({
        "cert_hash": hashlib.sha256(certificate.dump()).digest(),
        "issuer_serial": tsp.IssuerSerial({"issuer": issuer, "serial_number": certificate.serial_number}),
    })  # fmt: skip


def _name_of(certificate: x509.Certificate) -> cms.IssuerAndSerialNumber:
    return cms.IssuerAndSerialNumber({
        "issuer": certificate.issuer,
        "serial_number": certificate.serial_number,
    })  # fmt: skip


def _certificates(key: Key) -> bytes:
    """The signer's and its issuer's, as a field of SignedData."""
    ders = [key.certificate, *([key.ca_certificate] if key.ca_certificate else [])]
    choices = [cms.CertificateChoices("certificate", x509.Certificate.load(der)) for der in ders]
    dumped: bytes = cms.CertificateSet(choices, implicit=0).dump()
    return dumped
