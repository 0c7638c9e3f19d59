"""Revocation lists and OCSP responses. Spec: RFC 5280 6.3, RFC 6960 3.2"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from support.authority import DAY, NOW, OTHER_POINT, POINT, Authority, Holder, usage
from support.process import run

from pyjpki11.certificates import revocation
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
    """What a list says of SIGNER."""
    found = revocation.by_list(SIGNER.certificate, AUTHORITY.certificate, data, NOW + days * DAY)
    assert (found.result == GOOD) is (found.code == "not-listed")
    return found.code


def by_response(data: bytes, days: int = 0, holder: Holder = SIGNER) -> str:
    """What a response says of a certificate."""
    found = revocation.by_response(holder.certificate, AUTHORITY.certificate, data, NOW + days * DAY)
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
    assert [by_list(data, days) for days in (-6, -5, 0)] == ["not-listed", "revoked", "revoked"]


def test_old_list() -> None:
    data = AUTHORITY.revocation_list(until=NOW)
    assert [by_list(data, days) for days in (0, 1)] == ["not-listed", "list-expired"]


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
    assert revocation.by_list(bare, AUTHORITY.certificate, data, NOW).code == "list-does-not-cover"


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
        (1, 2, "response-expired"),
        (-1, None, "not-revoked"),
        (-2, None, "response-expired"),
    ],
)
def test_age_of_a_response(first: int, last: int | None, expected: str) -> None:
    period = (NOW + first * DAY, None if last is None else NOW + last * DAY)
    assert by_response(AUTHORITY.answer(SIGNER.certificate, period=period)) == expected


def responder(authority: Authority = AUTHORITY, last: int = 10, may_answer: bool = True) -> Holder:
    """Somebody whom an authority lets answer in its place."""
    purpose = ExtendedKeyUsageOID.OCSP_SIGNING if may_answer else ExtendedKeyUsageOID.CLIENT_AUTH
    extensions = [(usage(digital_signature=True), True), (x509.ExtendedKeyUsage([purpose]), False)]
    return authority.issue("responder", (NOW - 20 * DAY, NOW + last * DAY), extensions)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (responder(), "not-revoked"),
        (responder(OTHER), "response-of-another-issuer"),
        (responder(last=-1), "response-of-another-issuer"),
        (responder(may_answer=False), "response-of-another-issuer"),
        (NEIGHBOUR, "response-of-another-issuer"),
    ],
)
def test_delegated_responder(made: Holder, expected: str) -> None:
    assert by_response(AUTHORITY.answer(SIGNER.certificate, responder=made)) == expected


def test_refusal() -> None:
    data = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    found = revocation.by_response(SIGNER.certificate, AUTHORITY.certificate, data.public_bytes(Encoding.DER), NOW)
    assert (found.result, found.code, found.facts["status"]) == (BAD, "response-refused", "unauthorized")


def test_changed_response() -> None:
    good = AUTHORITY.answer(SIGNER.certificate, ocsp.OCSPCertStatus.REVOKED)
    spoilt = good[:-1] + bytes((good[-1] ^ 1,))
    assert by_response(spoilt) == "response-of-another-issuer"
