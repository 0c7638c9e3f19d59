"""OpenSSL 3 and curl with our module, through libp11's engine and through the pkcs11 provider."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from support.clients import KEYS, signatures, verifications
from support.examples import FOLDER, script
from support.openssl import PSS, openssl_verify
from support.pcsc_card import CardMaker, PcscCard
from support.process import Failed, run
from support.terminal import Dialogue, run_at_terminal
from support.tls_site import VERSIONS, NewSite, TlsSite

PROMPT = r"Enter [^\r\n]*:"
WRONG_PIN = "9999"
LETTER = b"Invented letter\n"
WITHOUT_PSS = "sign in, TLS 1.2, card without PSS, `ssl_conf` of the settings file switched on"
ACCEPTED = {"authentication": ("0018", "9000"), "signature": ("001B", "9000")}


class Way(NamedTuple):
    """A way for OpenSSL to the card."""

    program: str
    name: str
    """As the example's headings have it."""
    settings: str
    key: str
    """What commands say of the key."""


ENGINE = Way("OpenSSL engine (libp11)", "the engine", "openssl.cnf", "-engine pkcs11 -keyform engine ")
PROVIDER = Way("OpenSSL provider (pkcs11-provider)", "the provider", "openssl-provider.cnf", "")
CURL = ENGINE._replace(program="curl", name="curl")
CURL_WITHOUT_PSS = CURL._replace(name="curl and a card without RSA-PSS")
WAYS = (ENGINE, PROVIDER)
SIGN = 'openssl dgst -sha256 {0.key}-sign "$KEY" -out letter.sig letter.txt'
SIGN_PSS = SIGN.replace("{0.key}", "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest {0.key}")
SIGN_CMS = (
    'openssl cms -sign {0.key}-inkey "$SIGNATURE_KEY" -signer signature.pem '
    "-binary -nodetach -in letter.txt -out letter.p7m"
)
SIGN_IN = {
    ENGINE: f'openssl s_client {ENGINE.key}-key "$KEY" -cert authentication.pem -connect www.example.jp:443',
    PROVIDER: 'openssl s_client -key "$KEY" -cert "$CERT" -connect www.example.jp:443',
    CURL: 'curl --engine pkcs11 --key-type ENG --key "$KEY" --cert-type ENG --cert "$CERT" https://www.example.jp/',
}


def row(way: Way, what: str, command: str, refusal: str = "") -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client(
        way.program, what, command=command.format(way), example="examples/openssl.md", refusal=refusal
    )


def ways(what: str, command: str) -> pytest.MarkDecorator:
    """A test of both ways."""
    return pytest.mark.parametrize(
        "way", [pytest.param(way, marks=row(way, what, command), id=way.name) for way in WAYS]
    )


def sign_ins(what: str, refusal: str = "") -> pytest.MarkDecorator:
    """A test of everything that signs in."""
    cases = [pytest.param(way, marks=row(way, what, command, refusal), id=way.name) for way, command in SIGN_IN.items()]
    return pytest.mark.parametrize("way", cases)


@pytest.fixture
def folder(tmp_path: Path, issued_card: Path) -> Path:
    """Where a reader types: the settings files, a letter, the certificates."""
    folder = tmp_path / "reader"
    folder.mkdir()
    for way in WAYS:
        (folder / way.settings).write_text((FOLDER / way.settings).read_text())
    (folder / "letter.txt").write_bytes(LETTER)
    for name, file in {"auth": "authentication.pem", "sign": "signature.pem"}.items():
        run(["openssl", "x509", "-inform", "DER", "-in", issued_card / f"{name}.der", "-out", folder / file])
    return folder


def typed(
    folder: Path,
    way: Way,
    heading: str,
    pin: str = KEYS["authentication"].pin,
    replace: Mapping[str, str] | None = None,
) -> Dialogue:
    """Type what the example says below a heading, and the PIN whenever something is asked."""
    setting = "Set up the provider" if way is PROVIDER else "Set up the engine"
    return run_at_terminal(script("openssl.md", setting, heading, replace=replace), {PROMPT: pin}, cwd=folder)


def sign_in(folder: Path, way: Way, site: TlsSite) -> Dialogue:
    """Sign in to a site as the example says."""
    here = {"www.example.jp": f"{site.host}:{site.port}", "curl": f"curl --silent --show-error --cacert {site.ca}"}
    if way.program != "curl":
        request = f"-quiet -ign_eof -verify_return_error -CAfile {site.ca} < <(printf 'GET / HTTP/1.0\\r\\n\\r\\n')"
        here = {"www.example.jp:443": f"{site.host}:{site.port} {request}"}
    return typed(folder, way, f"Sign in with {way.name}", replace=here)


def switch_pss_off(folder: Path, way: Way) -> None:
    """Take away the # as the settings file says."""
    file = folder / way.settings
    before = file.read_text()
    file.write_text(before.replace("# ssl_conf", "ssl_conf"))
    assert file.read_text() != before


@ways("sign", SIGN)
def test_sign(card: PcscCard, folder: Path, issued_card: Path, way: Way) -> None:
    """PKCS #1 v1.5, one prompt."""
    shown = typed(folder, way, f"Sign with {way.name}")
    key = (issued_card / "auth.der").read_bytes()
    openssl_verify(key, LETTER, (folder / "letter.sig").read_bytes(), "sha256")
    assert len(shown.prompts) == 1
    assert verifications(card) == [ACCEPTED["authentication"]]


@ways("sign with RSA-PSS", SIGN_PSS)
def test_sign_pss(card: PcscCard, folder: Path, issued_card: Path, way: Way) -> None:
    """The module's CKM_RSA_PKCS_PSS is reached: the card itself has made the padding."""
    typed(folder, way, f"Sign with {way.name} and RSA-PSS")
    key = (issued_card / "auth.der").read_bytes()
    openssl_verify(key, LETTER, (folder / "letter.sig").read_bytes(), "sha256", (*PSS, "rsa_pss_saltlen:32"))
    assert [command[:6] for command, _ in card.apdus() if command.startswith("802A")][-1] == "802A04"


@ways("sign a CMS message", SIGN_CMS)
def test_sign_cms(card: PcscCard, folder: Path, issued_card: Path, way: Way) -> None:
    """With the signature key, which wants its password for the login and for the signature."""
    shown = typed(folder, way, f"Sign a CMS message with {way.name}", KEYS["signature"].pin)
    run(["openssl", "x509", "-inform", "DER", "-in", issued_card / "sign_ca.der", "-out", folder / "ca.pem"])
    message = ["-verify", "-in", "letter.p7m", "-CAfile", "ca.pem", "-purpose", "any", "-binary"]
    assert run(["openssl", "cms", *message], cwd=folder).stdout.encode() == LETTER
    assert len(shown.prompts) == 2
    assert verifications(card) == [ACCEPTED["signature"]] * 2
    assert signatures(card) == 1


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_wrong_pin(card: PcscCard, folder: Path, way: Way) -> None:
    """It costs one try, and ends the command."""
    with pytest.raises(Failed):
        typed(folder, way, f"Sign with {way.name}", pin=WRONG_PIN)
    assert verifications(card) == [("0018", "63C2")]


@row(ENGINE, "register the module", "pyjpki11 register openssl")
@row(PROVIDER, "register the module", "pyjpki11 register openssl")
@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
def test_register(card: PcscCard, folder: Path, issued_card: Path, way: Way) -> None:
    """One command sets up both ways in one file."""
    argv = script("openssl.md", "Set up both with one command", f"Sign with {way.name}")
    assert len(run_at_terminal(argv, {PROMPT: KEYS["authentication"].pin}, cwd=folder).prompts) == 1
    key = (issued_card / "auth.der").read_bytes()
    openssl_verify(key, LETTER, (folder / "letter.sig").read_bytes(), "sha256")


def test_keep_the_certificates(card: PcscCard, folder: Path, issued_card: Path) -> None:
    """The files of the example are the card's certificates."""
    kept = {name: (folder / name).read_bytes() for name in ("authentication.pem", "signature.pem")}
    for name in kept:
        (folder / name).unlink()
    password = {r"digits\): ": KEYS["signature"].pin}
    assert len(run_at_terminal(script("openssl.md", "Keep the certificates"), password, cwd=folder).prompts) == 1
    assert {name: (folder / name).read_bytes() for name in kept} == kept


@pytest.mark.parametrize(
    ("way", "version"),
    [
        pytest.param(way, version, marks=row(way, f"sign in, TLS {version}", command), id=f"{way.name}-{version}")
        for way, command in SIGN_IN.items()
        for version in VERSIONS
    ],
)
def test_sign_in(card: PcscCard, folder: Path, tls_site: NewSite, card_name: str, way: Way, version: str) -> None:
    """One prompt, one signature, with PSS."""
    site = tls_site(version)
    shown = sign_in(folder, way, site)
    assert f"Signed in as {card_name}" in shown.output
    assert site.sign_ins == [(f"TLSv{version}", "rsa_pss_rsae_sha256", card_name)]
    assert len(shown.prompts) == 1
    assert verifications(card) == [ACCEPTED["authentication"]]
    assert signatures(card) == 1


@pytest.mark.parametrize("offered", ["1.2", "1.2-1.3"])
@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=row(way, WITHOUT_PSS, SIGN_IN[way]), id=way.name) for way in WAYS]
)
def test_sign_in_without_pss(
    pcsc_card: CardMaker, folder: Path, tls_site: NewSite, card_name: str, way: Way, offered: str
) -> None:
    """With the setting that the example names, PKCS #1 v1.5 is signed."""
    pcsc_card(["no-pss"])
    site = tls_site(offered)
    switch_pss_off(folder, way)
    assert f"Signed in as {card_name}" in sign_in(folder, way, site).output
    assert site.sign_ins == [("TLSv1.2", "rsa_pkcs1_sha256", card_name)]


@row(CURL, WITHOUT_PSS, SIGN_IN[CURL].replace("curl", "curl --tls-max 1.2"))
@pytest.mark.parametrize("offered", ["1.2", "1.2-1.3"])
def test_curl_without_pss(pcsc_card: CardMaker, folder: Path, tls_site: NewSite, card_name: str, offered: str) -> None:
    """With the setting and the option that the example names."""
    pcsc_card(["no-pss"])
    site = tls_site(offered)
    switch_pss_off(folder, CURL)
    assert f"Signed in as {card_name}" in sign_in(folder, CURL_WITHOUT_PSS, site).output
    assert site.sign_ins == [("TLSv1.2", "rsa_pkcs1_sha256", card_name)]


@sign_ins("sign in, TLS 1.2, card without PSS, no setting", "OpenSSL prefers RSA-PSS; it needs `ssl_conf`")
def test_sign_in_without_pss_needs_a_setting(pcsc_card: CardMaker, folder: Path, tls_site: NewSite, way: Way) -> None:
    """What the setting is for."""
    pcsc_card(["no-pss"])
    site = tls_site("1.2")
    with pytest.raises(Failed, match=r"(?i)mechanism"):
        sign_in(folder, way, site)
    assert site.sign_ins == []


@sign_ins("sign in, TLS 1.3, card without PSS", "TLS 1.3 needs RSA-PSS")
def test_no_tls_13_without_pss(pcsc_card: CardMaker, folder: Path, tls_site: NewSite, way: Way) -> None:
    """No setting helps."""
    pcsc_card(["no-pss"])
    site = tls_site("1.3")
    with pytest.raises(Failed, match=r"(?i)mechanism"):
        sign_in(folder, way, site)
    assert site.sign_ins == []
