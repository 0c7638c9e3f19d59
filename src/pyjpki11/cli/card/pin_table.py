"""The card's PINs by the names that commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pyjpki11.card.layout import PinLayout
from pyjpki11.card.text import NoTextApplication
from pyjpki11.cli.card import pin_prompt
from pyjpki11.cli.card.cards import MyNumberCard
from pyjpki11.cli.keys import PINS
from pyjpki11.errors import StatusWordError


class Row(NamedTuple):
    """A PIN: its files and form, and the application that has it, a JpkiCard or TextCard."""

    layout: PinLayout
    application: Callable[[MyNumberCard], Any]


ROWS = {
    "auth": Row(PINS["auth"].layout, lambda card: card.jpki),
    "sign": Row(PINS["sign"].layout, lambda card: card.jpki),
    "text": Row(PINS["text"].layout, lambda card: card.text),
}


class Tries(NamedTuple):
    """How many tries a PIN has left; None when the card does not say."""

    layout: PinLayout
    left: int | None

    def document(self) -> dict[str, object]:
        """For programs."""
        return {"tries_left": self.left, "tries_max": self.layout.pin_rule.max_tries, "blocked": self.left == 0}

    def text(self) -> str:
        """For people."""
        return pin_prompt.tries(self.left, self.layout.pin_rule)


def tries(card: MyNumberCard, name: str) -> Tries | None:
    """The tries of a PIN; None on a card that has no such PIN, as a phone has no card text."""
    row = ROWS[name]
    try:
        return Tries(row.layout, card.run(row.application(card).tries_left, row.layout))
    except (NoTextApplication, StatusWordError):
        return None
