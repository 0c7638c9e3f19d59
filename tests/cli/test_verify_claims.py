"""`pyjpki11 verify` never says more than it found: what is only claimed, weak, not checked, or not what it seems."""

from __future__ import annotations

from typing import Any

import pytest
from asn1crypto import cms as asn1
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp
from support.authority import AUTH_UNIT, DAY, NOW, Authority, Holder
from support.card_tool import CardTool
from support.process import run
from support.signer import SoftKey, cms, openssl_cms

from pyjpki11.documents.files import armoured

LANGUAGES = ("en", "ja")
CONTENT = b"what is signed\r\n\0\xff" * 10
AUTHORITY, AUTH_AUTHORITY = Authority(), Authority(AUTH_UNIT)
SIGNER, SITE_VISITOR = AUTHORITY.issue("signer"), AUTH_AUTHORITY.issue("visitor")
VERIFY = ("verify", "--root", "root.pem", "signature")


@pytest.fixture
def desk(tool: CardTool) -> CardTool:
    """The tool, with files beside it."""
    tool.write("root.pem", AUTHORITY.pem + AUTH_AUTHORITY.pem)
    tool.write("roots.pem", AUTHORITY.pem + AUTH_AUTHORITY.pem)
    tool.write("content", CONTENT)
    return tool


def sign(tool: CardTool, content: bytes = CONTENT, holder: Holder = SIGNER, **settings: Any) -> bytes:
    """A signature of a key in software, in the file `signature`."""
    made = cms(SoftKey(holder, None), content, **settings)
    tool.write("signature", made)
    return made


def codes(document: dict[str, Any]) -> dict[str, str]:
    """Check -> code, of the first signer."""
    return {it["check"]: it["code"] for it in document["signers"][0]["checks"]}


# -- authentication is not signing --------------------------------------------------------------------------


def made_of_a_sign_in() -> bytes:
    """A site sends the hash of signed attributes as its challenge; the answer fits into a signature of its making."""
    made = asn1.ContentInfo.load(cms(SoftKey(SIGNER, None), CONTENT))
    info = made["content"]["signer_infos"][0]
    certificate = asn1.Certificate.load(SITE_VISITOR.der)
    info["sid"] = asn1.SignerIdentifier(
        "issuer_and_serial_number",
        asn1.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number}),
    )
    kept = [it for it in info["signed_attrs"] if it["type"].native != "signing_certificate_v2"]
    info["signed_attrs"] = asn1.CMSAttributes(kept)
    challenge = info["signed_attrs"].untag().dump()
    info["signature"] = SITE_VISITOR.key.sign(challenge, PKCS1v15(), SHA256())
    made["content"]["certificates"] = asn1.CertificateSet([asn1.CertificateChoices("certificate", certificate)])
    return made.dump(force=True)  # type: ignore[no-any-return]


@pytest.mark.parametrize("language", LANGUAGES)
def test_sign_in_does_not_become_a_document(desk: CardTool, language: str) -> None:
    desk.write("signature", made_of_a_sign_in())
    run(["openssl", "cms", "-verify", "-inform", "DER", "-in", "signature", "-CAfile", "roots.pem", "-purpose", "any",
         "-out", "out"], cwd=desk.folder)  # fmt: skip
    said = desk(*VERIFY, "-o", "taken", status=10, language=language).stdout
    assert {"en": "NOT for documents", "ja": "文書への署名ではありません"}[language] in said
    assert {"en": "--accept-auth", "ja": "--accept-auth"}[language] in said
    assert not (desk.folder / "taken").exists()
    found = desk.json(*VERIFY, status=10)
    assert (found["valid"], found["verdict"], codes(found)["purpose"]) == (False, "unproven", "authentication")


@pytest.mark.parametrize("language", LANGUAGES)
def test_authentication_is_accepted_on_request_and_named(desk: CardTool, language: str) -> None:
    desk.write("signature", made_of_a_sign_in())
    said = desk(*VERIFY, "--accept-auth", language=language).stdout.splitlines()[0]
    assert {"en": "made for signing in", "ja": "利用者証明用電子証明書"}[language] in said


def test_bare_signature_of_an_authentication_key(desk: CardTool) -> None:
    desk.write("signature", SITE_VISITOR.key.sign(CONTENT, PKCS1v15(), SHA256()))
    desk.write("signer.pem", SITE_VISITOR.pem)
    bare = (*VERIFY, "--content", "content", "--certificate", "signer.pem")
    assert codes(desk.json(*bare, status=10))["purpose"] == "authentication"
    desk(*bare, "--accept-auth")


def test_forgery_is_not_excused_by_its_purpose(desk: CardTool) -> None:
    desk.write("signature", made_of_a_sign_in().replace(b"what is signed", b"what is forged"))
    assert desk.json(*VERIFY, status=8)["verdict"] == "not-valid"


# -- times that nobody has proven ---------------------------------------------------------------------------


def test_stolen_key_cannot_date_back(desk: CardTool) -> None:
    """Whoever has stolen a key states whichever time he likes."""
    holder = AUTHORITY.issue("stolen", period=(NOW - 30 * DAY, NOW + 30 * DAY))
    sign(desk, holder=holder, moment=NOW - 20 * DAY)
    desk.write("list", AUTHORITY.revocation_list([holder.certificate], since=NOW - 10 * DAY))
    desk.write("answer", AUTHORITY.answer(holder.certificate, ocsp.OCSPCertStatus.REVOKED))
    for news in (["--crl", "list"], ["--ocsp-response", "answer"]):
        for when in ([], ["--at", "signing"], ["--at", (NOW - 5 * DAY).isoformat()][: 2 if "--crl" in news else 0]):
            assert codes(desk.json(*VERIFY, *news, *when, status=8))["revocation"] == "revoked"


@pytest.mark.parametrize("language", LANGUAGES)
def test_revocation_after_the_time_that_the_user_names_is_said(desk: CardTool, language: str) -> None:
    holder = AUTHORITY.issue("stolen", period=(NOW - 30 * DAY, NOW + 30 * DAY))
    sign(desk, holder=holder, moment=NOW - 20 * DAY)
    desk.write("list", AUTHORITY.revocation_list([holder.certificate], since=NOW - 10 * DAY))
    at = ("--crl", "list", "--at", (NOW - 15 * DAY).isoformat())
    found = desk.json(*VERIFY, *at)
    assert codes(found)["revocation"] == "revoked-later" and "revoked-later" in found["not_checked"]
    headline = desk(*VERIFY, *at, language=language).stdout.splitlines()[0]
    assert {"en": "revoked since", "ja": "その後に失効"}[language] in headline


def test_signature_from_the_future(desk: CardTool) -> None:
    sign(desk, moment=NOW + 500 * DAY)
    for when in ([], ["--at", "signing"]):
        assert codes(desk.json(*VERIFY, *when, status=8))["signing-time"] == "in-the-future"


# -- one file, one reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        SIGNER.pem,
        b"-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n",
        b"-----BEGIN PGP MESSAGE-----\n",
        b"MIME-Version: 1.0\nContent-Type: application/pkcs7-mime\n\nAAAA",
    ],
    ids=["certificate", "signature", "message", "mail"],
)
def test_content_never_decides_how_its_signature_is_read(desk: CardTool, content: bytes) -> None:
    sign(desk, content)
    desk(*VERIFY, "-o", "taken")
    assert desk.read("taken") == content


def test_signature_inside_a_signature_is_not_the_one_that_is_read(desk: CardTool) -> None:
    """A second signature in PEM stands where nobody has signed, at the very end."""
    inner = b"".join(armoured([cms(SoftKey(SIGNER, None), b"I owe Bob 1000000 yen")]))
    made = asn1.ContentInfo.load(cms(SoftKey(SIGNER, None), b"I owe Bob 1 yen"))
    attribute = asn1.CMSAttribute({"type": "1.2.3.4", "values": [asn1.OctetString(b"\n" + inner)]})
    made["content"]["signer_infos"][0]["unsigned_attrs"] = asn1.CMSAttributes([attribute])
    desk.write("signature", made.dump(force=True))
    desk(*VERIFY, "-o", "taken")
    argv = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "signature", "-CAfile", "roots.pem"]
    run([*argv, "-purpose", "any", "-binary", "-out", "openssls"], cwd=desk.folder)
    assert desk.read("taken") == desk.read("openssls") == b"I owe Bob 1 yen"


def test_two_signatures_in_one_file_are_refused(desk: CardTool) -> None:
    """OpenSSL would take the first one, others the last one."""
    both = [b"".join(armoured([cms(SoftKey(SIGNER, None), text)])) for text in (b"1 yen", b"1000000 yen")]
    desk.write("signature", b"".join(both))
    assert desk.json(*VERIFY, status=8)["error"]["reason"] == "several-pems"


# -- what is too weak, or missing ---------------------------------------------------------------------------


def test_short_rsa_key_never_signs_a_document(desk: CardTool) -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point
    holder = AUTHORITY.issue("short", key=key)
    desk.write("signature", key.sign(CONTENT, PKCS1v15(), SHA256()))
    desk.write("signer.pem", holder.pem)
    found = desk.json(*VERIFY, "--content", "content", "--certificate", "signer.pem", status=8)
    assert (codes(found)["signature"], codes(found)["key-usage"]) == ("weak-key", "weak-key")
    sign(desk, holder=holder)
    assert codes(desk.json(*VERIFY, status=8))["signature"] == "unsupported"


@pytest.mark.parametrize("language", LANGUAGES)
def test_signature_without_signed_attributes_is_not_judged(desk: CardTool, language: str) -> None:
    """OpenSSL accepts it, as one of NSS; it is not forged, and nothing tells what was signed."""
    openssl_cms(desk.folder, [SIGNER], "-outform", "DER", "-nodetach", "-noattr")
    said = desk(*VERIFY, status=10, language=language).stdout
    assert {"en": "The signature could NOT be judged.", "ja": "判定できません"}[language] in said
    assert {"en": "changed", "ja": "変更"}[language] not in said
    found = desk.json(*VERIFY, status=10)
    assert (codes(found)["content"], codes(found)["signature"]) == ("no-attributes", "not-judged")


@pytest.mark.parametrize("language", LANGUAGES)
def test_missing_issuer_is_called_missing(desk: CardTool, language: str) -> None:
    """--test-card, which was given, cannot help; the root can."""
    card = Authority(organisation="JPKI-TEST", number=3)
    sign(desk, holder=card.issue("tester"))
    found = desk.json("verify", "--test-card", "signature", status=8)
    assert codes(found)["issuer"] == "missing-issuer"
    said = desk("verify", "--test-card", "signature", status=8, language=language).stdout
    assert "--root" in said and "--test-card" not in said
    desk.write("card.pem", card.pem)
    desk("verify", "--root", "card.pem", "signature")


@pytest.mark.parametrize("language", LANGUAGES)
def test_headline_names_what_was_not_checked(desk: CardTool, language: str) -> None:
    sign(desk)
    words = {"en": "revocation not checked", "ja": "失効の有無は未確認"}[language]
    assert words in desk(*VERIFY, language=language).stdout.splitlines()[0]
    assert desk.json(*VERIFY)["not_checked"] == ["not-asked"]
    desk.write("list", AUTHORITY.revocation_list())
    headline = desk(*VERIFY, "--crl", "list", language=language).stdout.splitlines()[0]
    assert headline == {"en": "The signature is valid.", "ja": "署名は有効です。"}[language]
    assert desk.json(*VERIFY, "--crl", "list")["not_checked"] == []


# -- what is not a signature --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("data", "reason", "way_on"),
    [
        (b"%PDF-1.7\n" + bytes(1000), "pdf", "examples/pdf.md"),
        (SIGNER.key.sign(CONTENT, PKCS1v15(), SHA256()).replace(b"0", b"1"), "bare", "--certificate"),
        (SIGNER.pem, "certificate", "cert verify"),
        (b"a letter\n", "not-cms", "FILE.p7m"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/signed\n\n--x\n", "mail", "--content"),
        (b"", "empty", ""),
    ],
    ids=["pdf", "bare", "certificate", "letter", "mail", "nothing"],
)
def test_way_on(desk: CardTool, data: bytes, reason: str, way_on: str, language: str) -> None:
    desk.write("signature", data)
    found = desk.json("verify", "signature", status=8, language=language)["error"]
    assert found["reason"] == reason
    assert way_on in found["remedy"]
    if language == "ja":
        assert not found["detail"].isascii() and not found["message"].isascii()


def test_standard_input(desk: CardTool) -> None:
    """Through a pipe, in PEM as well."""
    made = sign(desk)
    desk.write("pem", b"".join(armoured([made])))
    for name in ("signature", "pem"):
        piped = ["sh", "-c", f'cat {name} | "$@"', "sh"]
        desk("verify", "--root", "root.pem", "-", "-o", "taken", "--force", prefix=piped)
        assert desk.read("taken") == CONTENT
