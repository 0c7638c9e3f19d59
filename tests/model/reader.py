"""The reader of all examples: one software card, which outlives the module."""

from __future__ import annotations

import os
from pathlib import Path

from model.world import MAX_TRIES, PINS, Rules

import jpki_softcard
from jpki_softcard.link import Link
from jpki_softcard.store import Pin
from jpki_softcard.transport import READER_NAME, Driver

SELECT_JPKI = "00A4040C0AD392F000260100000001"
OTHER_APPLICATIONS = ("00A4040C0AD3921000310001010408", "00A4040C07A0000001510000")
PIN_FILES = {"auth": 0x0018, "sign": 0x001B}
CONFIG = 'signature_consent = "{}"\nlogout = "{}"\n'


class Reader(Driver):
    """A reader that C_Finalize leaves as it is."""

    def __init__(self, state: Path, rules: Rules) -> None:
        super().__init__(Link(jpki_softcard.load(str(state), contact=rules.contact)))
        with self.card.store.pins() as pins:
            pins.update({name: Pin(PINS[name], MAX_TRIES[name]) for name in PINS})

    def cancel(self) -> None:
        """Nobody waits."""

    def close(self) -> None:
        """The card keeps what it has selected or verified."""

    def tries(self) -> dict[str, int]:
        """Of both PINs, from the card's memory."""
        with self.card.store.pins() as pins:
            return {name: pins[name].tries for name in PINS}

    def unblock(self) -> None:
        """What the municipal office does."""
        with self.card.store.pins() as pins:
            for name, tries in MAX_TRIES.items():
                pins[name] = pins[name]._replace(tries=tries)

    def verified(self) -> set[str]:
        """The PINs that are verified on the card, by whomever."""
        chip = self.card._chip
        if chip is None or chip.application.name != "JPKI":
            return set()
        return {name for name, file in PIN_FILES.items() if file in chip.verified}

    def other(self, *commands: str) -> None:
        """Another process sends commands in one transaction."""
        connection = self.connect(READER_NAME)
        connection.begin()
        try:
            for command in commands:
                connection.transmit(bytes.fromhex(command))
        finally:
            connection.end()
            connection.close()

    def other_verifies(self, name: str, pin: bytes) -> None:
        """Another process presents a PIN."""
        select = f"00A4020C02{PIN_FILES[name]:04X}"
        self.other(SELECT_JPKI, select, f"00200080{len(pin):02X}{pin.hex()}")


class Bench:
    """Where examples get their readers; `reader` is that of the present one."""

    def __init__(self, state: Path, folder: Path) -> None:
        self._state = state
        self._folder = folder
        self.reader: Reader | None = None

    def open_driver(self, argument: str = "") -> Reader:
        """Stands for jpki_softcard.transport.open_driver."""
        assert self.reader is not None
        return self.reader

    def new_reader(self, rules: Rules) -> Reader:
        """A card as issued, and the settings of the example in the environment."""
        config = self._folder / "config.toml"
        consent = "each-signature" if rules.consents_each else "each-login"
        config.write_text(CONFIG.format(consent, "clear" if rules.logout_clears else "keep"))
        os.environ["PYJPKI11_CONFIG"] = str(config)
        self.reader = Reader(self._state, rules)
        return self.reader
