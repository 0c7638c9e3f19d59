"""A card that knows its lines, but may take long for one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unit.late import Gate, Time
from unit.scripted import Scripted

from pyjpki11.errors import JpkiError


class Hanging(Scripted):
    """A connection that waits at its gate within one call: the next `begin`, or so many commands from now.

    `commands`: what was sent, as it was.
    """

    def __init__(self, time: Time, *lines: tuple[str, str | JpkiError], **options: Any) -> None:
        super().__init__(*lines, **options)
        self.gate = Gate(time)
        self.commands: list[str] = []
        self._begin_waits = False
        self._commands_before: int | None = None

    def wait_in_begin(self) -> None:
        """Another program has the card then."""
        self._begin_waits = True

    def wait_in_command(self, number: int = 0) -> None:
        """The card does not answer then."""
        self._commands_before = number

    def begin(self) -> bool:
        """See Scripted."""
        if self._begin_waits:
            self._begin_waits = False
            self.gate()
        return super().begin()

    def transmit(self, command: bytes | bytearray) -> bytes:
        """See Scripted; the answer is what has to wait."""
        self.commands.append(command.hex().upper())
        answer = super().transmit(command)
        if self._commands_before is not None:
            self._commands_before -= 1
            if self._commands_before < 0:
                self._commands_before = None
                self.gate()
        return answer


class OneCard:
    """As much of a reader driver as a card needs. `before`: what `connect` does first."""

    def __init__(self, connection: Scripted, before: Callable[[], object] = lambda: None) -> None:
        self._connection = connection
        self._before = before

    def connect(self, reader: str) -> Scripted:
        """The card in any reader."""
        self._before()
        return self._connection
