"""The line to a card, watched: it shows what passes, and notices when a PIN does."""

from __future__ import annotations

import sys

from pyjpki11.cli.terminal import output
from pyjpki11.cli.wording import annotation
from pyjpki11.cli.wording.annotation import Annotator
from pyjpki11.iso7816 import status
from pyjpki11.reader.base import Connection

BYTES_IN_LINE = 24


class WatchedLine:
    """A connection that does what the one inside does.

    `carried_pin` tells whether a PIN went to the card, which then has to be made to forget it.
    """

    def __init__(self, inner: Connection, is_traced: bool) -> None:
        self._inner = inner
        self._annotator = Annotator() if is_traced else None
        self.carried_pin = False

    @property
    def is_shared(self) -> bool:
        """See Connection."""
        return self._inner.is_shared

    def begin(self) -> bool:
        """See Connection.begin."""
        return self._inner.begin()

    def end(self) -> None:
        """See Connection.end."""
        self._inner.end()

    def look_for_others(self) -> bool:
        """See Connection.look_for_others."""
        return self._inner.look_for_others()

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Send a command, showing both directions when traced; PINs are masked."""
        self.carried_pin = self.carried_pin or annotation.has_secret(command)
        if self._annotator is None:
            return self._inner.transmit(command)
        _show(self._annotator.describe(command), f"  > {annotation.masked(command)}")
        response = self._inner.transmit(command)
        self._show_response(self._annotator, command, response)
        return response

    def power_cycle(self) -> None:
        """See Connection.power_cycle."""
        self._inner.power_cycle()

    def close(self) -> None:
        """See Connection.close."""
        self._inner.close()

    def _show_response(self, annotator: Annotator, command: bytes | bytearray, response: bytes) -> None:
        sw = int.from_bytes(response[-2:], "big")
        _show(*response_lines(response[:-2], "  < "), f"  < {annotation.status_word(sw)}")
        if sw == status.SUCCESS:
            annotator.accept(command)


def response_lines(data: bytes, prefix: str) -> list[str]:
    """Response data in hex, in lines that a terminal holds."""
    starts = range(0, len(data), BYTES_IN_LINE)
    return [f"{prefix}{annotation.hex_of(data[at : at + BYTES_IN_LINE])}" for at in starts]


def _show(*lines: str) -> None:
    output.print_lines(lines, sys.stderr)
