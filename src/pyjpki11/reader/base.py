"""What every reader driver offers to the layers above; it is not loaded at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Connection(Protocol):
    """One inserted card.

    Every method but `close` raises CardRemoved, CardDisturbed, CardMute, ReaderGone or ServiceUnavailable when that is
    what happened. None has a time limit of its own; see provider.job_thread.

    `is_shared`: another program was connected to the card when that was last looked for: when this connection was made,
    or by `look_for_others`.
    """

    @property
    def is_shared(self) -> bool: ...

    def begin(self) -> bool:
        """Begin a transaction, which keeps other programs off the card; waits for the end of theirs.

        The answer is whether another program has reset the card since the last time.
        """

    def transmit(self, command: bytes | bytearray) -> bytes:
        """The response APDU (data and status word) to a command APDU, in a transaction only."""

    def end(self) -> None:
        """End the transaction; does not raise."""

    def look_for_others(self) -> bool:
        """Whether another program is connected to the card now. Not within a transaction."""

    def power_cycle(self) -> None:
        """Take the card's power away for a moment, which makes it forget everything. Not within a transaction."""

    def close(self) -> None:
        """Give the card up as it is, unless that was done before; does not raise."""


class Driver(Protocol):
    """A source of card readers."""

    def reader_names(self) -> list[str]:
        """The readers that are plugged in, in the system's order.

        :raises ServiceUnavailable: the service does not answer, or keeps this user out.
        """

    def card_event(self, reader: str) -> int | None:
        """A number that changes with every insertion of a card, or None while there is none.

        :raises ServiceUnavailable: as above.
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
        """Wake all threads in `wait`, for good."""

    def close(self) -> None:
        """Give all readers up; does not raise."""
