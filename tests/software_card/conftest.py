"""Cards for the tests of the software card, each in a directory of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

import jpki_softcard
from jpki_softcard.card import Card

CardMaker = Callable[..., Card]


@pytest.fixture
def directory(softcard_state: Path) -> Path:
    """The state directory of a card with fresh PINs."""
    return softcard_state


@pytest.fixture
def make_card(directory: Path) -> CardMaker:
    """Load the card in `directory`, with faults and options, powered."""

    def make(*fault_names: str, **options: object) -> Card:
        card = jpki_softcard.load(str(directory), fault_names=fault_names, **options)  # type: ignore[arg-type]
        card.power_on()
        return card

    return make


@pytest.fixture
def card(make_card: CardMaker) -> Card:
    """A powered card without faults."""
    return make_card()
