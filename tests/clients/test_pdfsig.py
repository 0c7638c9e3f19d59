"""poppler's pdfsig with our module through NSS: a PDF signed, checked by it and by pyHanko."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.clients import KEYS, signatures, verifications
from support.examples import block, script
from support.pcsc_card import CardMaker, PcscCard
from support.pdf import one_page
from support.process import Failed, run
from support.terminal import Dialogue, run_at_terminal

SIGN = (
    'pdfsig -nssdir sql:nss -nss-pwd "$PASSWORD" -kpw "$PASSWORD" -add-signature'
    ' -nick "JPKI (Digital Signature PIN):Digital Signature Certificate" letter.pdf signed.pdf'
)
CHECK = "pdfsig -nssdir sql:nss signed.pdf"
PROMPT = "Signature password: "
ACCEPTED, REFUSED = ("001B", "9000"), ("001B", "63C4")


def row(what: str, command: str) -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("pdfsig (poppler)", what, command=command, example="examples/pdf.md")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader of the example is, who has a letter to sign."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.pdf").write_bytes(one_page())
    return tmp_path


@pytest.fixture
def settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the example."""
    (folder / "config.toml").write_text(block("pdf.md", "Sign with pdfsig", "toml"))
    monkeypatch.setenv("PYJPKI11_CONFIG", str(folder / "config.toml"))


def sign(password: str = KEYS["signature"].pin) -> Dialogue:
    """What is shown while the letter is signed."""
    return run_at_terminal(script("pdf.md", "Set up", "Set up pdfsig", "Sign with pdfsig"), {PROMPT: password})


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param([], marks=[row("sign a PDF", SIGN), row("check a PDF", CHECK)]),
        pytest.param(["no-pss"], marks=row("sign a PDF, card without PSS", SIGN)),
    ],
)
def test_sign(pcsc_card: CardMaker, fault: list[str]) -> None:
    """The whole document is signed, which pdfsig and pyHanko find good; signing once to see how long that will be."""
    card = pcsc_card(fault)
    assert len(sign().prompts) == 1
    assert verifications(card) == [ACCEPTED] * 3 and signatures(card) == 2
    judged = run(script("pdf.md", "Check with pdfsig")).stdout
    assert "Total document signed" in judged
    assert "Signature is Valid." in judged and "Certificate is Trusted." in judged
    lenient = {"--pretty-print ": "--pretty-print --no-strict-syntax "}
    judged = run(script("pdf.md", "Check with pyHanko", replace=lenient)).stdout
    assert "The signature is judged VALID." in judged and "The signer's certificate is trusted." in judged


@pytest.mark.usefixtures("settings", "card")
def test_a_changed_document() -> None:
    """A signature is good for the letter it is on only."""
    sign()
    signed = Path("signed.pdf").read_bytes()
    Path("signed.pdf").write_bytes(signed.replace(b"300 720 l", b"400 720 l"))
    assert "Signature is Valid." not in run(script("pdf.md", "Check with pdfsig")).stdout


@pytest.mark.usefixtures("settings")
def test_a_wrong_password_is_sent_once(card: PcscCard) -> None:
    """Nobody tries it again."""
    with pytest.raises(Failed, match="Password was not accepted"):
        sign("WRONG1")
    assert verifications(card) == [REFUSED]


def test_without_the_setting_no_try_is_lost(card: PcscCard) -> None:
    """The authentication token gets the signature password as well, which ends there and not on the card."""
    with pytest.raises(Failed, match="Password was not accepted"):
        sign()
    assert verifications(card) == []
