"""Commands sent to a card and their responses, with the two length procedures of the standard."""

from __future__ import annotations

from pyjpki11 import log
from pyjpki11.errors import CardMute, CardRemoved
from pyjpki11.iso7816 import apdu, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.reader.base import Connection

#: A response that goes on for longer than this is neither a certificate nor a signature.
MAX_CONTINUATIONS = 128
#: Commands in one transaction: twice what the longest file takes whose every answer comes in two parts.
MAX_COMMANDS = 512


class Channel:
    """The way to a card; commands go within a transaction.

    `is_given_up`: the caller of the present step has stopped waiting for it, so nothing more is sent: what a
    command says, a PIN perhaps, may not be true any longer. `waits_for_others`: the step waits for the end of another
    program's transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.is_given_up = False
        self.waits_for_others = False
        self._commands_left = MAX_COMMANDS

    def transaction(self) -> Transaction:
        """Keeps other programs off the card: `with channel.transaction() as was_reset`, which tells whether another
        program has reset the card since the last one."""
        return Transaction(self)

    def begin(self) -> bool:
        """See `transaction`."""
        self._refuse_if_given_up()
        self._commands_left = MAX_COMMANDS
        self.waits_for_others = True
        try:
            return self.connection.begin()
        finally:
            self.waits_for_others = False

    def exchange(
        self, cla: int, ins: int, p1: int, p2: int, data: bytes | bytearray = b"", response_len: int = 0
    ) -> tuple[bytes, int]:
        """Response data and status word of a command, whatever the status word is.

        :raises CardMute: the answer is too short, or there are too many answers.
        """
        command = apdu.encode(cla, ins, p1, p2, data, response_len)
        response = b""
        try:
            for turn in range(1 + MAX_CONTINUATIONS):
                self._require_permission()
                more, sw = _parts_of(self.connection.transmit(command), command[1])
                response += more
                if sw >> 8 == status.MORE_DATA:  # Spec: ISO/IEC 7816-4:2020 11.5.1
                    command[:] = bytes(len(command))
                    command = apdu.encode(0, apdu.GET_RESPONSE, 0, 0, response_len=sw & 0xFF or 256)
                elif sw >> 8 == status.WRONG_RESPONSE_LEN and response_len and not turn:
                    command[-1] = sw & 0xFF
                    response = b""
                else:
                    return response, sw
        finally:
            command[:] = bytes(len(command))  # it may hold a PIN
        raise CardMute("the card's response does not end")

    def send(self, cla: int, ins: int, p1: int, p2: int, data: bytes | bytearray = b"", response_len: int = 0) -> bytes:
        """Response data of a command that succeeds.

        :raises SecurityStatusNotSatisfied: a PIN has to be verified first.
        :raises StatusWordError: any other refusal.
        """
        response, sw = self.exchange(cla, ins, p1, p2, data, response_len)
        if sw != status.SUCCESS:
            raise status.refusal(sw, ins)
        return response

    def _require_permission(self) -> None:
        self._refuse_if_given_up()
        if not self._commands_left:
            raise CardMute("the card's answers repeat without progress")
        self._commands_left -= 1

    def _refuse_if_given_up(self) -> None:
        if self.is_given_up:
            raise CardRemoved("the step was given up")


class Transaction:
    """See Channel.transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __enter__(self) -> bool:
        return self._channel.begin()

    def __exit__(self, *_error: object) -> None:
        self._channel.connection.end()


def _parts_of(answer: bytes, ins: int) -> tuple[bytes, int]:
    """Data and status word. The log never has the data: it may identify a person."""
    if len(answer) < 2:
        raise CardMute(f"the card answered {len(answer)} bytes")
    sw = answer[-2] << 8 | answer[-1]
    if log.is_enabled(log.DEBUG):
        log.debug(f"{apdu.NAMES.get(ins, f'{ins:02X}')}: {status.describe(sw)}")
    return answer[:-2], sw
