"""A card that knows its lines: it expects exact commands and answers what is written."""

from __future__ import annotations

from typing import NamedTuple

from pyjpki11.errors import JpkiError


class Line(NamedTuple):
    """A command and its answer, both in hex; an error instead of an answer is raised."""

    command: str
    answer: str | JpkiError


class Scripted:
    """A reader.base.Connection for one test.

    `resets`: the transactions, counted from 0, before which another program has reset the card. `others`: whether
    another program is connected, at first and when they are looked for.
    `events` lists begin, end, look, power and close in their order, with a dot for every command.
    """

    def __init__(
        self,
        *lines: tuple[str, str | JpkiError],
        resets: tuple[int, ...] = (),
        others: tuple[bool, bool] = (False, False),
    ) -> None:
        self._lines = [Line(*line) for line in lines]
        self._resets = resets
        self.is_shared, self._has_others = others
        self._position = 0
        self._open = False
        self.events: list[str] = []
        self.seen: list[bytes | bytearray] = []

    def look_for_others(self) -> bool:
        """What was said it would be."""
        self.events.append("look")
        self.is_shared = self._has_others
        return self.is_shared

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
