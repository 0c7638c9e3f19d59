"""Cards for the tests of the software card, each in a directory of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import jpki_softcard
from jpki_softcard.card import Card

CardMaker = Callable[..., Card]


@pytest.fixture(scope="session")
def issued_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card issued once, to be copied: making keys takes its time."""
    directory = tmp_path_factory.mktemp("softcard") / "issued"
    jpki_softcard.create(str(directory))
    return directory


@pytest.fixture
def directory(issued_directory: Path, tmp_path: Path) -> Path:
    """The state directory of a card with fresh PINs."""
    copy = tmp_path / "card"
    shutil.copytree(issued_directory, copy)
    return copy


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
