"""The tools of NSS with our module: its module database, its lists, TLS with a client certificate, CMS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.clients import KEYS, signatures, verifications
from support.examples import script
from support.pcsc_card import CardMaker, PcscCard
from support.process import Failed, run
from support.terminal import Dialogue, run_at_terminal
from support.tls_site import VERSIONS, NewSite, TlsSite

PROMPTS = {re.escape(f'Enter Password or Pin for "{key.token}":'): key.pin for key in KEYS.values()}
LETTER = "Invented letter\n"
AUTHENTICATION = "JPKI (User Authentication PIN)"
REGISTER = 'modutil -dbdir "$DATABASE" -force -add JPKI -libfile "$MODULE"'
SIGN_IN = (
    'tstclnt -d "$DATABASE" -h www.example.jp -p 443 '
    f"-n '{AUTHENTICATION}:User Authentication Certificate' -A request.txt"
)
SIGN = (
    "cmsutil -S -d \"$DATABASE\" -Y NONE -N 'JPKI (Digital Signature PIN):Digital Signature Certificate' "
    "-i letter.txt -o letter.p7m"
)
ACCEPTED = {"authentication": ("0018", "9000"), "signature": ("001B", "9000")}


def row(what: str, command: str, refusal: str = "") -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("NSS tools", what, command=command, example="examples/nss.md", refusal=refusal)


def typed(folder: Path, *headings: str, replace: Mapping[str, str] | None = None) -> Dialogue:
    """Type what the example says below some headings, and the PIN of whatever token asks."""
    return run_at_terminal(script("nss.md", *headings, replace=replace), PROMPTS, cwd=folder)


@pytest.fixture
def registered(tmp_path: Path) -> Path:
    """A folder to type in; the database in the reader's home knows the module."""
    typed(tmp_path, "Set up", "Register the module")
    return tmp_path


def sign_in(folder: Path, site: TlsSite, heading: str = "Sign in to a site") -> Dialogue:
    """Sign in to a site, whose CA the database trusts."""
    (folder / "request.txt").write_text("GET / HTTP/1.0\r\n\r\n")
    trust = f'certutil -A -d "$DATABASE" -n site -t C,, -i {site.ca}\ntstclnt -4'
    here = {"tstclnt": trust, "www.example.jp -p 443": f"{site.host} -p {site.port}"}
    return typed(folder, "Set up", heading, replace=here)


@row("register the module", REGISTER)
@row("list modules and tokens", 'modutil -dbdir "$DATABASE" -list')
@row("list certificates", f"certutil -L -d \"$DATABASE\" -h '{AUTHENTICATION}'")
@row("list private keys", f"certutil -K -d \"$DATABASE\" -h '{AUTHENTICATION}'")
def test_lists(card: PcscCard, registered: Path) -> None:
    """The tokens, the certificates with trust in what has a key, the key after the PIN."""
    shown = typed(registered, "Set up", "See what is on the card").output
    assert all(f"token: {key.token}\n" in shown for key in KEYS.values())
    assert f"\n{AUTHENTICATION}:User Authentication Certificate u,u,u\n" in shown
    assert any(line.startswith("< 0> rsa ") and "User Authentication Key" in line for line in shown.splitlines())
    assert verifications(card) == [ACCEPTED["authentication"]]


def test_wrong_pin(card: PcscCard, registered: Path) -> None:
    """NSS asks again and again; the same wrong PIN costs no second try."""
    token = next(iter(PROMPTS))
    argv = script("nss.md", "Set up", "See what is on the card")
    shown = run_at_terminal(argv, {token: ["9999", "9999", KEYS["authentication"].pin]}, cwd=registered)
    assert "User Authentication Key" in shown.output
    assert verifications(card) == [("0018", "63C2"), ACCEPTED["authentication"]]


def test_unregister(registered: Path) -> None:
    """The database is as before."""
    database = "sql:" + str(Path.home() / ".pki" / "nssdb")
    run(["modutil", "-dbdir", database, "-force", "-delete", "JPKI"])
    assert "JPKI" not in run(["modutil", "-dbdir", database, "-list"]).stdout


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=row(f"sign in, TLS {version}", SIGN_IN)) for version in VERSIONS]
)
def test_sign_in(card: PcscCard, registered: Path, tls_site: NewSite, card_name: str, version: str) -> None:
    """One prompt, for the authentication PIN, and one signature, with PSS."""
    site = tls_site(version)
    shown = sign_in(registered, site)
    assert f"Signed in as {card_name}" in shown.output
    assert site.sign_ins == [(f"TLSv{version}", "rsa_pss_rsae_sha256", card_name)]
    assert len(shown.prompts) == 1
    assert verifications(card) == [ACCEPTED["authentication"]]
    assert signatures(card) == 1


@row("sign in, TLS 1.2, card without PSS", SIGN_IN)
def test_sign_in_without_pss(pcsc_card: CardMaker, registered: Path, tls_site: NewSite, card_name: str) -> None:
    """It falls back by itself, where TLS 1.3 is not offered."""
    pcsc_card(["no-pss"])
    site = tls_site("1.2")
    assert f"Signed in as {card_name}" in sign_in(registered, site).output
    assert site.sign_ins == [("TLSv1.2", "rsa_pkcs1_sha256", card_name)]


@row("sign in, TLS 1.2 at a site that has 1.3, card without PSS", f"{SIGN_IN} -V tls1.2:tls1.2")
def test_hold_it_to_tls_12(pcsc_card: CardMaker, registered: Path, tls_site: NewSite, card_name: str) -> None:
    """As the example says."""
    pcsc_card(["no-pss"])
    site = tls_site("1.2-1.3")
    assert f"Signed in as {card_name}" in sign_in(registered, site, "Sign in with a card without RSA-PSS").output
    assert site.sign_ins == [("TLSv1.2", "rsa_pkcs1_sha256", card_name)]


@row("sign in, TLS 1.3, card without PSS", SIGN_IN, "TLS 1.3 needs RSA-PSS")
@pytest.mark.parametrize("offered", ["1.3", "1.2-1.3"])
def test_no_tls_13_without_pss(pcsc_card: CardMaker, registered: Path, tls_site: NewSite, offered: str) -> None:
    """It sends no certificate."""
    pcsc_card(["no-pss"])
    site = tls_site(offered)
    with pytest.raises(Failed):
        sign_in(registered, site)
    assert ["PEER_DID_NOT_RETURN_A_CERTIFICATE" in visit.error for visit in site.visits] == [True]


@row("sign a CMS message", SIGN)
def test_sign_cms(card: PcscCard, registered: Path, issued_card: Path) -> None:
    """openssl finds it good, and the letter in it."""
    letter = registered / "letter.txt"
    letter.write_text(LETTER)
    shown = typed(registered, "Set up", "Sign a CMS message")
    letter.unlink()
    (registered / "ca.der").write_bytes((issued_card / "sign_ca.der").read_bytes())
    typed(registered, "Check a CMS message")
    assert letter.read_text().replace("\r\n", "\n") == LETTER
    assert len(shown.prompts) == 2
    assert verifications(card) == [ACCEPTED["signature"]] * 2
    assert signatures(card) == 1


@row("check a CMS message of the card", "cmsutil -D", "NSS does not know the critical extension certificatePolicies")
def test_check_cms(card: PcscCard, registered: Path, issued_card: Path) -> None:
    """It is not the signature that it refuses."""
    (registered / "letter.txt").write_text(LETTER)
    typed(registered, "Set up", "Sign a CMS message")
    database = ["-d", "sql:" + str(Path.home() / ".pki" / "nssdb")]
    run(["openssl", "x509", "-inform", "DER", "-in", issued_card / "sign_ca.der", "-out", registered / "ca.pem"])
    run(["certutil", "-A", *database, "-n", "ca", "-t", "C,C,C", "-i", registered / "ca.pem"])
    with pytest.raises(Failed, match=r"(?s)SigningCertNotTrusted.*UNKNOWN_CRITICAL_EXTENSION"):
        run(["cmsutil", "-D", *database, "-i", registered / "letter.p7m"])
