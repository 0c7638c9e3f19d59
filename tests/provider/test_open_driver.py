"""The choice of the reader driver by the setting, and the software card behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyjpki11.errors import ServiceUnavailable
from pyjpki11.provider.module import Module
from pyjpki11.reader.drivers import open_driver
from pyjpki11.settings import Settings


def test_the_software_card_is_an_installed_driver(softcard_state: Path) -> None:
    settings = Settings()
    settings.reader = f"softcard:{softcard_state}"
    module = Module(settings)
    assert module.slot_ids(token_present=True) == [0, 1]
    assert module.token(0).facts.manufacturer() == "pyjpki11 software card"
    module.close()


def test_options_reach_the_software_card(softcard_state: Path) -> None:
    driver = open_driver(f"softcard:{softcard_state}?fault=foreign-card")
    assert driver.reader_names() == ["Software card 00"]
    driver.close()


@pytest.mark.parametrize("name", ["", "softcart", "softcart:argument", "os", "../softcard"])
def test_no_such_driver(name: str) -> None:
    with pytest.raises(ServiceUnavailable):
        open_driver(name)


@pytest.mark.parametrize("argument", ["?fault=unknown", "?colour=red", "?latency-ms=long"])
def test_bad_options(softcard_state: Path, argument: str) -> None:
    """An error with a reason, not a reader without a card."""
    with pytest.raises(Exception, match=r"unknown|needs a number"):
        open_driver(f"softcard:{softcard_state}{argument}")
