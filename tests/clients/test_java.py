"""Java 17 with our module through SunPKCS11: keytool, jarsigner, TLS with a client certificate."""

from __future__ import annotations

import ssl
import zipfile
from pathlib import Path

import pytest
from support.clients import KEYS, signatures, verifications
from support.examples import FOLDER, block, script
from support.pcsc_card import CardMaker, PcscCard
from support.process import Failed, run
from support.terminal import Dialogue, run_at_terminal
from support.tls_site import VERSIONS, NewSite, TlsSite

PIN, PASSWORD = KEYS["authentication"].pin, KEYS["signature"].pin
PROMPT, KEYSTORE_PROMPT, JAR_PROMPT = r"PIN: ", r"Enter keystore password: ", r"Enter Passphrase for keystore: "
AUTHENTICATED, SIGNED = ("0018", "9000"), ("001B", "9000")
CARD = "-keystore NONE -storetype PKCS11 -providerName SunPKCS11-pyjpki11"
SIGN_JAR = f'jarsigner {CARD}-signature app.jar "Digital Signature Certificate"'
SIGN_IN = "java HttpsClient.java https://www.example.jp/"
ONLY_TLS_12 = SIGN_IN.replace("java ", "java -Djdk.tls.client.protocols=TLSv1.2 ", 1)
PROGRAM = Path(__file__).with_name("programs") / "TwoSignatures.java"
NO_ALGORITHM = "No supported CertificateVerify signature algorithm for RSA"


def row(what: str, command: str = SIGN_IN, refusal: str = "") -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("Java", what, command=command, example="examples/java.md", refusal=refusal)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader of the example is."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sign_in(site: TlsSite, heading: str = "Sign in to a site") -> Dialogue:
    """What HttpsClient shows while it signs in to a site, which Java is told to trust."""
    Path("site.p12").unlink(missing_ok=True)
    run(["keytool", "-importcert", "-noprompt", "-file", site.ca, "-keystore", "site.p12", "-storepass", "changeit"])
    trust = {"JDK_JAVA_OPTIONS": "-Djavax.net.ssl.trustStore=site.p12 -Djavax.net.ssl.trustStorePassword=changeit"}
    here = {"HttpsClient.java": str(FOLDER / "HttpsClient.java"), "https://www.example.jp/": site.url}
    return run_at_terminal(script("java.md", "Set up", heading, replace=here), {PROMPT: PIN}, env=trust)


@row("list the certificates", f"keytool -list {CARD}")
def test_list(card: PcscCard) -> None:
    """One entry, which has a key."""
    shown = run_at_terminal(script("java.md", "Set up", "See what is on the card"), {KEYSTORE_PROMPT: PIN}).output
    assert "Your keystore contains 1 entry" in shown
    assert "User Authentication Certificate, PrivateKeyEntry" in shown
    assert verifications(card) == [AUTHENTICATED]


@row("sign a JAR", SIGN_JAR)
@pytest.mark.parametrize("algorithm", ["SHA256withRSA", "RSASSA-PSS"])
def test_sign_a_jar(card: PcscCard, issued_card: Path, algorithm: str) -> None:
    """One password, one signature, good for Java and for OpenSSL."""
    with zipfile.ZipFile("app.jar", "w") as archive:
        archive.writestr("letter.txt", "what is signed")
    option = {"jarsigner ": f"jarsigner -sigalg {algorithm} "}
    shown = run_at_terminal(script("java.md", "Set up", "Sign a JAR", replace=option), {JAR_PROMPT: PASSWORD})
    assert len(shown.prompts) == 1
    assert verifications(card) == [SIGNED] and signatures(card) == 1
    assert "jar verified." in run(script("java.md", "Verify a JAR")).stdout
    openssl_verifies_jar((issued_card / "sign_ca.der").read_bytes())


@pytest.mark.parametrize("version", [pytest.param(each, marks=row(f"sign in, TLS {each}")) for each in VERSIONS])
def test_sign_in(card: PcscCard, tls_site: NewSite, card_name: str, version: str) -> None:
    """One prompt, one signature, with PSS."""
    site = tls_site(version)
    shown = sign_in(site)
    assert f"Signed in as {card_name}" in shown.output
    assert site.sign_ins == [(f"TLSv{version}", "rsa_pss_rsae_sha256", card_name)]
    assert len(shown.prompts) == 1
    assert verifications(card) == [AUTHENTICATED]
    assert signatures(card) == 1


@row("sign in, TLS 1.2, card without PSS")
def test_sign_in_without_pss(pcsc_card: CardMaker, tls_site: NewSite, card_name: str) -> None:
    """It falls back by itself where the site knows TLS 1.2 only."""
    card, site = pcsc_card(["no-pss"]), tls_site("1.2")
    assert f"Signed in as {card_name}" in sign_in(site).output
    assert site.sign_ins == [("TLSv1.2", "rsa_pkcs1_sha256", card_name)]
    assert verifications(card) == [AUTHENTICATED]


@row("sign in, TLS 1.2 at a site that has 1.3, card without PSS", ONLY_TLS_12)
def test_sign_in_without_pss_by_a_setting(pcsc_card: CardMaker, tls_site: NewSite, card_name: str) -> None:
    """Where the site prefers TLS 1.3, Java fails without the setting."""
    card, site = pcsc_card(["no-pss"]), tls_site("1.2-1.3")
    with pytest.raises(Failed, match=NO_ALGORITHM):
        sign_in(site)
    assert f"Signed in as {card_name}" in sign_in(site, "Sign in with a card without RSA-PSS").output
    assert site.sign_ins == [("TLSv1.2", "rsa_pkcs1_sha256", card_name)]
    assert verifications(card) == [AUTHENTICATED] * 2


@row("sign in, TLS 1.3, card without PSS", refusal="TLS 1.3 needs RSA-PSS")
def test_no_tls_13_without_pss(pcsc_card: CardMaker, tls_site: NewSite) -> None:
    """It finds no way to sign."""
    site = tls_site("1.3")
    pcsc_card(["no-pss"])
    with pytest.raises(Failed, match=NO_ALGORITHM):
        sign_in(site)
    assert site.sign_ins == []


def test_a_signature_for_each_login(card: PcscCard) -> None:
    """The second signature needs a login of its own."""
    with pytest.raises(Failed, match="CKR_USER_NOT_LOGGED_IN"):
        two_signatures()
    assert signatures(card) == 1
    assert two_signatures("anew").output.count("signature verified: true") == 2
    assert signatures(card) == 3
    assert verifications(card) == [SIGNED] * 3


def test_signatures_in_one_login_by_a_setting(card: PcscCard, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the example says."""
    (folder / "config.toml").write_text(block("java.md", "Several signatures with the signature key", "toml"))
    monkeypatch.setenv("PYJPKI11_CONFIG", str(folder / "config.toml"))
    assert two_signatures().output.count("signature verified: true") == 2
    assert verifications(card) == [SIGNED]


def two_signatures(*arguments: str) -> Dialogue:
    """What a program of ours shows."""
    here = {SIGN_IN: " ".join(("java", str(PROGRAM), *arguments))}
    return run_at_terminal(script("java.md", "Set up", "Sign in to a site", replace=here), {PROMPT: PASSWORD})


def openssl_verifies_jar(authority: bytes) -> None:
    """Raise Failed unless the CMS signature in app.jar is good, and its certificate of the CA, DER."""
    Path("ca.pem").write_text(ssl.DER_cert_to_PEM_cert(authority))
    with zipfile.ZipFile("app.jar") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith((".SF", ".RSA")))
        signature, content = map(archive.extract, names)
    options = ["-binary", "-inform", "DER", "-purpose", "any", "-CAfile", "ca.pem", "-out", "content"]
    run(["openssl", "cms", "-verify", *options, "-content", content, "-in", signature])
