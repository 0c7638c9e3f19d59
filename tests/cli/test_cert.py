"""`pyjpki11 cert`: show, export, verify."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.conftest import NewTool
from cryptography import x509
from support.authority import DAY, NOW, Authority
from support.card_tool import PINS, CardTool
from support.clients import verifications
from support.ocsp_responder import answering
from support.openssl import certificate_text
from support.pcsc_card import CardMaker
from support.process import run

import jpki_softcard
from jpki_softcard.store import Store
from pyjpki11.certificates import anchors
from pyjpki11.certificates.person import ARC

WHICH = ("auth", "sign", "auth-ca", "sign-ca")
LANGUAGES = ("en", "ja")
PUBLISHED = Path(anchors.__file__).parent / "published"


def pin_of(which: str) -> str:
    """What is typed before a certificate is shown."""
    return PINS["sign"] + "\n" if which == "sign" else ""


def stored(state: Path, which: str) -> bytes:
    """The certificate on the card, DER."""
    return Store(str(state)).certificate(which.replace("-", "_"))


@pytest.mark.parametrize("which", WHICH)
def test_export(any_tool: CardTool, softcard_state: Path, which: str) -> None:
    """In each form, judged by openssl and ssh-keygen."""
    pin = pin_of(which)
    der = stored(softcard_state, which)
    any_tool("cert", "export", which, "--pin-file", "-", "--format", "der", "-o", "c.der", text=pin)
    assert any_tool.read("c.der") == der
    any_tool("cert", "export", which, "--pin-file", "-", "-o", "c.pem", text=pin)
    assert certificate_text(any_tool.read("c.pem")) == certificate_text(der)
    ssh = any_tool("cert", "show", which, "--pin-file", "-", "--format", "ssh", text=pin).stdout
    any_tool.write("key.pub", ssh)
    run(["sh", "-c", "openssl x509 -in c.pem -noout -pubkey > c.pub"], cwd=any_tool.folder)
    imported = run(["ssh-keygen", "-i", "-m", "PKCS8", "-f", "c.pub"], cwd=any_tool.folder).stdout
    assert ssh.split()[:2] == imported.split()
    assert "Authentication" in ssh if which.startswith("auth") else "Signature" in ssh


def test_standard_output_is_the_default(tool: CardTool, softcard_state: Path) -> None:
    pem = tool("cert", "export", "auth").stdout
    assert ssl.PEM_cert_to_DER_cert(pem) == stored(softcard_state, "auth")
    assert tool("cert", "export", "auth", "--format", "text").stdout == tool("cert", "show", "auth").stdout


def test_json(tool: CardTool, softcard_state: Path) -> None:
    document = tool.json("cert", "show", "sign", "--pin-file", "-", text="abc123\n")
    certificate = x509.load_der_x509_certificate(stored(softcard_state, "sign"))
    assert document["serial_number"] == f"{certificate.serial_number:08x}"
    assert document["not_after"] == certificate.not_valid_after_utc.isoformat()
    assert document["key_usage"] == ["digital_signature", "content_commitment"]
    assert document["policies"] == ["1.2.392.200149.8.5.1.1.20"]
    assert document["key"] == "RSA 2048"
    assert document["person"] == {
        "name": "試験　太郎",
        "name_substitutes": "00000",
        "birth_date": "1980-04-01",
        "birth_era": "showa",
        "sex": "male",
        "address": "架空県模擬市見本町一丁目２番３号",
        "address_substitutes": "0" * 16,
    }
    assert tool.json("cert", "show", "auth")["person"] is None


def test_person_with_substitutes(new_tool: NewTool, softcard_state: Path) -> None:
    """A character of the name stands in for another; a hostile one does not reach the terminal."""
    fields = {"1": "見本　\x1b[2J", "2": "0100000", "3": "2", "4": "520190501", "5": "住所", "6": "01"}
    values = {last: b"\x0c" + bytes((len(text.encode()),)) + text.encode() for last, text in fields.items()}
    names = [x509.OtherName(x509.ObjectIdentifier(f"{ARC}.{last}"), value) for last, value in values.items()]
    holder = Authority().issue(extensions=[(x509.SubjectAlternativeName(names), False)])
    (softcard_state / "sign.der").write_bytes(holder.der)
    tool = new_tool(softcard_state)
    shown = tool("cert", "show", "sign", "--pin-file", "-", text=pin_of("sign"), language="ja").stdout
    assert "\x1b" not in shown
    assert "代替文字: 本" in shown and "代替文字: 所" in shown
    assert "2019年5月1日（令和元年）" in shown
    assert "性別      女" in shown


def codes(document: dict[str, object]) -> dict[str, str]:
    """Check -> code."""
    checks = document["checks"]
    assert isinstance(checks, list)
    return {it["check"]: it["code"] for it in checks}


def test_verify_published_roots(tool: CardTool) -> None:
    """Those in the package are valid, or expired, by themselves."""
    for row in anchors.PUBLISHED_ROOTS:
        validity, status = ("expired", 8) if row.generation == 1 else ("valid", 0)
        found = tool.json("cert", "verify", PUBLISHED / row.file, "--at", "2026-04-01", status=status)
        assert found["valid"] is (status == 0)
        assert codes(found) == {"issuer": "published-root", "validity": validity, "key-usage": "issues"}
    shown = tool("cert", "verify", PUBLISHED / "sign_ca_2015.pem", "--at", "2025-01-01").stdout
    assert "J-LIS, CA for digital signatures, generation 1" in shown


def test_verify_with_a_root_of_the_users(tool: CardTool) -> None:
    """An authority that is not in the package is given like this."""
    authority = Authority()
    tool.write("root.pem", authority.pem)
    tool.write("signer.der", authority.issue().der)
    tool("cert", "verify", "signer.der", status=8)
    assert codes(tool.json("cert", "verify", "signer.der", "--root", "root.pem"))["issuer"] == "given-root"
    tool.write("other.pem", Authority(number=1).pem)
    tool("cert", "verify", "signer.der", "--root", "other.pem", status=8)
    tool("cert", "verify", "signer.der", "--root", "other.pem", "--root", "root.pem")


def test_verify_at_another_time(tool: CardTool) -> None:
    authority = Authority()
    tool.write("root.pem", authority.pem)
    tool.write("signer.pem", authority.issue(period=(NOW - 20 * DAY, NOW - 10 * DAY)).pem)
    verify = ("cert", "verify", "signer.pem", "--root", "root.pem")
    for moment, code in (
        (NOW, "expired"),
        (NOW - 10 * DAY, "valid"),
        (NOW - 15 * DAY, "valid"),
        (NOW - 21 * DAY, "not-yet-valid"),
    ):
        found = tool.json(*verify, "--at", moment.isoformat(), status=0 if code == "valid" else 8)
        assert codes(found)["validity"] == code
    assert "expired on" in tool(*verify, status=8).stdout
    tool(*verify, "--at", "tomorrow", status=2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_revocation_lists(tool: CardTool, language: str) -> None:
    authority, other = Authority(), Authority(number=1)
    signer = authority.issue()
    for name, data in {
        "root.pem": authority.pem,
        "signer.pem": signer.pem,
        "good.crl": authority.revocation_list(),
        "bad.crl": authority.revocation_list([signer.certificate]),
        "foreign.crl": other.revocation_list(),
        "old.crl": authority.revocation_list(until=NOW - DAY),
        "nonsense.crl": b"nonsense",
        "good.ocsp": authority.answer(signer.certificate),
    }.items():
        tool.write(name, data)
    verify = ("cert", "verify", "signer.pem", "--root", "root.pem")
    for options, code, status in (
        ([], "not-asked", 0),
        (["--crl", "good.crl"], "not-listed", 0),
        (["--ocsp-response", "good.ocsp"], "not-revoked", 0),
        (["--crl", "bad.crl"], "revoked", 8),
        (["--crl", "good.crl", "--crl", "bad.crl"], "revoked", 8),
        (["--crl", "bad.crl", "--ocsp-response", "good.ocsp"], "revoked", 8),
        (["--crl", "foreign.crl"], "list-of-another-issuer", 8),
        (["--crl", "old.crl"], "list-expired", 8),
    ):
        assert codes(tool.json(*verify, *options, status=status))["revocation"] == code, options
    refused = tool.json(*verify, "--crl", "nonsense.crl", status=1, language=language)
    assert refused["error"]["code"] == "bad-revocation-data"
    shown = tool(*verify, "--crl", "bad.crl", status=8, language=language).stdout
    assert {"en": "revoked on", "ja": "に失効しました"}[language] in shown


def test_ocsp_responder(tool: CardTool) -> None:
    """openssl answers over HTTP, from its own index of certificates."""
    authority = Authority()
    signer, neighbour = authority.issue("signer"), authority.issue("neighbour")
    tool.write("signer.pem", signer.pem)
    tool.write("neighbour.pem", neighbour.pem)
    with answering(tool.folder, authority, valid=[signer], revoked=[neighbour]) as url:
        verify = ("--root", "root.pem", "--ocsp", url)
        assert codes(tool.json("cert", "verify", "signer.pem", *verify))["revocation"] == "not-revoked"
        assert codes(tool.json("cert", "verify", "neighbour.pem", *verify, status=8))["revocation"] == "revoked"
    gone = tool.json("cert", "verify", "signer.pem", *verify, status=1)
    assert gone["error"]["code"] == "responder-failed"
    tool("cert", "verify", "signer.pem", "--root", "root.pem", "--ocsp", "file:///etc/passwd", status=1)


# -- what goes wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_wrong_and_blocked_password(any_tool: CardTool, language: str) -> None:
    for left in (4, 3, 2, 1):
        said = any_tool("cert", "show", "sign", "--pin-file", "-", text="WRONG0\n", status=5, language=language)
        assert str(left) in said.stderr and not said.stdout
    last = ("--pin-file", "-", "--last-try")
    any_tool("cert", "show", "sign", *last, text="WRONG0\n", status=6, language=language)
    blocked = any_tool("cert", "show", "sign", "--pin-file", "-", text=pin_of("sign"), status=6, language=language)
    assert {"en": "blocked", "ja": "ロック"}[language] in blocked.stderr
    any_tool("cert", "show", "auth", language=language)


def test_password_of_impossible_form_is_not_sent(pcsc_card: CardMaker, tmp_path: Path) -> None:
    card = pcsc_card()
    tool = CardTool(tmp_path, {})
    for pin in ("", "short", "with space", "日本語日本語", "x" * 17):
        tool("cert", "show", "sign", "--pin-file", "-", text=pin + "\n", status=7)
    assert not verifications(card)


def test_no_card(pcscd: object, tool: CardTool) -> None:
    said = tool("cert", "show", "auth", status=4, env={"PYJPKI11_READER": None})
    assert "There is no card" in said.stderr


def test_card_without_signature_certificate(new_tool: NewTool, softcard_state: Path) -> None:
    (softcard_state / "sign.der").write_bytes(b"\xff" * 16)
    said = new_tool(softcard_state)("cert", "show", "sign", "--pin-file", "-", text=pin_of("sign"), status=4)
    assert "certificate is not on the card" in said.stderr


def test_damaged_certificate(new_tool: NewTool, softcard_state: Path) -> None:
    der = bytearray(stored(softcard_state, "auth"))
    der[12] ^= 0xFF
    (softcard_state / "auth.der").write_bytes(der)
    new_tool(softcard_state)("cert", "show", "auth", status=4)


def test_card_forgets_the_password(any_tool: CardTool, softcard_state: Path) -> None:
    """The next command needs it again."""
    any_tool("cert", "show", "sign", "--pin-file", "-", text=pin_of("sign"))
    any_tool("cert", "show", "sign", "--pin-file", "-", text="", status=7)


def test_output_that_cannot_be_written(tool: CardTool) -> None:
    for path, reason in (
        ("/dev/full", "no space is left on the device"),
        ("missing/c.pem", "there is no such file or folder"),
        (".", "it is a folder"),
    ):
        said = tool("cert", "export", "auth", "-o", path, status=1)
        assert said.stderr == f"Error: {path}: {reason}.\n"
    assert not list(tool.folder.iterdir())


@pytest.mark.parametrize(("command", "options"), [("export", []), ("show", ["--json"]), ("show", ["--format", "der"])])
def test_file_of_a_certificate(tool: CardTool, command: str, options: list[str]) -> None:
    """A file that exists needs --force; who is named in the certificate may alone read it."""
    usual = ["sh", "-c", 'umask 022; exec "$@"', "sh"]
    for which, mode in (("sign", 0o600), ("auth", 0o644), ("sign-ca", 0o644)):
        write = ("cert", command, which, "--pin-file", "-", "-o", which, *options)
        tool(*write, text=pin_of(which), prefix=usual)
        assert (tool.folder / which).stat().st_mode & 0o777 == mode
        said = tool(*write, text=pin_of(which), status=1)
        assert "already exists" in said.stderr
        tool(*write, "--force", text=pin_of(which))
        assert (tool.folder / which).stat().st_mode & 0o777 == mode


def test_full_standard_output(tool: CardTool) -> None:
    for command in (["cert", "show", "auth"], ["cert", "export", "auth", "--format", "der"]):
        said = tool(*command, prefix=["sh", "-c", 'exec "$@" > /dev/full', "sh"], status=1)
        assert "no space is left on the device" in said.stderr


def test_files_that_are_no_certificates(tool: CardTool) -> None:
    tool.write("nonsense", b"nonsense")
    for name, text in (("nonsense", "not a certificate"), ("missing", "no such file"), (".", "it is a folder")):
        assert text in tool("cert", "verify", name, status=1).stderr
    tool("cert", "verify", "auth", "--root", "nonsense", status=1)
    tool("cert", "export", "auth", "-o", "leaf.pem")
    assert "may not issue" in tool("cert", "verify", "auth", "--root", "leaf.pem", status=1).stderr


def test_expired_card(new_tool: NewTool, tmp_path: Path) -> None:
    jpki_softcard.create(str(tmp_path / "old"), issued=datetime(2015, 11, 1, tzinfo=UTC))
    tool = new_tool(tmp_path / "old")
    assert "expired" in tool("cert", "show", "auth").stdout
    found = tool.json("cert", "verify", "auth", "--test-card", status=8)
    assert codes(found)["validity"] == "expired"
    tool("cert", "verify", "auth", "--test-card", "--at", "2018-01-01")
