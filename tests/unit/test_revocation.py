"""Revocation lists and OCSP responses. Spec: RFC 5280 6.3, RFC 6960 3.2"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA224, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from support.authority import DAY, NOW, OTHER_POINT, POINT, Authority, Extension, Holder, usage
from support.process import run

from pyjpki11.certificates import response, revocation_list
from pyjpki11.certificates.errors import BadRevocationData
from pyjpki11.certificates.findings import BAD, GOOD

AUTHORITY, OTHER = Authority(number=1), Authority(number=2)
SIGNER, NEIGHBOUR = AUTHORITY.issue("signer"), AUTHORITY.issue("neighbour")
NO_LIMITS = {
    "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
    "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
}  # fmt: skip


def point(*names: x509.GeneralName, **limits: object) -> x509.IssuingDistributionPoint:
    """What a list is for."""
    return x509.IssuingDistributionPoint(full_name=list(names) or None, **{**NO_LIMITS, **limits})  # type: ignore[arg-type]


def by_list(data: bytes, days: int = 0) -> str:
    """What a list says of SIGNER, asked now or later about that day."""
    now = NOW + max(days, 0) * DAY
    found = revocation_list.by_list(SIGNER.certificate, AUTHORITY.certificate, data, NOW + days * DAY, now)
    assert (found.result == GOOD) is (found.code == "not-listed")
    return found.code


def by_response(data: bytes, days: int = 0, holder: Holder = SIGNER) -> str:
    """What a response says of a certificate."""
    found = response.by_response(holder.certificate, AUTHORITY.certificate, data, NOW + days * DAY, NOW)
    assert (found.result == GOOD) is (found.code == "not-revoked")
    return found.code


@pytest.mark.parametrize(
    ("revoked", "expected"),
    [([], "not-listed"), ([NEIGHBOUR], "not-listed"), ([SIGNER], "revoked"), ([NEIGHBOUR, SIGNER], "revoked")],
)
def test_list(revoked: list[Holder], expected: str) -> None:
    assert by_list(AUTHORITY.revocation_list([one.certificate for one in revoked])) == expected


def test_list_in_pem() -> None:
    crl = x509.load_der_x509_crl(AUTHORITY.revocation_list([SIGNER.certificate]))
    assert by_list(crl.public_bytes(Encoding.PEM)) == "revoked"


def test_revoked_after_the_moment() -> None:
    data = AUTHORITY.revocation_list([SIGNER.certificate], since=NOW - 5 * DAY)
    assert [by_list(data, days) for days in (-6, -5, 0)] == ["revoked-later", "revoked", "revoked"]


def test_revocation_that_lies_ahead_is_one_all_the_same() -> None:
    """Whoever dates it so has a wrong clock, or the certificate has a few hours left."""
    data = AUTHORITY.revocation_list([SIGNER.certificate], since=NOW + DAY / 2, issued=NOW - DAY)
    assert by_list(data) == "revoked"


def test_key_was_stolen_before_the_revocation() -> None:
    """The list says since when the key cannot be relied on. Spec: RFC 5280 5.3.2"""
    stolen = (x509.InvalidityDate((NOW - 9 * DAY).replace(tzinfo=None)), False)
    data = AUTHORITY.revocation_list([SIGNER.certificate], since=NOW - 5 * DAY, entry_extension=stolen)
    assert [by_list(data, days) for days in (-10, -9, -6)] == ["revoked-later", "revoked", "revoked"]


def test_old_list() -> None:
    data = AUTHORITY.revocation_list(until=NOW)
    assert [by_list(data, days) for days in (0, 1)] == ["not-listed", "list-expired"]


def test_list_that_never_ends_is_not_believed() -> None:
    """Each list has to say when the next one is due. Spec: RFC 5280 5.1.2.5"""
    data = AUTHORITY.list_anew(AUTHORITY.revocation_list(), next_update=None)
    assert by_list(data) == "list-without-end"


def test_list_of_last_year_is_old_whatever_it_says() -> None:
    data = AUTHORITY.revocation_list(issued=NOW - 30 * DAY, until=NOW + 3000 * DAY)
    assert [by_list(data, days) for days in (0, 2)] == ["not-listed", "list-expired"]


def test_list_from_the_future_is_not_believed() -> None:
    data = AUTHORITY.revocation_list(issued=NOW + DAY, until=NOW + 2 * DAY)
    assert by_list(data) == "list-from-the-future"
    assert by_list(AUTHORITY.revocation_list(issued=NOW + timedelta(minutes=4), until=NOW + DAY)) == "not-listed"


def test_list_made_after_the_certificate_had_expired() -> None:
    """It need not name the certificate any more. Spec: RFC 5280 3.3"""
    old = AUTHORITY.issue("old", period=(NOW - 30 * DAY, NOW - 10 * DAY)).certificate
    data = AUTHORITY.revocation_list()
    found = revocation_list.by_list(old, AUTHORITY.certificate, data, NOW - 15 * DAY, NOW)
    assert (found.result, found.code) == (BAD, "list-too-late")


@pytest.mark.parametrize("hashed", ["md5", "sha1"])
def test_list_with_a_weak_hash(hashed: str) -> None:
    data = AUTHORITY.list_anew(AUTHORITY.revocation_list(), hashed)
    assert by_list(data) == "list-weak-hash"
    assert by_list(AUTHORITY.list_anew(AUTHORITY.revocation_list())) == "not-listed"


def test_issuer_that_may_not_sign_lists() -> None:
    other = Authority(number=1, signs_lists=False)
    found = revocation_list.by_list(SIGNER.certificate, other.certificate, AUTHORITY.revocation_list(), NOW, NOW)
    assert (found.result, found.code) == (BAD, "list-not-allowed")


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ((UNKNOWN, True), "list-not-understood"),
        ((UNKNOWN, False), "not-listed"),
        ((x509.CRLReason(x509.ReasonFlags.key_compromise), True), "not-listed"),
    ],
)
def test_entry_with_a_critical_extension_forbids_the_list(extension: Extension, expected: str) -> None:
    """Even where the entry is about another certificate. Spec: RFC 5280 5.3"""
    data = AUTHORITY.revocation_list([NEIGHBOUR.certificate], entry_extension=extension)
    assert by_list(data) == expected
    within = AUTHORITY.revocation_list([NEIGHBOUR.certificate], entry_extension=extension, point=point(POINT))
    assert by_list(within) == expected


def test_list_of_another_generation() -> None:
    """It has the same issuer's name."""
    assert by_list(OTHER.revocation_list()) == "list-of-another-issuer"


def test_list_of_another_name() -> None:
    assert by_list(Authority("Else", number=1).revocation_list()) == "list-of-another-issuer"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (point(POINT), "not-listed"),
        (point(OTHER_POINT, POINT), "not-listed"),
        (point(only_contains_user_certs=True), "not-listed"),
        (point(OTHER_POINT), "list-does-not-cover"),
        (point(POINT, only_contains_ca_certs=True), "list-does-not-cover"),
        (point(POINT, only_contains_attribute_certs=True), "list-does-not-cover"),
        (point(POINT, indirect_crl=True), "list-does-not-cover"),
        (point(POINT, only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])), "list-does-not-cover"),
    ],
)
def test_list_of_one_municipality(made: x509.IssuingDistributionPoint, expected: str) -> None:
    assert by_list(AUTHORITY.revocation_list(point=made)) == expected


def test_certificate_without_a_point_is_on_no_municipalitys_list() -> None:
    bare = AUTHORITY.issue(extensions=[(usage(digital_signature=True), True)]).certificate
    data = AUTHORITY.revocation_list(point=point(POINT))
    assert revocation_list.by_list(bare, AUTHORITY.certificate, data, NOW, NOW).code == "list-does-not-cover"


def test_delta_list() -> None:
    data = AUTHORITY.revocation_list(extension=(x509.DeltaCRLIndicator(1), True))
    assert by_list(data) == "list-does-not-cover"


@pytest.mark.parametrize("read", [by_list, by_response])
@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x30\x03\x0a\x01\x09", b"-----BEGIN X509 CRL-----\n"])
def test_nonsense(read: Callable[[bytes], str], data: bytes) -> None:
    with pytest.raises(BadRevocationData):
        read(data)


def test_openssl_made_list(tmp_path: Path) -> None:
    """A list that another program made, with another one's idea of a list."""
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    (tmp_path / "ca.key").write_bytes(AUTHORITY.key_pem)
    (tmp_path / "signer.pem").write_bytes(SIGNER.pem)
    (tmp_path / "index").write_text("")
    (tmp_path / "number").write_text("01")
    (tmp_path / "config").write_text(
        "[ca]\ndefault_ca=it\n[it]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=3\n"
        "certificate=ca.pem\nprivate_key=ca.key\n"
    )
    openssl = ["openssl", "ca", "-config", "config"]
    run([*openssl, "-gencrl", "-out", "none.pem"], cwd=tmp_path)
    run([*openssl, "-revoke", "signer.pem"], cwd=tmp_path)
    run([*openssl, "-gencrl", "-out", "one.pem"], cwd=tmp_path)
    assert by_list((tmp_path / "none.pem").read_bytes(), 1) == "not-listed"
    assert by_list((tmp_path / "one.pem").read_bytes(), 1) == "revoked"


# -- OCSP ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ocsp.OCSPCertStatus.GOOD, "not-revoked"),
        (ocsp.OCSPCertStatus.REVOKED, "revoked"),
        (ocsp.OCSPCertStatus.UNKNOWN, "response-unknown"),
    ],
)
def test_response(status: ocsp.OCSPCertStatus, expected: str) -> None:
    assert by_response(AUTHORITY.answer(SIGNER.certificate, status)) == expected
    assert by_response(AUTHORITY.answer(SIGNER.certificate, status, hashed=SHA1())) == expected  # noqa: S303


def test_response_about_another() -> None:
    assert by_response(AUTHORITY.answer(NEIGHBOUR.certificate)) == "response-about-another"


def test_response_of_another_generation() -> None:
    assert by_response(OTHER.answer(SIGNER.certificate)) == "response-of-another-issuer"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (-1, 1, "not-revoked"),
        (-3, -1, "response-expired"),
        (1, 2, "response-from-the-future"),
        (-1, None, "not-revoked"),
        (-2, None, "response-expired"),
        (-30, 3000, "not-revoked"),
        (-32, 3000, "response-expired"),  # news of last month are none, whatever they say of themselves
    ],
)
def test_age_of_a_response(first: int, last: int | None, expected: str) -> None:
    period = (NOW + first * DAY, None if last is None else NOW + last * DAY)
    assert by_response(AUTHORITY.answer(SIGNER.certificate, period=period)) == expected


@pytest.mark.parametrize("hashed", ["md5", "sha1"])
def test_response_with_a_weak_hash(hashed: str) -> None:
    data = AUTHORITY.answer(SIGNER.certificate)
    assert by_response(AUTHORITY.answer_anew(data, hashed)) == "response-weak-hash"
    assert by_response(AUTHORITY.answer_anew(data, "sha256")) == "not-revoked"


def test_response_with_a_critical_extension() -> None:
    assert by_response(AUTHORITY.answer(SIGNER.certificate, extension=(UNKNOWN, True))) == "response-not-understood"
    assert by_response(AUTHORITY.answer(SIGNER.certificate, extension=(UNKNOWN, False))) == "not-revoked"


def test_revoked_after_the_moment_says_a_response() -> None:
    """It was so an hour after the time that the user named."""
    data = AUTHORITY.answer(SIGNER.certificate, ocsp.OCSPCertStatus.REVOKED)
    assert [by_response(data, days) for days in (-2, -1, 0)] == ["revoked-later", "revoked", "revoked"]
    assert by_response(AUTHORITY.answer(SIGNER.certificate), -2) == "response-expired"


def responder(
    authority: Authority = AUTHORITY,
    last: int = 10,
    may_answer: bool = True,
    usages: x509.KeyUsage | None = None,
    more: tuple[Extension, ...] = (),
    hashed: HashAlgorithm | None = None,
    key: rsa.RSAPrivateKey | None = None,
) -> Holder:
    """Somebody whom an authority lets answer in its place."""
    purpose = ExtendedKeyUsageOID.OCSP_SIGNING if may_answer else ExtendedKeyUsageOID.CLIENT_AUTH
    extensions = [(usages or usage(digital_signature=True), True), (x509.ExtendedKeyUsage([purpose]), False), *more]
    return authority.issue("responder", (NOW - 20 * DAY, NOW + last * DAY), extensions, hashed, key)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (responder(), "not-revoked"),
        (responder(OTHER), "response-of-another-issuer"),
        (responder(last=-1), "response-of-another-issuer"),
        (responder(may_answer=False), "response-of-another-issuer"),
        (responder(usages=usage(content_commitment=True)), "not-revoked"),
        (responder(usages=usage(key_encipherment=True)), "response-of-another-issuer"),
        (responder(more=((UNKNOWN, True),)), "response-of-another-issuer"),
        (responder(more=((x509.OCSPNoCheck(), False),)), "not-revoked"),
        (responder(hashed=SHA224()), "response-of-another-issuer"),
        (responder(key=rsa.generate_private_key(65537, 1024)), "response-of-another-issuer"),  # noqa: S505
        (NEIGHBOUR, "response-of-another-issuer"),
    ],
)
def test_delegated_responder(made: Holder, expected: str) -> None:
    assert by_response(AUTHORITY.answer(SIGNER.certificate, responder=made)) == expected


def test_refusal() -> None:
    data = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    found = response.by_response(SIGNER.certificate, AUTHORITY.certificate, data.public_bytes(Encoding.DER), NOW, NOW)
    assert (found.result, found.code, found.facts["status"]) == (BAD, "response-refused", "unauthorized")


def test_changed_response() -> None:
    good = AUTHORITY.answer(SIGNER.certificate, ocsp.OCSPCertStatus.REVOKED)
    spoilt = good[:-1] + bytes((good[-1] ^ 1,))
    assert by_response(spoilt) == "response-of-another-issuer"
