"""python-pkcs11 with our module: the example signs files with each key, in one session."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.clients import signatures, verifications
from support.pcsc_card import CardMaker, PcscCard
from support.process import Failed
from support.signed_files import SigningExample

COMMAND = 'python sign_with_python_pkcs11.py "$MODULE" signature letter.txt contract.txt'
#: How often the card gets the PIN: at the login, and for every signature with the signature key.
LOGINS = {"authentication": [("0018", "9000")], "signature": [("001B", "9000")] * 3}


def row(what: str) -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("python-pkcs11", what, command=COMMAND, example="examples/python.md")


@pytest.fixture
def example(tmp_path: Path) -> SigningExample:
    """The example program."""
    return SigningExample("sign_with_python_pkcs11.py", "Sign with python-pkcs11", tmp_path)


@pytest.mark.parametrize("pss", [False, True], ids=["v1.5", "pss"])
@pytest.mark.parametrize("key", [pytest.param(key, marks=row(f"sign files, {key} key")) for key in LOGINS])
def test_sign(card: PcscCard, issued_card: Path, example: SigningExample, key: str, pss: bool) -> None:
    """One prompt for all files."""
    assert len(example.sign(key, pss).prompts) == 1
    example.verify(issued_card, key, pss)
    assert verifications(card) == LOGINS[key]
    assert signatures(card) == 2


@row("sign files, card without PSS")
def test_sign_without_pss(pcsc_card: CardMaker, issued_card: Path, example: SigningExample) -> None:
    """PSS is refused, the usual signatures are as ever."""
    card = pcsc_card(["no-pss"])
    with pytest.raises(Failed, match="MechanismInvalid"):
        example.sign("signature", pss=True)
    assert signatures(card) == 0
    example.sign("signature")
    example.verify(issued_card, "signature")
