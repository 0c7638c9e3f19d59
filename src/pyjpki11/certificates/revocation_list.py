"""What a revocation list says of a certificate. Spec: RFC 5280 6.3"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from pyjpki11.certificates.anchors import understood, usage_of
from pyjpki11.certificates.errors import BadCertificate, BadRevocationData
from pyjpki11.certificates.findings import BAD, GOOD, Finding
from pyjpki11.certificates.inputs import is_der
from pyjpki11.certificates.revocation import CHECK, CRITICAL, at_odds_with_time, revoked
from pyjpki11.certificates.strength import is_strong_hash

#: Extensions of an entry whose meaning is heeded here; another critical one forbids the list. Spec: RFC 5280 5.3
HEEDED = (CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE)


def by_list(
    certificate: x509.Certificate, issuer: x509.Certificate, data: bytes, moment: datetime, now: datetime
) -> Finding:
    """What a revocation list, PEM or DER, says of a certificate at a moment.

    :raises BadRevocationData: this is something else.
    """
    try:
        with understood():
            crl = x509.load_der_x509_crl(data) if is_der(data) else x509.load_pem_x509_crl(data)
            return _judge(crl, certificate, issuer, moment, now)
    except BadCertificate as error:
        raise BadRevocationData(str(error)) from None


def _judge(
    crl: x509.CertificateRevocationList,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    moment: datetime,
    now: datetime,
) -> Finding:
    objection = _not_of(crl, issuer) or _not_about(crl, certificate) or _not_of_the_time(crl, certificate, moment, now)
    if objection:
        return objection
    since = _since(crl, certificate)
    if since:
        return revoked(since, moment, now)
    return Finding(CHECK, GOOD, "not-listed", {"issued": crl.last_update_utc})


def _not_of(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> Finding | None:
    """Spec: RFC 5280 6.3.3 f, g"""
    if not is_strong_hash(crl.signature_hash_algorithm):
        return Finding(CHECK, BAD, "list-weak-hash")
    if crl.issuer != issuer.subject or not crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
        return Finding(CHECK, BAD, "list-of-another-issuer", {"issuer": crl.issuer.rfc4514_string()})
    usage = usage_of(issuer)
    may_sign = usage is None or usage.crl_sign
    return None if may_sign else Finding(CHECK, BAD, "list-not-allowed")


def _not_about(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> Finding | None:
    if not _covers(crl, certificate):
        return Finding(CHECK, BAD, "list-does-not-cover")
    return None if _is_understood(crl) else Finding(CHECK, BAD, "list-not-understood")


def _not_of_the_time(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, moment: datetime, now: datetime
) -> Finding | None:
    """Spec: RFC 5280 5.1.2.5: each list says when the next one is due."""
    if crl.next_update_utc is None:
        return Finding(CHECK, BAD, "list-without-end")
    return at_odds_with_time("list", crl.last_update_utc, crl.next_update_utc, certificate, moment, now)


def _since(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> datetime | None:
    """Since when a certificate is not to be relied on; None where it is not on the list. Spec: RFC 5280 5.3.2"""
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return None
    try:
        spoilt = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return entry.revocation_date_utc
    return min(entry.revocation_date_utc, spoilt)


def _is_understood(crl: x509.CertificateRevocationList) -> bool:
    """Whether no entry has a critical extension of unknown meaning.

    Entries are looked at one by one, which takes long, only where something beside the list itself may have one.
    """
    of_the_list = sum(it.critical for it in crl.extensions)
    if crl.tbs_certlist_bytes.count(CRITICAL) <= of_the_list:
        return True
    return not any(_has_unknown(entry.extensions) for entry in crl)


def _has_unknown(extensions: Iterable[x509.Extension[x509.ExtensionType]]) -> bool:
    return any(it.critical and it.oid not in HEEDED for it in extensions)


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
