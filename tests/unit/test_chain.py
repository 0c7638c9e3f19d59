"""Certificates against the roots that are believed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA224, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from support.authority import AUTH_UNIT, DAY, NOW, SIGN_UNIT, Authority, Extension, usage

from pyjpki11.certificates import anchors, chain, inputs
from pyjpki11.certificates.anchors import GIVEN, PUBLISHED, TEST, Anchor
from pyjpki11.certificates.errors import BadCertificate, FileTooLong, UnfitRoot
from pyjpki11.certificates.findings import BAD, GOOD, OPEN, UNPROVEN, Finding, is_good, verdict
from pyjpki11.certificates.person import person_of

README = Path(anchors.__file__).parent / "published" / "README.md"
AUTHORITY = Authority()
SIGNER = AUTHORITY.issue().certificate
ROOTS = [Anchor(AUTHORITY.certificate, PUBLISHED, "sign", 3)]


def codes(certificate: x509.Certificate, roots: list[Anchor] = ROOTS, moment: datetime = NOW) -> list[str]:
    """What is found, with a mark where it speaks against the certificate."""
    found = chain.judge(certificate, roots, moment)
    marks = {GOOD: "", BAD: "!", OPEN: "?", UNPROVEN: "~"}
    assert [it.check for it in found] == ["issuer", "validity", "key-usage"]
    return [marks[it.result] + it.code for it in found]


def test_published_roots() -> None:
    roots = anchors.published()
    found = [(root.purpose, root.generation) for root in roots]
    assert found == [(purpose, generation) for generation in (1, 2, 3) for purpose in ("auth", "sign")]
    for root in roots:
        root.certificate.verify_directly_issued_by(root.certificate)
        assert anchors.is_authority(root.certificate)


def test_fingerprints_are_those_that_the_readme_lists() -> None:
    cells = [line.strip("| ").split(" | ") for line in README.read_text().splitlines() if ".pem" in line]
    listed = [(file, int(generation), cell[-1]) for file, _issues, generation, *cell in cells]
    assert listed == [tuple(row) for row in anchors.PUBLISHED_ROOTS]


def test_exchanged_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = anchors.PUBLISHED_ROOTS[:2]
    monkeypatch.setattr(anchors, "PUBLISHED_ROOTS", (first._replace(file=second.file),))
    with pytest.raises(BadCertificate):
        anchors.published()


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2018, 1, 1, tzinfo=UTC), ["valid", "!not-yet-valid", "!not-yet-valid"]),
        (datetime(2020, 1, 1, tzinfo=UTC), ["valid", "valid", "!not-yet-valid"]),
        (datetime(2026, 1, 1, tzinfo=UTC), ["!expired", "valid", "valid"]),
        (datetime(2030, 1, 1, tzinfo=UTC), ["!expired", "!expired", "valid"]),
        (datetime(2034, 1, 1, tzinfo=UTC), ["!expired"] * 3),
    ],
)
def test_published_roots_end(moment: datetime, expected: list[str]) -> None:
    """Both roots of a generation begin and end on the same days."""
    roots = anchors.published()
    for root, validity in zip(roots, [it for it in expected for _purpose in ("auth", "sign")], strict=True):
        found = chain.judge(root.certificate, roots, moment, must_sign=False)
        assert [it.code for it in found] == ["published-root", validity.lstrip("!"), "issues"]
        assert is_good(found) is (validity == "valid")


def test_signer() -> None:
    assert codes(AUTHORITY.issue().certificate) == ["published-root", "valid", "signs"]


def test_root_is_found_by_signature_among_those_of_one_name() -> None:
    generations = [Authority(number=number) for number in (1, 2, 3)]
    assert len({one.certificate.subject for one in generations}) == 1
    roots = [Anchor(one.certificate, PUBLISHED, "sign", number) for number, one in enumerate(generations, 1)]
    found = [chain.issuer_of(one.issue().certificate, roots) for one in generations]
    assert found == roots
    assert codes(Authority(number=4).issue().certificate, roots)[0] == "!unknown-issuer"


def test_name_of_a_root_alone_is_worth_nothing() -> None:
    impostor = Authority(number=9)
    roots = anchors.published()
    impostor.name = roots[3].certificate.subject
    assert codes(impostor.issue().certificate, roots)[0] == "!unknown-issuer"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (-10, -1, "!expired"),
        (1, 10, "!not-yet-valid"),
        (0, 10, "valid"),  # both ends belong to the period
        (-10, 0, "valid"),
    ],
)
def test_validity(first: int, last: int, expected: str) -> None:
    signer = AUTHORITY.issue(period=(NOW + first * DAY, NOW + last * DAY))
    assert codes(signer.certificate)[1] == expected


def test_expired_root() -> None:
    old = Authority(number=1, period=(NOW - 20 * DAY, NOW - 10 * DAY))
    roots = [Anchor(old.certificate, PUBLISHED, "sign", 1)]
    assert codes(old.issue().certificate, roots)[1] == "!issuer-expired"
    assert codes(old.issue().certificate, roots, NOW - 30 * DAY)[1] == "!not-yet-valid"


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ([(usage(digital_signature=True), True)], "signs"),
        ([(usage(content_commitment=True), True)], "signs"),
        ([(usage(key_encipherment=True), True)], "!no-signing"),
        ([], "?unlimited"),
        ([(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)], "!unknown-extension"),
        ([(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), False)], "?unlimited"),
    ],
)
def test_key_usage(extensions: list[tuple[x509.ExtensionType, bool]], expected: str) -> None:
    assert codes(AUTHORITY.issue(extensions=extensions).certificate)[2] == expected


@pytest.mark.parametrize(
    ("hashed", "expected"),
    [(SHA224(), "!weak-hash"), (SHA384(), "published-root"), (SHA512(), "published-root")],
)
def test_hash_of_the_issuers_signature(hashed: HashAlgorithm, expected: str) -> None:
    assert codes(AUTHORITY.issue(hashed=hashed).certificate)[0] == expected


def test_given_root_wins_only_for_its_own() -> None:
    other = Authority(organisation="Someone", number=2)
    (given,) = anchors.given(other.pem)
    assert given.source == GIVEN
    assert codes(other.issue().certificate, [*ROOTS, given])[0] == "given-root"
    assert anchors.given(other.der)[0].certificate == other.certificate
    assert len(anchors.given(other.pem + AUTHORITY.pem)) == 2


@pytest.mark.parametrize("data", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_given_nonsense(data: bytes) -> None:
    with pytest.raises(BadCertificate):
        anchors.given(data)


def test_given_root_must_be_an_authority() -> None:
    with pytest.raises(UnfitRoot, match="signer"):
        anchors.given(AUTHORITY.issue().pem)
    with pytest.raises(UnfitRoot):
        anchors.given(Authority(is_ca=False).pem)


@pytest.mark.parametrize("organisation", ["JPKI-SOFTCARD", "JPKI-TEST"])
def test_test_hierarchy_only_on_request(organisation: str) -> None:
    card = Authority(AUTH_UNIT, organisation, number=5)
    signer = card.issue()
    found = chain.judge(signer.certificate, anchors.published(), NOW, candidates=[card.certificate])
    assert (found[0].result, found[0].code) == (BAD, "test-issuer")
    (root,) = anchors.test_roots([signer.certificate, card.certificate, AUTHORITY.certificate])
    assert (root.source, root.purpose) == (TEST, "auth")
    assert codes(signer.certificate, [root])[0] == "?test-root"


def test_issuer_that_is_not_there_is_called_missing() -> None:
    """--test-card would not help."""
    signer = Authority(AUTH_UNIT, "JPKI-TEST", number=5).issue()
    stranger = Authority(AUTH_UNIT, "JPKI-TEST", number=6).certificate
    for candidates in ([], [signer.certificate], [stranger]):
        found = chain.judge(signer.certificate, anchors.test_roots(candidates), NOW, candidates=candidates)
        assert (found[0].result, found[0].code) == (BAD, "missing-issuer")


@pytest.mark.parametrize(("unit", "purpose"), [(SIGN_UNIT, "sign"), (AUTH_UNIT, "auth"), ("Else", None)])
def test_purpose_stands_in_the_issuers_name(unit: str, purpose: str | None) -> None:
    assert anchors.purpose_of(Authority(unit).issue().certificate) == purpose


@pytest.mark.parametrize(
    ("purpose", "expected"),
    [
        (ExtendedKeyUsageOID.CLIENT_AUTH, "signs"),
        (ExtendedKeyUsageOID.EMAIL_PROTECTION, "signs"),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, "signs"),
        (ExtendedKeyUsageOID.OCSP_SIGNING, "!no-signing"),
        (ExtendedKeyUsageOID.TIME_STAMPING, "!no-signing"),
        (ExtendedKeyUsageOID.SERVER_AUTH, "!no-signing"),
    ],
)
@pytest.mark.parametrize("is_critical", [False, True])
def test_extended_key_usage(purpose: x509.ObjectIdentifier, expected: str, is_critical: bool) -> None:
    more = (x509.ExtendedKeyUsage([purpose]), is_critical)
    signer = AUTHORITY.issue(extensions=[(usage(digital_signature=True), True), more])
    assert codes(signer.certificate)[2] == expected


# -- what is too weak to prove anything ---------------------------------------------------------------------


def weak_rsa() -> rsa.RSAPrivateKey:
    """An RSA key that can be factored."""
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point


def test_short_rsa_key_is_never_good() -> None:
    assert codes(AUTHORITY.issue("short", key=weak_rsa()).certificate)[2] == "!weak-key"
    longer = rsa.generate_private_key(65537, 2048)
    assert codes(AUTHORITY.issue("longer", key=longer).certificate)[2] == "signs"


def test_short_curve_is_never_good() -> None:
    short = ec.generate_private_key(ec.SECP224R1())
    assert codes(AUTHORITY.issue("curve", key=short).certificate)[2] == "!weak-key"
    assert codes(AUTHORITY.issue("curve", key=ec.generate_private_key(ec.SECP256R1())).certificate)[2] == "signs"


def test_issuer_with_a_short_key_is_never_good() -> None:
    """A root of the user's, for example."""
    short = Authority(number=11, key=weak_rsa())
    roots = [Anchor(short.certificate, GIVEN, "sign")]
    assert codes(short.issue().certificate, roots)[0] == "!weak-key"


# -- what a certificate is for ------------------------------------------------------------------------------


def policy(number: str) -> Extension:
    """A critical extension with one policy."""
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(number), None)]), True


@pytest.mark.parametrize(
    ("unit", "extensions", "expected"),
    [
        (AUTH_UNIT, [], "~authentication"),
        ("Else", [policy("1.2.392.200149.8.5.1.3.30")], "~authentication"),
        (SIGN_UNIT, [policy("1.2.392.200149.8.5.1.3.30")], "~authentication"),
        (SIGN_UNIT, [policy("1.2.392.200149.8.5.1.1.20")], "documents"),
        (SIGN_UNIT, [], "documents"),
        ("Else", [], ""),
    ],
)
def test_authentication_certificates_are_not_for_documents(
    unit: str, extensions: list[Extension], expected: str
) -> None:
    certificate = Authority(unit).issue(extensions=extensions).certificate
    marks = {GOOD: "", UNPROVEN: "~", OPEN: "?"}
    found = chain.for_documents(certificate, accepts_authentication=False)
    assert "".join(marks[it.result] + it.code for it in found) == expected
    assert is_good(found) is ("~" not in expected)
    assert is_good(chain.for_documents(certificate, accepts_authentication=True))


def test_worst_finding_is_the_verdict() -> None:
    good, unproven, bad = Finding("a", GOOD, "x"), Finding("a", UNPROVEN, "x"), Finding("a", BAD, "x")
    assert [verdict(it) for it in ([], [good], [good, unproven], [unproven, bad, good])] == [
        "valid", "valid", "unproven", "not-valid",
    ]  # fmt: skip


# -- files --------------------------------------------------------------------------------------------------


def test_first_byte_decides_what_a_file_is() -> None:
    """A certificate may have any text in it."""
    pem_text = x509.NameAttribute(NameOID.COMMON_NAME, "-----BEGIN CERTIFICATE-----")
    names = x509.SubjectAlternativeName([x509.DirectoryName(x509.Name([pem_text]))])
    odd = AUTHORITY.issue(extensions=[(names, False)])
    assert anchors.load_all(odd.der) == [odd.certificate]
    assert anchors.load_all(b"the text of openssl\n" + odd.pem) == [odd.certificate]


def test_file_longer_than_any_of_its_kind(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(11))
    assert inputs.read(tmp_path / "file", 11) == bytes(11)
    with pytest.raises(FileTooLong):
        inputs.read(tmp_path / "file", 10)
    with pytest.raises(FileTooLong):
        inputs.read("/dev/zero", 10)


@settings(max_examples=500)
@given(st.integers(0, 2000), st.integers(1, 255))
def test_any_damage(place: int, flip: int) -> None:
    """A damaged certificate is refused or found bad."""
    data = bytearray(SIGNER.public_bytes(Encoding.DER))
    data[place % len(data)] ^= flip
    try:
        damaged = anchors.load(bytes(data))
    except BadCertificate:
        return
    if is_good(chain.judge(damaged, ROOTS, NOW)):  # the damage is where nobody has signed
        assert damaged.tbs_certificate_bytes == SIGNER.tbs_certificate_bytes
    anchors.is_authority(damaged)
    anchors.is_of_test_card(damaged)
    person_of(damaged)
