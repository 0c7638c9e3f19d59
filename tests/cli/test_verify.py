"""`pyjpki11 verify`: signatures of ours and of others, of documents and of forgeries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from cli.conftest import NewTool
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from support.authority import DAY, NOW, Authority, Holder
from support.card_tool import PINS, CardTool
from support.clients import KEYS
from support.examples import FOLDER, script
from support.ocsp_responder import answering
from support.pcsc_card import CardMaker
from support.signer import SoftKey, cms, openssl_cms
from support.terminal import run_at_terminal
from support.tool import PROGRAM

LANGUAGES = ("en", "ja")
CONTENT = b"what is signed\r\n\0\xff" * 1000
AUTHORITY = Authority()
SIGNER, OTHER = AUTHORITY.issue("signer"), AUTHORITY.issue("other")


@pytest.fixture
def desk(tool: CardTool) -> CardTool:
    """The tool, with files beside it."""
    for name, data in {
        "content": CONTENT, "root.pem": AUTHORITY.pem, "other-root.pem": Authority(number=1).pem,
        "signer.pem": SIGNER.pem, **{f"{key}.pin": pin.encode() for key, pin in PINS.items()},
    }.items():  # fmt: skip
        tool.write(name, data).chmod(0o600)  # the PINs are taken from no other
    return tool


def signed(tool: CardTool, holder: Holder = SIGNER, **settings: Any) -> None:
    """A signature of a key in software, in the file `signature`."""
    tool.write("signature", cms(SoftKey(holder, AUTHORITY), CONTENT, **settings))


def codes(document: dict[str, Any], signer: int = 0) -> dict[str, str]:
    """Check -> code, of one signer."""
    return {it["check"]: it["code"] for it in document["signers"][signer]["checks"]}


# -- the card's own -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["der", "pem"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_all_forms(desk: CardTool, form: str, digest: str) -> None:
    sign = ("sign", "--key", "auth", "--pin-file", "auth.pin", "--digest", digest, "--format", form)
    desk(*sign, "-o", "attached", "content")
    desk(*sign, "-o", "detached", "--detached", "content")
    verify = ("verify", "--test-card", "--accept-auth")
    assert desk.json(*verify, "attached")["signers"][0]["digest"] == digest
    desk(*verify, "--content", "content", "detached")
    desk("verify", "--test-card", "--content", "content", "detached", status=10)
    desk(*verify, "detached", status=2)
    desk(*verify, "--content", "content", "attached", status=2)
    desk.write("content", CONTENT + b"!")
    found = desk.json(*verify, "--content", "content", "detached", status=8)
    assert codes(found)["content"] == "changed"


def test_bare(desk: CardTool) -> None:
    desk("sign", "--key", "auth", "--pin-file", "auth.pin", "--format", "raw", "content")
    desk("cert", "export", "auth", "-o", "card.pem")
    desk("cert", "export", "auth-ca", "-o", "ca.pem")
    verify = ("verify", "--root", "ca.pem", "--accept-auth", "--content", "content", "content.sig", "--certificate")
    assert codes(desk.json(*verify, "card.pem"))["signature"] == "fits"
    assert codes(desk.json(*verify, "signer.pem", status=8))["signature"] == "does-not-fit"
    desk.write("content", CONTENT[:-1])
    assert codes(desk.json(*verify, "card.pem", status=8))["signature"] == "does-not-fit"
    desk("verify", "--certificate", "card.pem", "content.sig", status=2)


def test_json(desk: CardTool) -> None:
    desk("sign", "--key", "sign", "--pin-file", "sign.pin", "-o", "signature", "content")
    found = desk.json("verify", "--test-card", "signature")
    (signer,) = found["signers"]
    assert (found["valid"], found["verdict"], signer["valid"]) == (True, "valid", True)
    assert found["not_checked"] == ["test-root", "not-asked"]
    assert signer["certificate"]["person"]["name"] == "試験　太郎"
    assert codes(found) == {
        "content": "unchanged",
        "signature": "fits",
        "certificate": "named",
        "signing-time": "stated",
        "at-signing": "valid",
        "issuer": "test-root",
        "validity": "valid",
        "key-usage": "signs",
        "purpose": "documents",
        "revocation": "not-asked",
    }


# -- whom to believe ----------------------------------------------------------------------------------------


def test_roots(desk: CardTool) -> None:
    """All roots of J-LIS have one name; only the signature tells them apart."""
    signed(desk)
    assert codes(desk.json("verify", "signature", status=8))["issuer"] == "unknown-issuer"
    assert codes(desk.json("verify", "signature", "--root", "other-root.pem", status=8))["issuer"] == "unknown-issuer"
    assert codes(desk.json("verify", "signature", "--root", "root.pem"))["issuer"] == "given-root"


def test_enclosed_root_is_not_believed(desk: CardTool) -> None:
    """A forger encloses a root of his own, which is named as those of J-LIS are."""
    signed(desk)
    desk("verify", "--test-card", "signature", status=8)


def test_two_signers(desk: CardTool) -> None:
    """One that is not believed spoils it."""
    stranger = Authority("Else", number=7).issue("stranger")
    openssl_cms(desk.folder, [SIGNER, OTHER], "-outform", "DER", "-nodetach")
    assert [it["valid"] for it in desk.json("verify", "--root", "root.pem", "signature")["signers"]] == [True, True]
    openssl_cms(desk.folder, [SIGNER, stranger], "-outform", "DER", "-nodetach")
    found = desk.json("verify", "--root", "root.pem", "signature", status=8)
    assert sorted(it["valid"] for it in found["signers"]) == [False, True]
    assert found["valid"] is False


@pytest.mark.parametrize("form", ["DER", "PEM", "SMIME"])
@pytest.mark.parametrize("options", [[], ["-cades"], ["-stream"], ["-keyopt", "rsa_padding_mode:pss"]])
def test_what_openssl_made(desk: CardTool, form: str, options: list[str]) -> None:
    openssl_cms(desk.folder, [SIGNER], "-outform", form, "-nodetach", *options)
    desk("verify", "--root", "root.pem", "signature", "-o", "taken-out")
    assert desk.read("taken-out") == CONTENT


def test_what_openssl_made_with_the_card(
    pcsc_card: CardMaker, desk: CardTool, softcard_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As our example for OpenSSL says it: with our module in its engine."""
    monkeypatch.setenv("PATH", str(PROGRAM.parent), prepend=os.pathsep)
    pcsc_card(state=softcard_state)
    desk.write("letter.txt", CONTENT)
    desk.write("openssl.cnf", (FOLDER / "openssl.cnf").read_bytes())
    desk("cert", "export", "sign", "--pin-file", "sign.pin", "-o", "signature.pem")
    typed = script("openssl.md", "Set up the engine", "Sign a CMS message with the engine")
    run_at_terminal(typed, {r"Enter [^\r\n]*:": KEYS["signature"].pin}, cwd=desk.folder)
    desk("cert", "export", "sign-ca", "-o", "ca.pem")
    assert codes(desk.json("verify", "--root", "ca.pem", "letter.p7m", "-o", "out"))["certificate"] == "not-named"
    assert desk.read("out") == CONTENT


# -- at which time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_certificate_that_has_expired_since(desk: CardTool, language: str) -> None:
    """The signing time is only claimed, so it counts on request only."""
    holder = AUTHORITY.issue("expired", period=(NOW - 30 * DAY, NOW - 10 * DAY))
    signed(desk, holder, moment=NOW - 20 * DAY)
    verify = ("verify", "--root", "root.pem", "signature")
    found = desk.json(*verify, status=8)
    assert (codes(found)["validity"], codes(found)["at-signing"]) == ("expired", "valid")
    shown = desk(*verify, status=8, language=language).stdout
    assert {"en": "expired on", "ja": "に有効期間が終わりました"}[language] in shown
    assert codes(desk.json(*verify, "--at", "signing"))["validity"] == "valid"
    desk(*verify, "--at", (NOW - 15 * DAY).isoformat())
    desk(*verify, "--at", (NOW - 40 * DAY).isoformat(), status=8)


@pytest.mark.parametrize("days", [-40, -5])
def test_signed_outside_of_the_certificates_validity(desk: CardTool, days: int) -> None:
    holder = AUTHORITY.issue("expired", period=(NOW - 30 * DAY, NOW - 10 * DAY))
    signed(desk, holder, moment=NOW + days * DAY)
    for options in ([], ["--at", "signing"], ["--at", (NOW - 20 * DAY).isoformat()]):
        found = desk.json("verify", "--root", "root.pem", "signature", *options, status=8)
        assert codes(found)["at-signing"] == "not-valid"


def test_without_signing_time(desk: CardTool) -> None:
    """`--at signing` is then now."""
    desk.write("signature", SIGNER.key.sign(CONTENT, PKCS1v15(), SHA256()))
    bare = ("--certificate", "signer.pem", "--content", "content", "signature")
    assert codes(desk.json("verify", "--root", "root.pem", "--at", "signing", *bare))["validity"] == "valid"


def test_revocation(desk: CardTool) -> None:
    signed(desk)
    desk.write("good.crl", AUTHORITY.revocation_list([OTHER.certificate]))
    desk.write("bad.crl", AUTHORITY.revocation_list([SIGNER.certificate]))
    desk.write("ocsp", AUTHORITY.answer(SIGNER.certificate))
    verify = ("verify", "--root", "root.pem", "signature")
    assert codes(desk.json(*verify, "--crl", "good.crl"))["revocation"] == "not-listed"
    assert codes(desk.json(*verify, "--crl", "bad.crl", status=8))["revocation"] == "revoked"
    assert codes(desk.json(*verify, "--ocsp-response", "ocsp"))["revocation"] == "not-revoked"
    with answering(desk.folder, AUTHORITY, revoked=[SIGNER]) as url:
        assert codes(desk.json(*verify, "--ocsp", url, status=8))["revocation"] == "revoked"
    assert codes(desk.json("verify", "--crl", "good.crl", "signature", status=8))["revocation"] == "no-issuer"


# -- forgeries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_changed_content(desk: CardTool, language: str) -> None:
    signed(desk)
    desk.write("signature", desk.read("signature").replace(b"what is signed", b"what is forged", 1))
    said = desk("verify", "--root", "root.pem", "signature", "-o", "out", status=8, language=language)
    assert {"en": "not what was signed", "ja": "署名されたものと違います"}[language] in said.stdout
    assert not (desk.folder / "out").exists()


def test_certificate_that_may_not_sign(desk: CardTool) -> None:
    signed(desk, AUTHORITY)
    assert codes(desk.json("verify", "--root", "root.pem", "signature", status=8))["key-usage"] == "no-signing"


@pytest.mark.parametrize(("options", "status"), [(["-md", "sha1"], 8), (["-noattr"], 10), (["-nocerts"], 8)])
def test_too_little(desk: CardTool, options: list[str], status: int) -> None:
    openssl_cms(desk.folder, [SIGNER], "-outform", "DER", "-nodetach", *options)
    desk("verify", "--root", "root.pem", "signature", status=status)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_a_signature(desk: CardTool, language: str) -> None:
    signed(desk)
    whole = desk.read("signature")
    for data in (b"", b"nonsense", whole[:-1], whole + b"\0", SIGNER.der, SIGNER.pem, b"-----BEGIN CMS-----\n"):
        desk.write("signature", data)
        assert desk.json("verify", "signature", status=8, language=language)["error"]["code"] == "no-signature"


# -- files --------------------------------------------------------------------------------------------------


def test_content_taken_out(desk: CardTool) -> None:
    signed(desk)
    verify = ("verify", "--root", "root.pem", "signature")
    desk(*verify, "-o", "out")
    assert desk.read("out") == CONTENT
    assert "no space is left" in desk(*verify, "-o", "/dev/full", status=1).stderr
    said = desk(*verify, "-o", "-", prefix=["sh", "-c", 'exec "$@" > stdout', "sh"])
    assert desk.read("stdout") == CONTENT
    assert "The signature is valid; revocation not checked." in said.stderr
    for arguments in (["--json", "-o", "-"], ["-o", "other", "--certificate", "signer.pem", "--content", "content"]):
        desk(*verify, *arguments, status=2)
    signed(desk, is_detached=True)
    desk(*verify, "--content", "content", "-o", "other", status=2)


@pytest.mark.parametrize(
    ("key", "signature", "content"), [("auth", 0o644, 0o644), ("auth", 0o600, 0o600), ("sign", 0o644, 0o600)]
)
def test_file_of_the_content(desk: CardTool, key: str, signature: int, content: int) -> None:
    """It is not for more people than the signature; what exists needs --force, and its links stay."""
    usual = ["sh", "-c", 'umask 022; exec "$@"', "sh"]
    desk("sign", "--key", key, "--pin-file", f"{key}.pin", "-o", "signature", "content")
    (desk.folder / "signature").chmod(signature)
    verify = ("verify", "--test-card", "--accept-auth", "signature", "-o")
    desk(*verify, "out", prefix=usual)
    assert (desk.folder / "out").stat().st_mode & 0o777 == content
    desk.write("out", b"mine")
    (desk.folder / "link").symlink_to("out")
    for name in ("out", "link"):
        assert "--force" in desk(*verify, name, status=1).stderr
        assert desk.read("out") == b"mine"
    desk(*verify, "link", "--force")
    assert (desk.folder / "link").is_symlink()
    assert desk.read("out") == CONTENT


def test_standard_input(desk: CardTool) -> None:
    """`-` is the signature, or the content, from a pipe as well as from a file."""
    for name, options in (("attached", []), ("detached", ["--detached"])):
        desk("sign", "--key", "auth", "--pin-file", "auth.pin", *options, "-o", name, "content")
    for piped in ("cat attached |", "< attached"):
        shell = ["bash", "-o", "pipefail", "-c", f'"$@" {piped}' if piped[0] == "<" else f'{piped} "$@"', "bash"]
        desk("verify", "--test-card", "--accept-auth", "-", "-o", "out", "--force", prefix=shell)
        assert desk.read("out") == CONTENT
    from_pipe = ["bash", "-o", "pipefail", "-c", 'cat content | "$@"', "bash"]
    desk("verify", "--test-card", "--accept-auth", "--content", "-", "detached", prefix=from_pipe)


def test_files_that_cannot_be_read(desk: CardTool) -> None:
    signed(desk, is_detached=True)
    for arguments in (
        ["missing"],
        ["."],
        ["signature", "--content", "missing"],
        ["signature", "--content", "content", "--root", "missing"],
        ["signature", "--content", "content", "--root", "content"],
        ["signature", "--content", "content", "--root", "signer.pem"],
        ["signature", "--content", "content", "--certificate", "missing"],
        ["signature", "--content", "content", "--root", "root.pem", "--crl", "missing"],
        ["signature", "--content", "content", "--root", "root.pem", "--crl", "content"],
    ):
        desk("verify", *arguments, status=1)


def test_full_standard_output(desk: CardTool) -> None:
    signed(desk)
    full = ["sh", "-c", 'exec "$@" > /dev/full', "sh"]
    desk("verify", "--root", "root.pem", "signature", status=1, prefix=full)


def test_needs_no_card(desk: CardTool, new_tool: NewTool) -> None:
    signed(desk)
    nowhere = {"PYJPKI11_READER": None, "PCSCLITE_CSOCK_NAME": "/nonexistent"}
    desk("verify", "--root", "root.pem", "signature", env=nowhere)
