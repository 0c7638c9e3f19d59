"""What every reader driver offers to the layers above; it is not loaded at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

T = TypeVar("T")


class Connection(Protocol):
    """One inserted card.

    Every method raises CardRemoved, CardDisturbed, CardMute, ReaderGone or ServiceUnavailable when that is what
    happened.

    `is_shared`: another program was connected to the card when that was last looked for: when this connection was made,
    or by `look_for_others`.
    `goes_on`: in a step, nobody else can have used the card since the step before.
    """

    @property
    def is_shared(self) -> bool: ...

    @property
    def goes_on(self) -> bool: ...

    def transact(self, step: Callable[[bool], T]) -> T:
        """The answer of a step, while which other programs are kept off the card; what the step raises comes out.

        The step is told whether another program has reset the card since the last time. It may run in another thread
        than the caller's, so it takes no lock that a caller may hold. Once the caller has given it up, its next command
        is refused.
        """

    def linger(self) -> None:
        """In a step that succeeds: keep the others off for a moment more, so that the next one, if it comes soon,
        goes on."""

    def transmit(self, command: bytes | bytearray) -> bytes:
        """The response APDU (data and status word) to a command APDU, in a step only."""

    def look_for_others(self) -> bool:
        """Whether another program is connected to the card now; what lingers ends."""

    def power_cycle(self) -> None:
        """Take the card's power away for a moment, which makes it forget everything."""

    def close(self) -> None:
        """Give the card up as it is, unless that was done before; does not raise."""


class Driver(Protocol):
    """A source of card readers."""

    def reader_names(self) -> list[str]:
        """The readers that are plugged in, in the system's order."""

    def card_event(self, reader: str) -> int | None:
        """A number that changes with every insertion of a card, or None while there is none.

        :raises ServiceUnavailable: nobody can tell.
        """

    def connect(self, reader: str) -> Connection:
        """A connection, shared with other programs, to the card in the reader.

        :raises CardAbsent: there is none.
        :raises ReaderBusy: another program uses it alone.
        """

    def wait(self, known: Mapping[str, int | None]) -> None:
        """Return when a reader's card event is no longer the known one, when a reader comes or goes, or after
        `cancel`; now and then for no reason, too."""

    def cancel(self) -> None:
        """Wake everybody in `wait`, for good."""

    def close(self) -> None:
        """Give all readers up; does not raise."""
