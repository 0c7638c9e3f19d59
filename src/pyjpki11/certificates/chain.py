"""Whether a certificate is one of an issuer that is believed, now or at another moment.

The chains of JPKI have one step, from a self-signed root to a card's certificate. All generations of a root have one
name, so a root is recognised by its signature. Card: reference 6.2
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from pyjpki11.certificates.anchors import GIVEN, PUBLISHED, TEST, Anchor, is_authority, is_of_test_card, usage_of
from pyjpki11.certificates.findings import BAD, GOOD, OPEN, Finding

#: Source of an anchor -> code of the finding.
ISSUER_CODES = {PUBLISHED: "published-root", GIVEN: "given-root", TEST: "test-root"}

STRONG_HASHES = ("sha256", "sha384", "sha512")

#: Extended key usages that leave room for documents; a responder of OCSP, for example, has another.
SIGNING_PURPOSES = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing. Spec: RFC 9336 3.1
}

#: Extensions whose meaning is heeded here; another one that is critical forbids to believe. Spec: RFC 5280 4.2
HEEDED = (
    ExtensionOID.KEY_USAGE,
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.EXTENDED_KEY_USAGE,
)


def issuer_of(certificate: x509.Certificate, anchors: Sequence[Anchor]) -> Anchor | None:
    """The anchor that signed a certificate, or that is it; None where there is none."""
    return next((anchor for anchor in anchors if _is_issued_by(certificate, anchor.certificate)), None)


def judge(
    certificate: x509.Certificate, anchors: Sequence[Anchor], moment: datetime, must_sign: bool = True
) -> list[Finding]:
    """What is to be said of a certificate's issuer, validity at a moment, key usage.

    :param certificate: one that `anchors.load` has loaded.
    :param must_sign: its key is to sign documents or sign in; otherwise one that issues certificates is good too.
    """
    anchor = issuer_of(certificate, anchors)
    return [_issuer(certificate, anchor), _validity(certificate, anchor, moment), _usage(certificate, must_sign)]


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate == issuer:
        return True
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _issuer(certificate: x509.Certificate, anchor: Anchor | None) -> Finding:
    if anchor is None:
        code = "test-issuer" if is_of_test_card(certificate) else "unknown-issuer"
        return Finding("issuer", BAD, code, {"issuer": certificate.issuer.rfc4514_string()})
    hashed = certificate.signature_hash_algorithm
    if hashed is None or hashed.name not in STRONG_HASHES:
        return Finding("issuer", BAD, "weak-hash", {"hash": hashed.name if hashed else None})
    facts = {"purpose": anchor.purpose, "generation": anchor.generation}
    return Finding("issuer", GOOD, ISSUER_CODES[anchor.source], facts)


def _validity(certificate: x509.Certificate, anchor: Anchor | None, moment: datetime) -> Finding:
    found = _period(certificate, "", moment)
    if found.result == GOOD and anchor is not None:
        issuer = _period(anchor.certificate, "issuer-", moment)
        return issuer if issuer.result == BAD else found
    return found


def _period(certificate: x509.Certificate, whose: str, moment: datetime) -> Finding:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    facts = {"from": start, "to": end, "at": moment}
    if moment < start:
        return Finding("validity", BAD, f"{whose}not-yet-valid", facts)
    if moment > end:
        return Finding("validity", BAD, f"{whose}expired", facts)
    return Finding("validity", GOOD, "valid", facts)


def _usage(certificate: x509.Certificate, must_sign: bool) -> Finding:
    """Spec: RFC 5280 4.2.1.3"""
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in HEEDED:
            return Finding("key-usage", BAD, "unknown-extension", {"oid": extension.oid.dotted_string})
    usage = usage_of(certificate)
    if not must_sign and is_authority(certificate):
        return Finding("key-usage", GOOD, "issues")
    if usage is None:
        return Finding("key-usage", OPEN, "unlimited")
    if not (usage.digital_signature or usage.content_commitment) or not _may_be_used_for_signing(certificate):
        return Finding("key-usage", BAD, "no-signing")
    return Finding("key-usage", GOOD, "signs")


def _may_be_used_for_signing(certificate: x509.Certificate) -> bool:
    """Spec: RFC 5280 4.2.1.12"""
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return not SIGNING_PURPOSES.isdisjoint(purposes)
