"""The messages between vpcd, a virtual reader of pcscd, and a card; no I/O here.

Wire: two bytes of length, big-endian, then as many bytes. One byte is a control code, more are an APDU.
"""

from collections.abc import Callable
from enum import IntEnum, unique
from typing import Protocol

LENGTH_LEN = 2  # bytes
LONGEST = 0xFFFF


@unique
class Control(IntEnum):
    """The one-byte messages. Wire: vpcd"""

    OFF = 0
    ON = 1
    RESET = 2
    ATR = 4  # the only one that is answered


class Powered(Protocol):
    """What the messages are for."""

    @property
    def atr(self) -> bytes: ...
    def power_on(self) -> bytes: ...
    def power_off(self) -> None: ...
    def reset(self) -> bytes: ...
    def transmit(self, command: bytes) -> bytes: ...


def encode(body: bytes) -> bytes:
    """One message, ready to send; ValueError above 65535 bytes."""
    if len(body) > LONGEST:
        raise ValueError(f"a message of {len(body)} bytes is too long")
    return len(body).to_bytes(LENGTH_LEN, "big") + body


class Decoder:
    """Turns a stream, cut anywhere, into message bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """The messages that `received` completes, in order."""
        self._buffer += received
        messages = []
        while (end := self._end()) is not None:
            messages.append(bytes(self._buffer[LENGTH_LEN:end]))
            del self._buffer[:end]
        return messages

    def _end(self) -> int | None:
        """Where the first message ends, once all of it is here."""
        if len(self._buffer) < LENGTH_LEN:
            return None
        end = LENGTH_LEN + int.from_bytes(self._buffer[:LENGTH_LEN], "big")
        return end if len(self._buffer) >= end else None


def respond(card: Powered, message: bytes) -> bytes | None:
    """Let the card act on one message; the body to send back, None for no answer.

    Raises what card.transmit raises.
    """
    if len(message) != 1:
        return card.transmit(message)
    if message[0] == Control.ATR:
        return card.atr
    if message[0] in _ACTIONS:
        _ACTIONS[message[0]](card)
    return None


_ACTIONS: dict[int, Callable[[Powered], object]] = {
    Control.OFF: lambda card: card.power_off(),
    Control.ON: lambda card: card.power_on(),
    Control.RESET: lambda card: card.reset(),
}
