"""A card that knows its lines: it expects exact commands and answers what is written."""

from __future__ import annotations

from typing import NamedTuple

from jpki_softcard.transport import Transactions
from pyjpki11.errors import JpkiError


class Line(NamedTuple):
    """A command and its answer, both in hex; an error instead of an answer is raised."""

    command: str
    answer: str | JpkiError


class Scripted(Transactions):
    """A reader.base.Connection for one test.

    `resets`: the transactions, counted from 0, before which another program has reset the card.
    `events` lists begin, end, power and close in their order, with a dot for every command.
    """

    def __init__(self, *lines: tuple[str, str | JpkiError], resets: tuple[int, ...] = ()) -> None:
        self._lines = [Line(*line) for line in lines]
        self._resets = resets
        self._position = 0
        self._open = False
        self.events: list[str] = []
        self.seen: list[bytes | bytearray] = []

    def begin(self) -> bool:
        """Enter a transaction."""
        assert not self._open, "a transaction within a transaction"
        self._open = True
        self.events.append("begin")
        return self.events.count("begin") - 1 in self._resets

    def transmit(self, command: bytes | bytearray) -> bytes:
        """The answer to the command that has to come now."""
        assert self._open, "a command outside of a transaction"
        said = command.hex().upper()
        assert self._position < len(self._lines), f"one command too many: {said}"
        line = self._lines[self._position]
        assert said == line.command, f"line {self._position}"
        self._position += 1
        self.events.append(".")
        self.seen.append(command)
        if isinstance(line.answer, JpkiError):
            raise line.answer
        return bytes.fromhex(line.answer)

    def end(self) -> None:
        """Leave the transaction."""
        assert self._open, "the end of no transaction"
        self._open = False
        self.events.append("end")

    def power_cycle(self) -> None:
        """Count it."""
        self.events.append("power")

    def close(self) -> None:
        """Count it."""
        self.events.append("close")

    def assert_finished(self) -> None:
        """Every line was said, every transaction ended."""
        assert self._position == len(self._lines), f"never sent: {self._lines[self._position].command}"
        assert not self._open, "a transaction was left open"
        assert self.events.count("begin") == self.events.count("end")
