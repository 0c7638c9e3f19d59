"""Readers with software cards in them, and all that can go wrong between a program and its card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import jpki_softcard
from jpki_softcard import faults
from jpki_softcard.apdu_log import ApduLog
from jpki_softcard.card import Card
from jpki_softcard.link import Link
from jpki_softcard.transport import READER_NAME
from jpki_softcard.transport import Connection as CardConnection
from jpki_softcard.transport import Driver as CardDriver
from pyjpki11.errors import CardAbsent, ReaderGone, ServiceUnavailable

SELECT_JPKI = "00A4040C0AD392F000260100000001"
SELECT_TEXT = "00A4040C0AD3921000310001010408"
SELECT_ISSUER = "00A4040C07A0000001510000"
#: Key pair -> EF of its PIN, EF of its key.
FILES = {"auth": ("0018", "0017"), "sign": ("001B", "001A")}
OK = 0x9000


class MemoryLog(ApduLog):
    """The card's own record of what reached it, PINs masked."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        """Keep one line."""
        self.lines.append(line)

    def close(self) -> None:
        """Nothing to close."""


class Reader:
    """A reader with one software card.

    `trouble` sees every command before it reaches the card: it may raise, answer in the card's place, or
    return None. `loss` sees it afterwards: it may raise, so that the answer is lost. `meanwhile` is called
    before every transaction of ours, which is when other programs get at the card.
    """

    def __init__(self, name: str, state: Path, fault_names: Iterable[str] = (), contact: bool = False) -> None:
        self.name = name
        self.record = MemoryLog()
        card = jpki_softcard.load(str(state), fault_names=fault_names, contact=contact)
        link = Link(card, log=self.record)
        self.driver = CardDriver(link)
        self.answer = link.transmit  # the card's, to a command that our connection passes on itself
        self.connections = 0
        self.trouble: Callable[[bytes], bytes | None] = lambda command: None
        self.loss: Callable[[bytes], None] = lambda command: None
        self.meanwhile: Callable[[], None] = lambda: None

    # -- what the card saw --------------------------------------------------------------------------------

    @property
    def card(self) -> Card:
        """The card."""
        return self.driver.card

    def commands(self) -> list[str]:
        """Every command that reached the card, in hex, PINs masked."""
        return [line[2:] for line in self.record.lines if line.startswith("> ")]

    def verifies(self) -> int:
        """How many of them were VERIFY with data: instruction 20 and more than four bytes."""
        return sum(1 for command in self.commands() if command[2:4] == "20" and len(command) > 8)

    def tries(self, key: str) -> int:
        """The tries left, from the card's memory."""
        with self.card.store.pins() as pins:
            return pins[key].tries

    def set_tries(self, key: str, tries: int) -> None:
        """As if somebody had mistyped it elsewhere."""
        with self.card.store.pins() as pins:
            pins[key] = pins[key]._replace(tries=tries)

    # -- what happens to the card -------------------------------------------------------------------------

    def break_down(self, *fault_names: str) -> None:
        """Faults from now on, instead of those before; without power in between."""
        self.card.rules = faults.apply(fault_names)
        if self.card._chip is not None:
            self.card._chip.rules = self.card.rules

    def exchange(self, state: Path, *fault_names: str) -> None:
        """Another card in place of this one."""
        self.driver.insert(jpki_softcard.load(str(state), fault_names=fault_names))

    # -- another program ----------------------------------------------------------------------------------

    def other(self, *commands: str) -> int:
        """What another program does with the card in one transaction; the last status word."""
        connection = self.driver.connect(READER_NAME)
        sw = 0
        connection.begin()
        try:
            for command in commands:
                sw = int.from_bytes(connection.transmit(bytes.fromhex(command))[-2:], "big")
        finally:
            connection.end()
            connection.close()
        return sw

    def other_verifies(self, key: str, pin: str) -> int:
        """Another program presents a PIN."""
        apdu = f"00200080{len(pin):02X}{pin.encode().hex()}"
        return self.other(SELECT_JPKI, f"00A4020C02{FILES[key][0]}", apdu)

    def signs_for_anybody(self, key: str) -> bool:
        """Whether another program could sign now, without any PIN."""
        return self.other(SELECT_JPKI, f"00A4020C02{FILES[key][1]}", "802A008003AABBCC00") == OK


class Connection:
    """Our own connection to a card, with trouble in it."""

    def __init__(self, reader: Reader, inner: CardConnection) -> None:
        self._reader = reader
        self._inner = inner
        self._is_closed = False
        reader.connections += 1

    @property
    def is_shared(self) -> bool:
        """See reader.base.Connection."""
        return self._inner.is_shared

    def begin(self) -> bool:
        """See reader.base.Connection."""
        assert not self._is_closed
        self._reader.meanwhile()
        return self._inner.begin()

    def end(self) -> None:
        """See reader.base.Connection."""
        self._inner.end()

    def look_for_others(self) -> bool:
        """See reader.base.Connection."""
        return self._inner.look_for_others()

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Send a command, or fail."""
        copy = bytes(command)
        answer = self._reader.trouble(copy)
        if answer is None:
            answer = self._inner.transmit(copy)
        self._reader.loss(copy)
        return answer

    def power_cycle(self) -> None:
        """Take the power for a moment."""
        self._inner.power_cycle()

    def close(self) -> None:
        """Leave the card as it is; twice does no harm."""
        if not self._is_closed:
            self._is_closed = True
            self._reader.connections -= 1
            self._inner.close()


class Readers:
    """A reader driver with any number of readers, which come and go."""

    def __init__(self, *readers: Reader) -> None:
        self.plugged_in = list(readers)
        self.is_closed = False
        self.is_served = True  # False as long as the service is gone
        self.waits: list[dict[str, int | None]] = []
        self.while_waiting: Callable[[], object] = lambda: None

    def reader_names(self) -> list[str]:
        """The readers that are plugged in."""
        if not self.is_served:
            raise ServiceUnavailable("the service is gone")
        return [reader.name for reader in self.plugged_in]

    def card_event(self, reader: str) -> int | None:
        """Changes with every insertion."""
        return self._reader(reader).driver.card_event(READER_NAME)

    def connect(self, reader: str) -> Connection:
        """A connection to the card."""
        found = self._reader(reader)
        if found.driver.card_event(READER_NAME) is None:
            raise CardAbsent(f"no card in {reader}")
        return Connection(found, found.driver.connect(READER_NAME))

    def wait(self, known: Mapping[str, int | None]) -> None:
        """Nothing happens in a test while it waits."""
        self.waits.append(dict(known))
        self.while_waiting()

    def cancel(self) -> None:
        """Nobody waits."""

    def close(self) -> None:
        """The cards stay as they are, to be looked at."""
        self.is_closed = True

    def _reader(self, name: str) -> Reader:
        if not self.is_served:
            raise ServiceUnavailable("the service is gone")
        for reader in self.plugged_in:
            if reader.name == name:
                return reader
        raise ReaderGone(f"{name} was unplugged")
