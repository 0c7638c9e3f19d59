"""GnuTLS with our module: what p11tool shows, its own test of a key, TLS with a client certificate."""

from __future__ import annotations

import pytest
from support.clients import KEYS, signatures, verifications
from support.examples import script
from support.pcsc_card import CardMaker, PcscCard
from support.process import Failed, run
from support.terminal import Dialogue, run_at_terminal
from support.tls_site import VERSIONS, NewSite, TlsSite

PIN = KEYS["authentication"].pin
PROMPT = r"Enter PIN: "
ACCEPTED, REFUSED = ("0018", "9000"), ("0018", "63C2")


SIGN_IN = 'gnutls-cli --provider "$MODULE" --x509certfile "$CARD" --x509keyfile "$CARD" www.example.jp'


def row(what: str, command: str = SIGN_IN, refusal: str = "") -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("GnuTLS", what, command=command, example="examples/gnutls.md", refusal=refusal)


def sign_in(site: TlsSite, heading: str = "Sign in to a site") -> Dialogue:
    """What gnutls-cli shows while it signs in to a site."""
    here = {"www.example.jp": f"--x509cafile {site.ca} --port {site.port} {site.host} <<< $'GET / HTTP/1.0\\r\\n\\r'"}
    return run_at_terminal(script("gnutls.md", "Set up", heading, replace=here), {PROMPT: PIN})


@row("list the objects", 'p11tool --provider "$MODULE" --list-all "$CARD"')
def test_list(card: PcscCard) -> None:
    """The certificate with its public key show without a PIN; the private key does not."""
    shown = run(script("gnutls.md", "Set up", "See what is on the card")).stdout
    assert shown.count("\tLabel: ") == 2
    assert "Label: User Authentication Certificate" in shown and "Type: X.509 Certificate" in shown
    assert "Label: User Authentication Public Key" in shown and "Type: Public key (RSA-2048)" in shown
    assert verifications(card) == []


@row("test a key", 'p11tool --provider "$MODULE" --login --test-sign "$CARD"')
def test_test_sign(card: PcscCard) -> None:
    """Each line of its own test is `ok`."""
    shown = run_at_terminal(script("gnutls.md", "Set up", "Try a signature"), {PROMPT: PIN})
    tests = [line for line in shown.output.splitlines() if "... " in line]
    assert len(tests) == 3 and all(line.endswith("... ok") for line in tests), shown.output
    assert verifications(card) == [ACCEPTED]


def test_test_the_signature_key(card: PcscCard) -> None:
    """The same with the other key; GnuTLS gives its password again for the signature itself."""
    own = {"User%20Authentication%20PIN": "Digital%20Signature%20PIN", "id=%01": "id=%02"}
    argv = script("gnutls.md", "Set up", "Try a signature", replace=own)
    shown = run_at_terminal(argv, {PROMPT: KEYS["signature"].pin})
    assert shown.output.count("... ok\n") == 3
    assert len(shown.prompts) == 1
    assert verifications(card) == [("001B", "9000")] * 2


def test_wrong_pin(card: PcscCard) -> None:
    """It is asked again, and warns; each wrong PIN costs one try, and the same one twice no more than that."""
    shown = run_at_terminal(script("gnutls.md", "Set up", "Try a signature"), {PROMPT: ["9999", "9999", PIN]})
    assert shown.output.count("... ok\n") == 3
    assert len(shown.prompts) == 3
    assert verifications(card) == [REFUSED, ACCEPTED]


@pytest.mark.parametrize("version", [pytest.param(each, marks=row(f"sign in, TLS {each}")) for each in VERSIONS])
def test_sign_in(card: PcscCard, tls_site: NewSite, card_name: str, version: str) -> None:
    """One prompt, one signature, with PSS."""
    site = tls_site(version)
    shown = sign_in(site)
    assert f"Signed in as {card_name}" in shown.output
    assert site.sign_ins == [(f"TLSv{version}", "rsa_pss_rsae_sha256", card_name)]
    assert len(shown.prompts) == 1
    assert verifications(card) == [ACCEPTED]
    assert signatures(card) == 1


@row("sign in, TLS 1.2, card without PSS")
def test_sign_in_without_pss(pcsc_card: CardMaker, tls_site: NewSite, card_name: str) -> None:
    """It falls back by itself, where TLS 1.3 is not offered."""
    card, site = pcsc_card(["no-pss"]), tls_site("1.2")
    assert f"Signed in as {card_name}" in sign_in(site).output
    assert site.sign_ins == [("TLSv1.2", "rsa_pkcs1_sha256", card_name)]
    assert verifications(card) == [ACCEPTED]


@row(
    "sign in, TLS 1.2 at a site that has 1.3, card without PSS",
    SIGN_IN.replace("gnutls-cli", "gnutls-cli --priority NORMAL:-VERS-TLS1.3"),
)
def test_hold_it_to_tls_12(pcsc_card: CardMaker, tls_site: NewSite, card_name: str) -> None:
    """As the example says."""
    pcsc_card(["no-pss"])
    site = tls_site("1.2-1.3")
    assert f"Signed in as {card_name}" in sign_in(site, "Sign in with a card without RSA-PSS").output
    assert site.sign_ins == [("TLSv1.2", "rsa_pkcs1_sha256", card_name)]


@row("sign in, TLS 1.3, card without PSS", refusal="TLS 1.3 needs RSA-PSS")
@pytest.mark.parametrize("offered", ["1.3", "1.2-1.3"])
def test_no_tls_13_without_pss(pcsc_card: CardMaker, tls_site: NewSite, offered: str) -> None:
    """It sends no certificate."""
    pcsc_card(["no-pss"])
    site = tls_site(offered)
    with pytest.raises(Failed, match="No certificate was sent to peer"):
        sign_in(site)
    assert site.sign_ins == []
