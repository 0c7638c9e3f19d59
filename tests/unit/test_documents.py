"""CMS signatures of ours and of others, judged by us and by openssl."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import algos, core
from asn1crypto import cms as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.authority import Authority, usage
from support.process import Failed, run
from support.signer import NOW, SoftKey, cms, judged, openssl_cms, openssl_verify_cms

from pyjpki11.certificates.findings import is_good
from pyjpki11.documents import envelope, files, signing
from pyjpki11.documents.errors import ContentChanged, NotSignedData
from pyjpki11.documents.files import armoured, hashes_of, opened, pieces_of
from pyjpki11.documents.judging import STRONG, SignedDocument, judge_bare

AUTHORITY = Authority()
SIGNER, OTHER = AUTHORITY.issue("signer"), AUTHORITY.issue("other")
KEY = SoftKey(SIGNER, AUTHORITY)
CONTENT = b"what is signed\r\n\0\n" * 100
GOOD = ["content unchanged", "signature fits", "certificate named", "?signing-time stated"]
PLAIN = ["content unchanged", "signature fits", "?certificate not-named", "?signing-time stated"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a content and the roots."""
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "roots.pem").write_bytes(AUTHORITY.pem)
    return tmp_path


# -- ours, judged by openssl --------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", signing.DIGESTS)
@pytest.mark.parametrize("is_detached", [False, True])
@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_openssl_takes_ours(folder: Path, digest: str, is_detached: bool, form: str) -> None:
    """As CAdES, which makes it look at the signing-certificate attribute too."""
    made = cms(KEY, CONTENT, digest, is_detached)
    (folder / "signature").write_bytes(made if form == "DER" else b"".join(armoured([made])))
    more = ["-content", "content"] if is_detached else []
    assert openssl_verify_cms(folder, "-cades", "-inform", form, *more) == CONTENT
    assert judged(folder / "signature", CONTENT if is_detached else None) == [GOOD]
    with pytest.raises(Failed):
        (folder / "roots.pem").write_bytes(Authority(number=1).pem)
        openssl_verify_cms(folder, "-inform", form, *more)


def test_ours_says_what_cades_demands(folder: Path) -> None:
    (folder / "signature").write_bytes(cms(KEY, CONTENT))
    said = run(["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", folder / "signature"]).stdout
    for attribute in ("contentType", "messageDigest", "signingTime", "signingCertificateV2"):
        assert f"object: {attribute}" in said or f"object: id-smime-aa-{attribute}" in said, said
    assert "version: 1" in said
    assert said.count("d.certificate:") == 2  # the signer's and the issuer's


def test_openssl_refuses_ours_for_another_content(folder: Path) -> None:
    (folder / "signature").write_bytes(cms(KEY, CONTENT, is_detached=True))
    (folder / "content").write_bytes(CONTENT + b"!")
    with pytest.raises(Failed):
        openssl_verify_cms(folder, "-inform", "DER", "-content", "content")


@pytest.mark.parametrize(("year", "kind"), [(2026, "UTCTIME"), (2049, "UTCTIME"), (2050, "GENERALIZEDTIME")])
def test_signing_time(folder: Path, year: int, kind: str) -> None:
    moment = datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC)
    (folder / "signature").write_bytes(cms(KEY, CONTENT, moment=moment))
    assert kind in run(["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", folder / "signature"]).stdout
    with opened(folder / "signature") as data:
        document = SignedDocument(envelope.open_envelope(data).skeleton)
        assert document.judge({"sha256": b""}, NOW)[0].signing_time == moment


# -- openssl's, judged by us --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["DER", "PEM"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-cades"], GOOD),
        ([], PLAIN),
        (["-md", "sha384"], PLAIN),
        (["-md", "sha512", "-cades"], GOOD),
        (["-keyopt", "rsa_padding_mode:pss"], PLAIN),
        (["-keyopt", "rsa_padding_mode:pss", "-md", "sha512", "-keyopt", "rsa_pss_saltlen:20"], PLAIN),
        (["-nosmimecap"], PLAIN),
        (["-noattr"], ["~content no-attributes", "~signature not-judged", *PLAIN[2:3], "?signing-time not-stated"]),
        (["-nocerts"], ["content unchanged", "!signature no-certificate", *PLAIN[2:]]),
        (["-md", "sha1"], ["!content weak-digest", "!signature unsupported", *PLAIN[2:]]),
        (["-econtent_type", "1.2.3.4"], PLAIN),
    ],
)
def test_theirs(folder: Path, options: list[str], expected: list[str], form: str) -> None:
    for more, content in ((["-nodetach"], None), (["-nodetach", "-stream"], None), ([], CONTENT)):
        if "-stream" in more and "-keyopt" in options:
            continue  # openssl cannot: "illegal zero content"
        made = openssl_cms(folder, [SIGNER], "-outform", form, *more, *options)
        assert judged(made, content) == [expected], more


def test_theirs_in_many_pieces(folder: Path) -> None:
    """openssl streams a content in pieces of some kilobytes."""
    content = bytes(range(256)) * 1000
    (folder / "content").write_bytes(content)
    made = openssl_cms(folder, [SIGNER], "-outform", "DER", "-nodetach", "-stream")
    with opened(made) as data:
        pieces = envelope.open_envelope(data).pieces
        assert pieces is not None and len(list(pieces)) > 1
        assert b"".join(pieces_of(data, pieces)) == content
    assert judged(made) == [PLAIN]


def test_elliptic_curve(folder: Path) -> None:
    """The next card's kind of key. Card: notes 11"""
    signer = AUTHORITY.issue("curve", key=ec.generate_private_key(ec.SECP384R1()))
    assert judged(openssl_cms(folder, [signer], "-outform", "DER", "-nodetach", "-md", "sha384")) == [PLAIN]


def test_two_signers(folder: Path) -> None:
    made = openssl_cms(folder, [SIGNER, OTHER], "-outform", "DER", "-nodetach")
    assert judged(made) == [PLAIN, PLAIN]


def test_key_named_by_its_identifier(folder: Path) -> None:
    name = x509.SubjectKeyIdentifier.from_public_key(SIGNER.key.public_key())
    signer = AUTHORITY.issue("signer", extensions=[(usage(digital_signature=True), True), (name, False)])
    assert judged(openssl_cms(folder, [signer], "-outform", "DER", "-nodetach", "-keyid")) == [PLAIN]


def test_short_key(folder: Path) -> None:
    signer = AUTHORITY.issue("short", key=rsa.generate_private_key(65537, 1024))  # noqa: S505 - that is the point
    found = judged(openssl_cms(folder, [signer], "-outform", "DER", "-nodetach"))
    assert found == [["content unchanged", "!signature unsupported", *PLAIN[2:]]]


# -- what is no good ----------------------------------------------------------------------------------------


def test_changed_content(folder: Path) -> None:
    made = cms(KEY, CONTENT)
    (folder / "signature").write_bytes(made.replace(b"what is signed", b"what is forged", 1))
    assert judged(folder / "signature") == [["!content changed", *GOOD[1:]]]
    (folder / "detached").write_bytes(cms(KEY, CONTENT, is_detached=True))
    assert judged(folder / "detached", CONTENT[:-1]) == [["!content changed", *GOOD[1:]]]


def changed(change: Callable[[asn1.SignedData, asn1.SignerInfo], None]) -> list[list[str]]:
    """What is found in a signature in which something was changed."""
    info = asn1.ContentInfo.load(cms(KEY, CONTENT))
    data = info["content"]
    change(data, data["signer_infos"][0])
    return [
        [f"{'!' if it.result == 'bad' else ''}{it.check} {it.code}" for it in one.findings][:3]
        for one in SignedDocument(envelope.open_envelope(info.dump(force=True)).skeleton).judge(
            {name: hashlib.new(name, CONTENT).digest() for name in STRONG}, NOW
        )
    ]


def test_unchanged() -> None:
    assert changed(lambda _data, _signer: None) == [GOOD[:3]]


def attribute(kind: str, *values: object) -> asn1.CMSAttribute:
    """A signed attribute."""
    return asn1.CMSAttribute({"type": kind, "values": list(values)})


def set_attribute(kind: str, *values: object) -> Callable[[asn1.SignedData, asn1.SignerInfo], None]:
    """Replaces a signed attribute."""

    def change(_data: asn1.SignedData, signer: asn1.SignerInfo) -> None:
        others = [it for it in signer["signed_attrs"] if it["type"].native != kind]
        signer["signed_attrs"] = asn1.CMSAttributes([*others, *([attribute(kind, *values)] if values else [])])

    return change


def test_hash_of_another_content() -> None:
    """An attribute that fits the forged content does not fit the signature."""
    other_hash = set_attribute("message_digest", b"\1" * 32)
    assert changed(other_hash)[0][:2] == ["!content changed", "!signature does-not-fit"]
    other_time = set_attribute("signing_time", asn1.Time("utc_time", core.UTCTime(NOW.replace(year=2000))))
    assert changed(other_time)[0][:2] == ["content unchanged", "!signature does-not-fit"]


@pytest.mark.parametrize(
    "change",
    [
        set_attribute("message_digest"),
        set_attribute("content_type"),
        set_attribute("message_digest", hashlib.sha256(CONTENT).digest(), hashlib.sha256(b"").digest()),
    ],
)
def test_attributes_that_are_missing_or_ambiguous(change: Callable[[asn1.SignedData, asn1.SignerInfo], None]) -> None:
    with pytest.raises(NotSignedData):
        changed(change)


def test_other_content_type() -> None:
    assert changed(set_attribute("content_type", "signed_data"))[0][0] == "!content other-content-type"


def test_certificate_of_the_same_name_number_and_key() -> None:
    """It verifies the signature, but it is not the one that the signer meant."""

    def change(data: asn1.SignedData, _signer: asn1.SignerInfo) -> None:
        certificate = data["certificates"][0].chosen
        certificate["tbs_certificate"]["validity"]["not_after"] = asn1_x509.Time("utc_time", core.UTCTime(NOW))
        data["certificates"] = asn1.CertificateSet([asn1.CertificateChoices("certificate", certificate)])

    assert changed(change) == [["content unchanged", "signature fits", "!certificate another-named"]]


def test_algorithm_that_contradicts_the_hash() -> None:
    def change(_data: asn1.SignedData, signer: asn1.SignerInfo) -> None:
        signer["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "sha512_rsa"})

    assert changed(change) == [["content unchanged", "!signature unsupported", "certificate named"]]


def test_nobody_has_signed() -> None:
    def change(data: asn1.SignedData, _signer: asn1.SignerInfo) -> None:
        data["signer_infos"] = asn1.SignerInfos([])

    with pytest.raises(NotSignedData, match="no-signer"):
        changed(change)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.integers(0, 3000), st.integers(1, 255))
def test_any_damage(place: int, flip: int) -> None:
    """A damaged signature is refused or found bad, unless the damage is in what nobody has signed."""
    good = cms(KEY, b"short", moment=NOW)
    data = bytearray(good)
    data[place % len(data)] ^= flip
    try:
        parts = envelope.open_envelope(bytes(data))
        document = SignedDocument(parts.skeleton)
        assert parts.pieces is not None
        (found,) = document.judge(hashes_of(pieces_of(bytes(data), parts.pieces), document.digests), NOW)
    except NotSignedData:
        return
    if is_good(found.findings):
        assert found.certificate == SIGNER.certificate
        assert pieces_of(bytes(data), parts.pieces).__next__() == b"short"


# -- files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 47, 48, 49, 96, 1000])
def test_armour_is_openssls(length: int, tmp_path: Path) -> None:
    data = bytes(range(256))[: length % 256] * (length // 256 + 1)
    text = b"".join(armoured([data[:10], data[10:]]))
    assert all(len(line) <= 64 for line in text.splitlines())
    (tmp_path / "pem").write_bytes(text)
    if data:
        with opened(tmp_path / "pem") as found:
            assert bytes(found[:]) == data


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-----BEGIN CMS-----\n",
        b"-----BEGIN CMS-----\nAAA\n-----END CMS-----\n",
        b"-----BEGIN CMS-----\nA\xff==\n-----END CMS-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CMS-----\nAAAA\n-----END PKCS7-----\n",
    ],
)
def test_spoilt_armour(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "pem").write_bytes(text)
    with pytest.raises(NotSignedData), opened(tmp_path / "pem"):
        pass


def test_large_content_is_never_in_memory(tmp_path: Path) -> None:
    """64 MiB of zeros, of which the file system keeps nothing."""
    length = 64 << 20
    content_hash = hashes_of((bytes(files.CHUNK_LEN) for _chunk in range(64)), ["sha256"])["sha256"]
    fields = signing.sign(KEY, "sha256", content_hash, NOW)
    head, tail = envelope.wrap(fields.before, fields.after, length)
    with (tmp_path / "signature").open("wb") as file:
        file.write(head)
        file.seek(length, 1)
        file.write(tail)
    tracemalloc.start()
    try:
        assert judged(tmp_path / "signature") == [GOOD]
        assert tracemalloc.get_traced_memory()[1] < 8 * files.CHUNK_LEN
    finally:
        tracemalloc.stop()


def test_content_that_changes_meanwhile() -> None:
    hashes = hashes_of([CONTENT], STRONG)
    assert b"".join(files.unchanged([CONTENT[:5], CONTENT[5:]], hashes)) == CONTENT
    for other in (b"", CONTENT[:-1], CONTENT + b"!"):
        with pytest.raises(ContentChanged):
            list(files.unchanged([other], hashes))


# -- bare signatures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", signing.DIGESTS)
def test_bare(digest: str, folder: Path) -> None:
    signature = KEY.sign(digest, [CONTENT])
    found = judge_bare(SIGNER.certificate, hashes_of([CONTENT], STRONG), signature)
    assert (found.digest, [it.code for it in found.findings]) == (digest, ["fits"])
    (folder / "signature").write_bytes(signature)
    (folder / "signer.pem").write_bytes(SIGNER.pem)
    run(["sh", "-c", "openssl x509 -in signer.pem -noout -pubkey > key.pem"], cwd=folder)
    run(["openssl", "dgst", f"-{digest}", "-verify", "key.pem", "-signature", "signature", "content"], cwd=folder)


def test_bare_ones_that_do_not_fit() -> None:
    hashes = hashes_of([CONTENT], STRONG)
    good = KEY.sign("sha256", [CONTENT])
    for certificate, content_hashes, signature in (
        (OTHER.certificate, hashes, good),
        (SIGNER.certificate, hashes_of([b""], STRONG), good),
        (SIGNER.certificate, hashes, good[:-1]),
        (SIGNER.certificate, hashes, b""),
        (SIGNER.certificate, hashes, SIGNER.key.sign(CONTENT + b"!", PKCS1v15(), SHA256())),
    ):
        assert [it.code for it in judge_bare(certificate, content_hashes, signature).findings] == ["does-not-fit"]


def test_bare_with_another_kind_of_key() -> None:
    holder = AUTHORITY.issue("curve", key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(NotSignedData):
        judge_bare(holder.certificate, hashes_of([CONTENT], STRONG), b"")


# -- mail ---------------------------------------------------------------------------------------------------


def test_mail_that_is_a_signature(folder: Path) -> None:
    """What openssl writes unless it is told otherwise."""
    assert judged(openssl_cms(folder, [SIGNER], "-nodetach", "-cades")) == [GOOD]


def test_mail_with_the_signature_beside_its_content(folder: Path) -> None:
    with pytest.raises(NotSignedData, match="mail"):
        judged(openssl_cms(folder, [SIGNER]))
