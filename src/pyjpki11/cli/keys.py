"""The card's key pairs and PINs: what commands call them, what people call them, where they are."""

from __future__ import annotations

from typing import NamedTuple

from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, TEXT, KeyLayout, PinLayout
from pyjpki11.cli.language import N_, _


class KeyPair(NamedTuple):
    """A key pair; `title` is what people call its certificate."""

    layout: KeyLayout
    title: str


class Pin(NamedTuple):
    """A PIN; `title` is what people call it."""

    layout: PinLayout
    title: str


#: Word in commands and JSON -> key pair.
KEYS = {
    "auth": KeyPair(AUTHENTICATION, N_("User authentication certificate")),
    "sign": KeyPair(SIGNATURE, N_("Digital signature certificate")),
}
#: Word in commands and JSON -> PIN.
PINS = {
    "auth": Pin(AUTHENTICATION, N_("User authentication PIN")),
    "sign": Pin(SIGNATURE, N_("Digital signature password")),
    "text": Pin(TEXT, N_("Card text PIN")),
}
_PIN_TITLES = {pin.layout.name: pin.title for pin in PINS.values()}


def pin_title(layout: PinLayout) -> str:
    """What people call a PIN."""
    return _(_PIN_TITLES[layout.name])
