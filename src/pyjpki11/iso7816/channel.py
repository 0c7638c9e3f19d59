"""Commands sent to a card and their responses, with the two length procedures of the standard."""

from __future__ import annotations

from pyjpki11 import log
from pyjpki11.errors import CardMute
from pyjpki11.iso7816 import apdu, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from pyjpki11.reader.base import Connection

    T = TypeVar("T")

#: A response that goes on for longer than this is no certificate and no signature.
MAX_CONTINUATIONS = 128
#: Commands in one step: twice what the longest file takes whose every answer comes in two parts.
MAX_COMMANDS = 512


class Channel:
    """The way to a card; commands go within a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._commands_left = MAX_COMMANDS

    def transact(self, step: Callable[[bool], T]) -> T:
        """See Connection.transact; every step may take as many commands as any other."""
        self._commands_left = MAX_COMMANDS
        return self._connection.transact(step)

    def exchange(
        self, cla: int, ins: int, p1: int, p2: int, data: bytes | bytearray = b"", response_len: int = 0
    ) -> tuple[bytes, int]:
        """Response data and status word of a command, whatever the status word is.

        :raises CardMute: the answer is too short to be one, or nobody needs so many.
        """
        command = apdu.encode(cla, ins, p1, p2, data, response_len)
        try:
            response, sw = self._transmit(command)
            if response_len and sw >> 8 == status.WRONG_RESPONSE_LEN:
                command[-1] = sw & 0xFF
                response, sw = self._transmit(command)
        finally:
            command[:] = bytes(len(command))  # it may hold a PIN
        return self._rest_of(response, sw)

    def send(
        self, cla: int, ins: int, p1: int, p2: int, data: bytes | bytearray = b"", response_len: int = 0
    ) -> bytes:
        """Response data of a command that succeeds.

        :raises SecurityStatusNotSatisfied: a PIN has to be verified first.
        :raises StatusWordError: any other refusal.
        """
        response, sw = self.exchange(cla, ins, p1, p2, data, response_len)
        if sw != status.SUCCESS:
            raise status.refusal(sw, ins)
        return response

    def _rest_of(self, response: bytes, sw: int) -> tuple[bytes, int]:
        """Fetch what the card holds back. Spec: ISO/IEC 7816-4:2020 11.5.1"""
        for _ in range(MAX_CONTINUATIONS):
            if sw >> 8 != status.MORE_DATA:
                return response, sw
            more, sw = self._transmit(apdu.encode(0, apdu.GET_RESPONSE, 0, 0, response_len=sw & 0xFF or 256))
            response += more
        raise CardMute("the card's response has no end")

    def _transmit(self, command: bytearray) -> tuple[bytes, int]:
        if not self._commands_left:
            raise CardMute("the card's answers lead nowhere")
        self._commands_left -= 1
        ins = command[1]
        response = self._connection.transmit(command)
        if len(response) < 2:
            raise CardMute(f"the card answered {len(response)} bytes")
        sw = response[-2] << 8 | response[-1]
        if log.is_enabled(log.DEBUG):  # never its data: it may hold a PIN, or say who somebody is
            log.debug(f"{apdu.NAMES.get(ins, f'{ins:02X}')}: {status.describe(sw)}")
        return response[:-2], sw
