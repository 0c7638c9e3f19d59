"""What an OCSP response says of a certificate. Spec: RFC 6960 3.2"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from pyjpki11.certificates.anchors import SPOILT, understood, usage_of
from pyjpki11.certificates.chain import unknown_extension
from pyjpki11.certificates.errors import BadCertificate, BadRevocationData
from pyjpki11.certificates.findings import BAD, GOOD, Finding
from pyjpki11.certificates.revocation import CHECK, CLOCK_SKEW, CRITICAL, at_odds_with_time, revoked
from pyjpki11.certificates.strength import is_strong_hash, is_strong_key

#: How old a response may be that does not say how long it holds.
UNTIL_THE_NEXT = timedelta(days=1)
#: Certificates in a response that are looked at; one is usual.
MAX_RESPONDERS = 8

#: States in the order in which they count where a response has several for one certificate.
WORST_FIRST = (ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN, ocsp.OCSPCertStatus.GOOD)


def by_response(
    certificate: x509.Certificate, issuer: x509.Certificate, data: bytes, moment: datetime, now: datetime
) -> Finding:
    """What an OCSP response, DER, says of a certificate at a moment.

    :raises BadRevocationData: this is something else.
    """
    try:
        with understood():
            response = ocsp.load_der_ocsp_response(data)
            if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
                return Finding(CHECK, BAD, "response-refused", {"status": response.response_status.name.lower()})
            return _judge(response, certificate, issuer, moment, now)
    except BadCertificate as error:
        raise BadRevocationData(str(error)) from None


def _judge(
    response: ocsp.OCSPResponse,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    moment: datetime,
    now: datetime,
) -> Finding:
    if not is_strong_hash(_hash_of(response)):
        return Finding(CHECK, BAD, "response-weak-hash")
    if not any(_is_signed_by(response, signer) for signer in _responders(response, issuer, moment)):
        return Finding(CHECK, BAD, "response-of-another-issuer")
    answers = [it for it in response.responses if _is_about(it, certificate, issuer)]
    if not answers:
        return Finding(CHECK, BAD, "response-about-another")
    if _has_critical_extensions(response):
        return Finding(CHECK, BAD, "response-not-understood")
    return _answered(min(answers, key=lambda it: WORST_FIRST.index(it.certificate_status)), certificate, moment, now)


def _answered(
    answer: ocsp.OCSPSingleResponse, certificate: x509.Certificate, moment: datetime, now: datetime
) -> Finding:
    issued = answer.this_update_utc
    until = answer.next_update_utc or issued + UNTIL_THE_NEXT
    objection = at_odds_with_time("response", issued, until, certificate, moment, now)
    if objection:
        return objection
    if answer.revocation_time_utc is not None:
        return revoked(answer.revocation_time_utc, moment, now)
    if answer.certificate_status == ocsp.OCSPCertStatus.UNKNOWN:
        return Finding(CHECK, BAD, "response-unknown")
    if moment < issued - CLOCK_SKEW:  # what was suspended meanwhile may be good again
        return Finding(CHECK, BAD, "response-expired", {"issued": issued, "until": until})
    return Finding(CHECK, GOOD, "not-revoked", {"issued": issued})


def _has_critical_extensions(response: ocsp.OCSPResponse) -> bool:
    """Spec: RFC 6960 4.4: none is critical by itself, so the meaning of one that is would be unknown."""
    if len(list(response.responses)) > 1:  # the library shows none of them then
        return CRITICAL in response.tbs_response_bytes
    return any(it.critical for it in (*response.extensions, *response.single_extensions))


# -- who has signed it --------------------------------------------------------------------------------------


def _responders(response: ocsp.OCSPResponse, issuer: x509.Certificate, moment: datetime) -> Iterator[x509.Certificate]:
    """The issuer, and those whom it lets answer in its place. Spec: RFC 6960 4.2.2.2"""
    yield issuer
    for certificate in islice(response.certificates, MAX_RESPONDERS):
        if _may_answer(certificate, issuer, moment):
            yield certificate


def _may_answer(certificate: x509.Certificate, issuer: x509.Certificate, moment: datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        is_sound = is_strong_hash(certificate.signature_hash_algorithm) and is_strong_key(certificate.public_key())
        usage = usage_of(certificate)
        may_sign = usage is None or usage.digital_signature or usage.content_commitment
        is_known = not unknown_extension(certificate)
    except (*SPOILT, InvalidSignature, x509.ExtensionNotFound):
        return False
    is_valid = certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc
    return is_valid and is_sound and may_sign and is_known and ExtendedKeyUsageOID.OCSP_SIGNING in purposes


def _hash_of(response: ocsp.OCSPResponse) -> HashAlgorithm | None:
    try:
        return response.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None


def _is_signed_by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    try:
        _verify(signer.public_key(), response.signature, response.tbs_response_bytes, _hash_of(response))
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _verify(key: Any, signature: bytes, data: bytes, hashed: HashAlgorithm | None) -> None:
    if isinstance(key, rsa.RSAPublicKey) and hashed is not None:
        key.verify(signature, data, PKCS1v15(), hashed)
    elif isinstance(key, ec.EllipticCurvePublicKey) and hashed is not None:
        key.verify(signature, data, ec.ECDSA(hashed))
    else:
        raise UnsupportedAlgorithm("neither RSA nor ECDSA")


def _is_about(answer: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if answer.serial_number != certificate.serial_number:
        return False
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, answer.hash_algorithm).build()
    return (asked.issuer_name_hash, asked.issuer_key_hash) == (answer.issuer_name_hash, answer.issuer_key_hash)
