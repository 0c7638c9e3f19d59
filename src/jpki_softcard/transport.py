"""The in-process reader that holds a software card."""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .errors import CardGone, CardSilent
from .link import Link
from .options import attach, parse

if TYPE_CHECKING:
    from .card import Card

READER_NAME = "Software card 00"
WAKE_S = 5.0  # after which who waits looks again


def open_driver(argument: str = "") -> "Driver":
    """The driver behind `PYJPKI11_READER=softcard:ARGUMENT`; see options.parse for the argument.

    The card is in the reader. Raises StateError or OptionError.
    """
    return Driver(attach(parse(argument)))


class Driver:
    """One reader with at most one card; `card` stays reachable while it is out of the reader."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()  # held during a transaction
        self._insertions = 1
        self._present = True
        self._closed = False
        self._resets = 0  # losses of state that connections have to be told of
        self._users: set[Connection] = set()
        self._change = threading.Condition()
        self._cancelled = False

    @property
    def card(self) -> "Card":
        """The card, in the reader or out of it."""
        return self._link.card

    def reader_names(self) -> list[str]:
        """The names of the readers, one."""
        self._require_open()
        return [READER_NAME]

    def card_event(self, reader: str) -> int | None:
        """A number that changes with every insertion; None without a card."""
        self._require_reader(reader)
        return self._insertions if self._present else None

    def connect(self, reader: str) -> "Connection":
        """A connection to the card, which gets power; CardAbsent without a card."""
        self._require_reader(reader)
        if not self._present:
            raise _error("CardAbsent", "there is no software card in the reader")
        self.ensure_power()
        connection = Connection(self, self._link, self._insertions)
        self._users.add(connection)
        return connection

    def has_users_besides(self, connection: "Connection") -> bool:
        """Whether another program is connected."""
        return bool(self._users - {connection})

    def forget(self, connection: "Connection") -> None:
        """A connection was closed."""
        self._users.discard(connection)

    def close(self) -> None:
        """Take the reader away; connections answer ReaderGone from now on."""
        self.cancel()
        self._closed = True
        self.card.power_off()
        self._link.close()

    def remove(self) -> None:
        """Take the card out."""
        self._present = False
        self.card.leave_field()
        self._notify()

    def insert(self, card: "Card | None" = None) -> None:
        """Put the card, or another one, in."""
        self.remove()
        if card is not None:
            self._link.card = card
        self._insertions += 1
        self._present = True
        self._notify()

    def wait(self, known: Mapping[str, int | None]) -> None:
        """Return when the card's event is no longer the known one, after `cancel`, or after some seconds."""
        with self._change:
            while not self._cancelled and known == {READER_NAME: self.card_event(READER_NAME)}:
                if not self._change.wait(WAKE_S):
                    return

    def cancel(self) -> None:
        """Wake all threads in `wait`, for good."""
        self._cancelled = True
        self._notify()

    def _notify(self) -> None:
        with self._change:
            self._change.notify_all()

    def reset(self) -> None:
        """Reset the card, as another process would."""
        self._resets += 1
        self._link.reset()

    def power_off(self) -> None:
        """Take the card's power."""
        self._resets += 1
        self._link.power_off()

    def ensure_power(self) -> None:
        """Give the card power if it has none."""
        if not self.card.powered:
            self._link.power_on()

    @property
    def resets(self) -> int:
        """How often the card was reset or lost its power."""
        return self._resets

    @property
    def lock(self) -> threading.Lock:
        """Held during a transaction."""
        return self._lock

    def require_card(self, insertion: int) -> None:
        """Raise ReaderGone or CardRemoved unless that insertion's card is there."""
        self._require_open()
        if not self._present or insertion != self._insertions:
            raise _error("CardRemoved", "the software card was removed")

    def _require_open(self) -> None:
        if self._closed:
            raise _error("ReaderGone", "the software card's reader was closed")

    def _require_reader(self, reader: str) -> None:
        self._require_open()
        if reader != READER_NAME:
            raise _error("ReaderGone", f"no reader is called {reader!r}")


class Connection:
    """One user of the card; belongs to one insertion."""

    def __init__(self, driver: Driver, link: Link, insertion: int) -> None:
        self._driver = driver
        self._link = link
        self._insertion = insertion
        self._resets_seen = driver.resets
        self._in_transaction = False
        self.is_shared = driver.has_users_besides(self)

    def look_for_others(self) -> bool:
        """Whether another program is connected."""
        self.is_shared = self._driver.has_users_besides(self)
        return self.is_shared

    def begin(self) -> bool:
        """Enter a transaction, waiting for another's end; True when the card was reset since the last one.

        Raises CardRemoved, ReaderGone.
        """
        self._driver.lock.acquire()
        self._in_transaction = True
        try:
            self._driver.require_card(self._insertion)
            was_reset = self._driver.resets != self._resets_seen
            self._resets_seen = self._driver.resets
            self._driver.ensure_power()
        except BaseException:
            self.end()
            raise
        return was_reset

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Send one command; data followed by SW1 SW2. Raises CardRemoved, CardMute, ReaderGone."""
        self._driver.require_card(self._insertion)
        self._driver.ensure_power()
        try:
            response = self._link.transmit(bytes(command))
        except CardSilent as error:
            raise _error("CardMute", str(error)) from None
        except CardGone as error:
            self._driver.remove()
            raise _error("CardRemoved", str(error)) from None
        if not self._driver.card.in_field:
            self._driver.remove()
        return response

    def end(self) -> None:
        """Leave the transaction; outside of one it does nothing."""
        if self._in_transaction:
            self._in_transaction = False
            self._driver.lock.release()

    def power_cycle(self) -> None:
        """Take the card's power away for a moment: it forgets all that was selected or verified.

        Other connections are told by begin(), this one is not. Raises CardRemoved, ReaderGone.
        """
        self._driver.require_card(self._insertion)
        seen_all = self._resets_seen == self._driver.resets
        self._driver.power_off()
        self._driver.ensure_power()
        if seen_all:
            self._resets_seen = self._driver.resets

    def close(self) -> None:
        """Leave the card as it is."""
        self.end()
        self._driver.forget(self)


def _error(name: str, message: str) -> Exception:
    """An exception of the provider, which is imported only when one is needed."""
    from pyjpki11 import errors

    make: Callable[[str], Exception] = getattr(errors, name)
    return make(message)
