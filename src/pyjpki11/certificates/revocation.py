"""Whether a certificate was revoked, by what an authority has signed: a revocation list, or an OCSP response."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from pyjpki11.certificates.anchors import SPOILT
from pyjpki11.certificates.errors import BadRevocationData
from pyjpki11.certificates.findings import BAD, GOOD, OPEN, Finding

CHECK = "revocation"
#: What to say when nobody gave anything to check with.
NOT_ASKED = Finding(CHECK, OPEN, "not-asked")

#: How old an OCSP response may be that does not say how long it holds.
OCSP_HOLDS = timedelta(days=1)
#: What the clock of a responder may be ahead.
CLOCK_SKEW = timedelta(minutes=5)


def by_list(certificate: x509.Certificate, issuer: x509.Certificate, data: bytes, moment: datetime) -> Finding:
    """What a revocation list, PEM or DER, says of a certificate. Spec: RFC 5280 6.3

    :raises BadRevocationData: this is no revocation list.
    """
    try:
        return _judge_list(_load_list(data), certificate, issuer, moment)
    except SPOILT as error:
        raise BadRevocationData(str(error)) from None


def _judge_list(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate, moment: datetime
) -> Finding:
    if crl.issuer != issuer.subject or not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
        return Finding(CHECK, BAD, "list-of-another-issuer", {"issuer": crl.issuer.rfc4514_string()})
    if not _covers(crl, certificate):
        return Finding(CHECK, BAD, "list-does-not-cover")
    if crl.next_update_utc is not None and crl.next_update_utc < moment:
        return Finding(CHECK, BAD, "list-expired", {"until": crl.next_update_utc})
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is not None and entry.revocation_date_utc <= moment:
        return Finding(CHECK, BAD, "revoked", {"since": entry.revocation_date_utc})
    return Finding(CHECK, GOOD, "not-listed", {"issued": crl.last_update_utc})


def by_response(certificate: x509.Certificate, issuer: x509.Certificate, data: bytes, moment: datetime) -> Finding:
    """What an OCSP response, DER, says of a certificate. Spec: RFC 6960 3.2

    :raises BadRevocationData: this is no OCSP response.
    """
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Finding(CHECK, BAD, "response-refused", {"status": response.response_status.name.lower()})
        return _judge_response(response, certificate, issuer, moment)
    except SPOILT as error:
        raise BadRevocationData(str(error)) from None


def _judge_response(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate, moment: datetime
) -> Finding:
    if not any(_is_signed_by(response, signer) for signer in _responders(response, issuer, moment)):
        return Finding(CHECK, BAD, "response-of-another-issuer")
    answer = next((it for it in response.responses if _is_about(it, certificate, issuer)), None)
    if answer is None:
        return Finding(CHECK, BAD, "response-about-another")
    until = answer.next_update_utc or answer.this_update_utc + OCSP_HOLDS
    if not answer.this_update_utc - CLOCK_SKEW <= moment <= until:
        return Finding(CHECK, BAD, "response-expired", {"from": answer.this_update_utc, "until": until})
    if answer.certificate_status == ocsp.OCSPCertStatus.REVOKED:
        return Finding(CHECK, BAD, "revoked", {"since": answer.revocation_time_utc})
    if answer.certificate_status == ocsp.OCSPCertStatus.UNKNOWN:
        return Finding(CHECK, BAD, "response-unknown")
    return Finding(CHECK, GOOD, "not-revoked", {"issued": answer.this_update_utc})


# -- revocation lists ---------------------------------------------------------------------------------------


def _load_list(data: bytes) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(data) if b"-----BEGIN" in data else x509.load_der_x509_crl(data)


def _covers(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """JPKI has one list for each municipality: the list's point must be the certificate's. Spec: RFC 5280 5.2.5"""
    critical = {it.oid for it in crl.extensions if it.critical}
    if critical - {ExtensionOID.ISSUING_DISTRIBUTION_POINT}:
        return False
    try:
        point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return True
    if point.only_contains_ca_certs or point.only_contains_attribute_certs or point.indirect_crl:
        return False
    if point.only_some_reasons or point.relative_name:
        return False
    return point.full_name is None or any(name in point.full_name for name in _points(certificate))


def _points(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return
    for point in points:
        yield from point.full_name or ()


# -- OCSP ---------------------------------------------------------------------------------------------------


def _responders(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, moment: datetime
) -> Iterator[x509.Certificate]:
    """The issuer, and those whom it lets answer in its place. Spec: RFC 6960 4.2.2.2"""
    yield issuer
    for certificate in response.certificates:
        if _may_answer(certificate, issuer, moment):
            yield certificate


def _may_answer(certificate: x509.Certificate, issuer: x509.Certificate, moment: datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (*SPOILT, InvalidSignature, x509.ExtensionNotFound):
        return False
    is_valid = certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc
    return is_valid and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _is_signed_by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    try:
        _verify(
            signer.public_key(), response.signature, response.tbs_response_bytes, response.signature_hash_algorithm
        )
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
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, answer.hash_algorithm).build()
    return (asked.serial_number, asked.issuer_name_hash, asked.issuer_key_hash) == (
        answer.serial_number,
        answer.issuer_name_hash,
        answer.issuer_key_hash,
    )
