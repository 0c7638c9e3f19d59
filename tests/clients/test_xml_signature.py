"""XML signatures by SignXML with our module, checked by xmlsec1, which shares no code with it, or by Java."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.clients import KEYS, signatures, verifications
from support.examples import FOLDER, script
from support.pcsc_card import CardMaker, PcscCard
from support.process import Failed, run
from support.terminal import Dialogue, run_at_terminal

SIGN = 'python sign_xml.py "$MODULE" application.xml signed.xml'
SIGN_XADES = SIGN.replace(".py ", ".py --xades ")
PROMPT = r"PIN of .*: "
ACCEPTED, REFUSED = ("001B", "9000"), ("001B", "63C4")
APPLICATION = """\
<?xml version="1.0" encoding="UTF-8"?>
<申請書 xmlns="urn:example:application" xmlns:unused="urn:example:unused">
  <構成情報 Id="構成情報"><氏名>見本　花子</氏名><!-- a comment --><様式 番号='1'/></構成情報>
  <添付 Id="添付">別紙</添付>
</申請書>
"""
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SIGNED = {"--id-attr:Id ": "--id-attr:Id urn:example:application:構成情報 --id-attr:Id "}


def row(what: str, command: str = SIGN) -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("SignXML", what, command=command, example="examples/xml.md")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader of the example is, who has an application to sign."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "application.xml").write_text(APPLICATION, encoding="utf-8")
    return tmp_path


def sign(*options: str, heading: str = "Sign", password: str = KEYS["signature"].pin) -> Dialogue:
    """What is shown while the application is signed."""
    here = {"sign_xml.py": " ".join((str(FOLDER / "sign_xml.py"), *options))}
    return run_at_terminal(script("xml.md", "Set up", heading, replace=here), {PROMPT: password})


def verified() -> str:
    """What xmlsec1 says; Failed where the signature or its certificate is not good."""
    result = run(script("xml.md", "Set up", "Verify", replace=SIGNED))
    return result.stdout + result.stderr


@pytest.mark.parametrize("element", [[], ["--element", "構成情報"]], ids=["document", "element"])
@pytest.mark.parametrize(
    ("option", "method"), [([], INCLUSIVE), (["--exclusive"], EXCLUSIVE)], ids=["inclusive", "exclusive"]
)
@pytest.mark.parametrize(
    ("heading", "references"),
    [
        pytest.param("Sign", 1, marks=row("sign XML, enveloped")),
        pytest.param("Sign as XAdES", 3, marks=row("sign XML, XAdES", SIGN_XADES)),
    ],
)
def test_sign(
    card: PcscCard, heading: str, references: int, option: list[str], method: str, element: list[str]
) -> None:
    """One prompt, one signature, over what was to be signed and nothing else."""
    assert len(sign(*option, *element, heading=heading).prompts) == 1
    assert verifications(card) == [ACCEPTED] and signatures(card) == 1
    assert f"References (ok/all): {references}/{references}" in verified()
    signed = Path("signed.xml").read_text(encoding="utf-8")
    assert f'CanonicalizationMethod Algorithm="{method}"' in signed
    assert "xmldsig-more#rsa-sha256" in signed
    Path("signed.xml").write_text(signed.replace("別紙", "別の別紙"), encoding="utf-8")
    if element:
        assert f"References (ok/all): {references}/{references}" in verified()
    else:
        with pytest.raises(Failed, match="digest do not match"):
            verified()


@row("sign XML, RSA-PSS")
def test_sign_with_pss(card: PcscCard, issued_card: Path) -> None:
    """xmlsec1 does not know it in version 1.2; Java does."""
    sign("--pss")
    assert signatures(card) == 1
    said = verified_by_java(issued_card)
    assert "xmldsig-more#sha256-rsa-MGF1" in said and "signature verified: true" in said
    signed = Path("signed.xml").read_text(encoding="utf-8")
    Path("signed.xml").write_text(signed.replace("別紙", "別の別紙"), encoding="utf-8")
    assert "signature verified: false" in verified_by_java(issued_card)


@row("sign XML, card without PSS")
def test_sign_without_pss(pcsc_card: CardMaker) -> None:
    """PSS is refused, the usual signature is as ever."""
    card = pcsc_card(["no-pss"])
    with pytest.raises(Failed, match="MechanismInvalid"):
        sign("--pss")
    assert signatures(card) == 0 and not Path("signed.xml").exists()
    sign()
    assert "References (ok/all): 1/1" in verified()


def test_a_wrong_password_is_sent_once(card: PcscCard) -> None:
    """Nobody tries it again."""
    with pytest.raises(Failed, match="PinIncorrect"):
        sign(password="WRONG1")  # noqa: S106 - it is none
    assert verifications(card) == [REFUSED]


def verified_by_java(issued_card: Path) -> str:
    """What Java's own implementation says."""
    program = Path(__file__).with_name("programs") / "VerifyXml.java"
    return run(["java", program, "signed.xml", issued_card / "sign.der"]).stdout
