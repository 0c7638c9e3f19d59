"""Whether a certificate is one of an issuer that is believed, now or at another moment.

The chains of JPKI have one step, from a self-signed root to a card's certificate. All generations of a root have one
name, so a root is recognised by its signature. Card: notes 6.2
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from pyjpki11.certificates.anchors import (
    AUTHENTICATION,
    GIVEN,
    PUBLISHED,
    TEST,
    Anchor,
    is_authority,
    is_of_test_card,
    purpose_of,
    usage_of,
)
from pyjpki11.certificates.findings import BAD, GOOD, OPEN, UNPROVEN, Finding
from pyjpki11.certificates.strength import is_strong_hash, is_strong_key

#: Source of an anchor -> result and code of the finding. Each test card may have a root of its own: it proves nothing.
ISSUERS = {PUBLISHED: (GOOD, "published-root"), GIVEN: (GOOD, "given-root"), TEST: (OPEN, "test-root")}

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
    certificate: x509.Certificate,
    anchors: Sequence[Anchor],
    moment: datetime,
    must_sign: bool = True,
    candidates: Sequence[x509.Certificate] = (),
) -> list[Finding]:
    """What is to be said of a certificate's issuer, validity at a moment, key usage.

    :param certificate: one that `anchors.load` has loaded.
    :param must_sign: its key is to sign documents or sign in; otherwise one that issues certificates is good too.
    :param candidates: certificates that came with it, which are not believed.
    """
    anchor = issuer_of(certificate, anchors)
    issuer = _issuer(certificate, anchor) if anchor else _no_issuer(certificate, candidates)
    return [issuer, _validity(certificate, anchor, moment), _usage(certificate, must_sign)]


def for_documents(certificate: x509.Certificate, accepts_authentication: bool) -> list[Finding]:
    """Whether a certificate is for documents; nothing where it does not say what it is for.

    With the authentication key a holder signs whatever a site sends, unseen: it can be the attributes of a document.
    """
    purpose = purpose_of(certificate)
    if purpose == AUTHENTICATION:
        return [Finding("purpose", OPEN if accepts_authentication else UNPROVEN, "authentication")]
    return [Finding("purpose", GOOD, "documents")] if purpose else []


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate == issuer:
        return True
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _no_issuer(certificate: x509.Certificate, candidates: Sequence[x509.Certificate]) -> Finding:
    code = "unknown-issuer"
    if is_of_test_card(certificate):
        has_issuer = any(is_authority(it) and _is_issued_by(certificate, it) for it in candidates)
        code = "test-issuer" if has_issuer else "missing-issuer"
    return Finding("issuer", BAD, code, {"issuer": certificate.issuer.rfc4514_string()})


def _issuer(certificate: x509.Certificate, anchor: Anchor) -> Finding:
    hashed = certificate.signature_hash_algorithm
    if not is_strong_hash(hashed):
        return Finding("issuer", BAD, "weak-hash", {"hash": hashed.name if hashed else None})
    if not is_strong_key(anchor.certificate.public_key()):
        return Finding("issuer", BAD, "weak-key")
    result, code = ISSUERS[anchor.source]
    return Finding("issuer", result, code, {"purpose": anchor.purpose, "generation": anchor.generation})


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
    unknown = unknown_extension(certificate)
    if unknown:
        return Finding("key-usage", BAD, "unknown-extension", {"oid": unknown})
    if not is_strong_key(certificate.public_key()):
        return Finding("key-usage", BAD, "weak-key")
    usage = usage_of(certificate)
    if not must_sign and is_authority(certificate):
        return Finding("key-usage", GOOD, "issues")
    if usage is None:
        return Finding("key-usage", OPEN, "unlimited")
    if not (usage.digital_signature or usage.content_commitment) or not _may_be_used_for_signing(certificate):
        return Finding("key-usage", BAD, "no-signing")
    return Finding("key-usage", GOOD, "signs")


def unknown_extension(certificate: x509.Certificate) -> str:
    """An extension that forbids to believe a certificate, as a dotted number; empty where there is none."""
    found = (it.oid.dotted_string for it in certificate.extensions if it.critical and it.oid not in HEEDED)
    return next(found, "")


def _may_be_used_for_signing(certificate: x509.Certificate) -> bool:
    """Spec: RFC 5280 4.2.1.12"""
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return not SIGNING_PURPOSES.isdisjoint(purposes)
