"""PyKCS11 with our module: the example signs files with each key, a login for each file."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.clients import KEYS, signatures, verifications
from support.examples import script
from support.pcsc_card import CardMaker, PcscCard
from support.process import Failed
from support.signed_files import SigningExample
from support.terminal import run_at_terminal

COMMAND = 'python sign_with_pykcs11.py "$MODULE" signature letter.txt contract.txt'
ACCEPTED = {"authentication": ("0018", "9000"), "signature": ("001B", "9000")}


def row(what: str) -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("PyKCS11", what, command=COMMAND, example="examples/python.md")


@pytest.fixture
def example(tmp_path: Path) -> SigningExample:
    """The example program."""
    return SigningExample("sign_with_pykcs11.py", "Sign with PyKCS11", tmp_path)


@pytest.mark.parametrize("pss", [False, True], ids=["v1.5", "pss"])
@pytest.mark.parametrize("key", [pytest.param(key, marks=row(f"sign files, {key} key")) for key in KEYS])
def test_sign(card: PcscCard, issued_card: Path, example: SigningExample, key: str, pss: bool) -> None:
    """One prompt for all files."""
    assert len(example.sign(key, pss).prompts) == 1
    example.verify(issued_card, key, pss)
    assert verifications(card) == [ACCEPTED[key]] * 2
    assert signatures(card) == 2


@row("sign files, card without PSS")
def test_sign_without_pss(pcsc_card: CardMaker, issued_card: Path, example: SigningExample) -> None:
    """PSS is refused, the usual signatures are as ever."""
    card = pcsc_card(["no-pss"])
    with pytest.raises(Failed, match="CKR_MECHANISM_INVALID"):
        example.sign("signature", pss=True)
    assert signatures(card) == 0
    example.sign("signature")
    example.verify(issued_card, "signature")


@pytest.mark.parametrize("pss", [False, True], ids=["v1.5", "pss"])
def test_verify(card: PcscCard, example: SigningExample, tmp_path: Path, pss: bool) -> None:
    """OpenSSL verifies with the certificate from the card, as the example says."""
    example.sign("signature", pss)
    option = {"-signature ": "-sigopt rsa_padding_mode:pss -signature "} if pss else {}
    verify = script("python.md", "Set up", "Verify", replace=option)
    shown = run_at_terminal(verify, {r"Please enter User PIN: ": KEYS["signature"].pin}, cwd=tmp_path)
    assert "Verified OK" in shown.output


def test_a_wrong_pin_is_sent_once(card: PcscCard, example: SigningExample, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example gives up."""
    monkeypatch.setitem(KEYS, "signature", KEYS["signature"]._replace(pin="WRONG1"))
    with pytest.raises(Failed, match="CKR_PIN_INCORRECT"):
        example.sign("signature")
    assert verifications(card) == [("001B", "63C4")]
