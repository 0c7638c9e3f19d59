"""What the card's applications have in common: how one is selected, its files, its PINs."""

from __future__ import annotations

from pyjpki11 import log
from pyjpki11.errors import BadCardData, CardDisturbed, CardMute, PinBlocked, PinRejected, StatusWordError
from pyjpki11.iso7816 import apdu, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, ParamSpec, TypeVar

    from pyjpki11.iso7816.channel import Channel

    P = ParamSpec("P")
    T = TypeVar("T")
    A = TypeVar("A", bound="Application")

BY_DF_NAME, NO_RESPONSE_DATA = 0x04, 0x0C  # P1, P2 of SELECT
BY_EF_ID = 0x02  # P1 of SELECT
NEW_PIN_ONLY = 0x01  # P1 of CHANGE REFERENCE DATA
SHORT_EF_ID = 0x80  # in P1 of READ BINARY, or P2 of VERIFY and of the signing command
CURRENT_EF = 0x80  # P2 of VERIFY and of the signing command

CHUNK_LEN = apdu.MAX_RESPONSE_LEN
MAX_OFFSET = 0x7FFF


def in_application(command: Callable[Concatenate[A, P], T]) -> Callable[Concatenate[A, P], T]:
    """A command in a transaction, with its application selected as far as is known.

    Whether it still is cannot be asked. A command that fails is therefore given again after a SELECT, as is one after
    another program has reset the card. Never for a command that may cost a try: see `once`.
    """

    def in_transaction(it: A, /, *arguments: P.args, **options: P.kwargs) -> T:
        with it.channel.transaction() as was_reset:
            try:
                if it.is_selected and not was_reset:
                    try:
                        return command(it, *arguments, **options)
                    except (StatusWordError, BadCardData) as error:
                        log.debug(f"selecting the application again after: {error}")
                it.accept(it.select_aid(it.AID))
                return command(it, *arguments, **options)
            except (CardDisturbed, CardMute):
                it.is_selected = False  # what a card has selected that falls silent is open
                raise

    return in_transaction


def once(command: Callable[Concatenate[A, P], T]) -> Callable[Concatenate[A, P], T]:
    """A command in a transaction, after a SELECT of its application, given only once whatever comes of it.

    No cheaper command proves which application a VERIFY addresses. Design: decision 5
    """

    def in_transaction(it: A, /, *arguments: P.args, **options: P.kwargs) -> T:
        with it.channel.transaction():
            it.accept(it.select_aid(it.AID))
            try:
                return command(it, *arguments, **options)
            except (CardDisturbed, CardMute):
                it.is_selected = False
                raise

    return in_transaction


class Application:
    """An application of a card; its public methods are steps, a transaction each."""

    AID: bytes

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.is_selected = False  # as far as is known

    def accept(self, sw: int) -> None:
        """Take note of the answer to a SELECT of the application.

        :raises CardNotRecognized: the card has no such application.
        """
        raise NotImplementedError

    def select(self) -> None:
        """Select the application, in a transaction. See `accept` for what it raises."""
        self.accept(self.select_aid(self.AID))

    def select_aid(self, aid: bytes) -> int:
        """The status word to the SELECT of an application. Some cards answer 6F00 to the first command after power-on,
        whatever it is. Card: notes 1.2"""
        self.is_selected = False
        for _attempt in range(2):
            _data, sw = self.channel.exchange(0x00, apdu.SELECT, BY_DF_NAME, NO_RESPONSE_DATA, aid)
            if sw != status.NO_PRECISE_DIAGNOSIS:
                break
        return sw

    def select_ef(self, ef: int) -> None:
        """Make a file of the selected application the current one."""
        self.channel.send(0x00, apdu.SELECT, BY_EF_ID, NO_RESPONSE_DATA, ef.to_bytes(2, "big"))

    def read_current(self, offset: int, length: int) -> bytes:
        """At most 256 bytes of the current file.

        :raises BadCardData: beyond the end that any file can have.
        """
        if offset > MAX_OFFSET:
            raise BadCardData("the data is longer than any file")
        return self.channel.send(0x00, apdu.READ_BINARY, offset >> 8, offset & 0xFF, response_len=length)[:length]

    def ask_tries(self, target: int = CURRENT_EF) -> int:
        """The status word to a VERIFY of four bytes, which asks for the tries of the current PIN, or of one named by
        its short identifier; a fifth byte would be an error. Card: notes 3.3"""
        return self.channel.exchange(0x00, apdu.VERIFY, 0x00, target)[1]


def require_verified(sw: int) -> None:
    """Raise what the status word to a VERIFY with a PIN means, unless the PIN is right.

    :raises PinRejected: it is wrong, and a try is gone.
    :raises PinBlocked: no tries are left, now or since long.
    """
    if sw == status.SUCCESS:
        return
    tries_left = status.tries_left(sw)
    if tries_left == 0:
        raise PinBlocked("the PIN is blocked; the municipal office unblocks it")
    if tries_left is None and sw >> 8 != 0x63:
        raise StatusWordError(sw, apdu.VERIFY, status.sentence(sw, apdu.VERIFY))
    raise PinRejected(tries_left)
