"""What is said before a PIN is asked for, of the card that would get it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from pyjpki11.card.layout import AUTHENTICATION, PinLayout
from pyjpki11.card.token_info import SOFTWARE_MANUFACTURER, TokenInfo
from pyjpki11.cli.card import pin_prompt, secret_terminal
from pyjpki11.cli.card.pin_prompt import PinSource

VIRTUAL, REAL = "Virtual PCD 00 00", "SCR3310 Smart Card Reader 00 00"


class Card(NamedTuple):
    """A card that says who made it, with three tries."""

    reader: str
    maker: str

    @property
    def info(self) -> TokenInfo:
        """As EF 0006 has it. Card: notes 5"""
        return TokenInfo(b"JPKIAPICCTOKEN2".ljust(32) + self.maker.encode().ljust(32) + b" " * 32)

    def run(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """See InsertedCard."""
        return step(*arguments)

    def tries_left(self, _key: PinLayout) -> int:
        """See JpkiCard."""
        return 3


def asked(card: Card, monkeypatch: pytest.MonkeyPatch) -> str:
    """The prompt at which somebody types 1234."""
    prompts: list[str] = []

    def read(prompt: str) -> bytearray:
        prompts.append(prompt)
        return bytearray(b"1234")

    monkeypatch.setattr(secret_terminal, "read", read)
    assert pin_prompt.obtain(card, card, AUTHENTICATION, PinSource()) == b"1234"
    (prompt,) = prompts
    return prompt


def test_a_real_card_in_a_real_reader(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "oftware" not in asked(Card(REAL, ""), monkeypatch)
    assert "Warning" not in capsys.readouterr().err


@pytest.mark.parametrize("reader", [VIRTUAL, REAL])
def test_a_software_card_is_called_so(
    reader: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(Card(reader, SOFTWARE_MANUFACTURER), monkeypatch).startswith("Software card: ")
    assert "Warning" not in capsys.readouterr().err


def test_a_card_in_a_virtual_reader_that_does_not_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hostile one: what it is cannot be known, but where it is can."""
    asked(Card(VIRTUAL, ""), monkeypatch)
    said = capsys.readouterr().err.replace("\n", " ")
    assert f"Warning: {VIRTUAL} is a virtual reader" in said and "receives the PIN that you type" in said


def test_the_software_card_names_itself() -> None:
    """As the package beside us has it, which shares no constant with this one."""
    assert SOFTWARE_MANUFACTURER == "pyjpki11 software card"
