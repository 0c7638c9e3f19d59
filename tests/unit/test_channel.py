"""The channel against a card that asserts every byte it is sent. Spec: ISO/IEC 7816-4:2020 11.5.1"""

from __future__ import annotations

import pytest
from unit.scripted import Scripted

from pyjpki11.errors import CardMute, CardRemoved, JpkiError, SecurityStatusNotSatisfied, StatusWordError
from pyjpki11.iso7816 import apdu
from pyjpki11.iso7816.channel import MAX_CONTINUATIONS, Channel

READ = "00B0000000"
OK = "9000"
VERIFY = "002000800431323334"
PIN = b"1234"


def channel(*lines: tuple[str, str | JpkiError]) -> tuple[Channel, Scripted]:
    """A channel in the middle of a transaction."""
    card = Scripted(*lines)
    card.begin()
    return Channel(card), card


def read(way: Channel, length: int = 256) -> tuple[bytes, int]:
    """READ BINARY."""
    return way.exchange(0x00, apdu.READ_BINARY, 0x00, 0x00, response_len=length)


def verify(way: Channel) -> tuple[bytes, int]:
    """VERIFY with a PIN."""
    return way.exchange(0x00, apdu.VERIFY, 0x00, 0x80, bytearray(PIN))


# what happens -> the exchanges, response data, status word
READS: dict[str, tuple[list[tuple[str, str | JpkiError]], str, int]] = {
    "data": ([(READ, "AABB9000")], "AABB", 0x9000),
    "no data": ([(READ, "9000")], "", 0x9000),
    "refusal": ([(READ, "6982")], "", 0x6982),
    "unknown word": ([(READ, "0000")], "", 0x0000),
    "6Cxx: the right length is asked for": ([(READ, "6C02"), ("00B0000002", "AABB9000")], "AABB", 0x9000),
    "6C00: it is 256": ([(READ, "6C00"), (READ, "AA9000")], "AA", 0x9000),
    "6Cxx twice: given up": ([(READ, "6C02"), ("00B0000002", "6C03")], "", 0x6C03),
    "61xx": ([(READ, "6102"), ("00C0000002", "AABB9000")], "AABB", 0x9000),
    "6100: at least 256": ([(READ, "6100"), ("00C0000000", "AA9000")], "AA", 0x9000),
    "data with 61xx": ([(READ, "AA6101"), ("00C0000001", "BB9000")], "AABB", 0x9000),
    "61xx repeatedly": (
        [(READ, "6102"), ("00C0000002", "AABB6101"), ("00C0000001", "CC9000")],
        "AABBCC",
        0x9000,
    ),
    "6Cxx, then 61xx": (
        [(READ, "6C02"), ("00B0000002", "6102"), ("00C0000002", "AABB9000")],
        "AABB",
        0x9000,
    ),
    "61xx, then refusal": ([(READ, "6102"), ("00C0000002", "6F00")], "", 0x6F00),
}


@pytest.mark.parametrize(("lines", "data", "sw"), READS.values(), ids=READS)
def test_exchange(lines: list[tuple[str, str | JpkiError]], data: str, sw: int) -> None:
    way, card = channel(*lines)
    assert read(way) == (bytes.fromhex(data), sw)
    card.end()
    card.assert_finished()


@pytest.mark.parametrize("sw", ["6C04", "6C00", "6700", "6F00", "63C2", "6984", "9000", "0000"])
def test_verify_is_sent_once_whatever_the_answer(sw: str) -> None:
    way, card = channel((VERIFY, sw))
    assert verify(way) == (b"", int(sw, 16))
    card.end()
    card.assert_finished()


def test_verify_answered_with_61xx_is_not_sent_again() -> None:
    way, card = channel((VERIFY, "6102"), ("00C0000002", "AABB9000"))
    assert verify(way) == (b"\xaa\xbb", 0x9000)
    card.end()
    card.assert_finished()


LOST: dict[str, tuple[str | JpkiError, type[JpkiError]]] = {
    "success": ("9000", JpkiError),
    "refusal": ("63C2", JpkiError),
    "silence": (CardMute(), CardMute),
    "removal": (CardRemoved(), CardRemoved),
    "no response": ("", CardMute),
    "one byte": ("90", CardMute),
}


@pytest.mark.parametrize(("answer", "error"), LOST.values(), ids=LOST)
def test_pin_bytes_are_wiped(answer: str | JpkiError, error: type[JpkiError]) -> None:
    """The command that held the PIN is zeros afterwards, whatever came of it; and was sent once."""
    way, card = channel((VERIFY, answer))
    try:
        verify(way)
    except error:
        pass
    assert card.seen == [bytearray(len(VERIFY) // 2)]


@pytest.mark.parametrize("answer", ["", "90"])
@pytest.mark.parametrize("before", [[], [(READ, "6C05")], [(READ, "6105")]], ids=["first", "6Cxx", "61xx"])
def test_answer_too_short_to_be_one(before: list[tuple[str, str]], answer: str) -> None:
    command = {"6C05": "00B0000005", "6105": "00C0000005"}[before[0][1]] if before else READ
    way, _card = channel(*before, (command, answer))
    with pytest.raises(CardMute):
        read(way)


def test_an_endless_answer_is_given_up() -> None:
    endless = [("00C0000010", "AA" * 16 + "6110")] * MAX_CONTINUATIONS
    way, card = channel((READ, "6110"), *endless)
    with pytest.raises(CardMute):
        read(way)
    card.end()
    card.assert_finished()


def test_send_gives_the_data() -> None:
    way, _card = channel((READ, "AABB9000"))
    assert way.send(0x00, apdu.READ_BINARY, 0x00, 0x00, response_len=256) == b"\xaa\xbb"


REFUSALS = {
    "6982": SecurityStatusNotSatisfied,
    "6A82": StatusWordError,
    "6282": StatusWordError,
    "63C2": StatusWordError,
}


@pytest.mark.parametrize(("sw", "error"), REFUSALS.items())
def test_send_refuses_every_other_word(sw: str, error: type[StatusWordError]) -> None:
    way, _card = channel((READ, sw))
    with pytest.raises(StatusWordError) as caught:
        way.send(0x00, apdu.READ_BINARY, 0x00, 0x00, response_len=256)
    assert (type(caught.value), caught.value.sw, caught.value.ins) == (error, int(sw, 16), 0xB0)


# -- transactions ---------------------------------------------------------------------------------------


def test_a_transaction_tells_of_a_reset() -> None:
    card = Scripted(resets=(1,))
    way = Channel(card)
    told = []
    for _ in range(3):
        with way.transaction() as was_reset:
            told.append(was_reset)
    assert told == [False, True, False]
    card.assert_finished()


@pytest.mark.parametrize("error", [CardMute(), KeyboardInterrupt()], ids=repr)
def test_a_transaction_ends_whatever_happens_in_it(error: BaseException) -> None:
    card = Scripted()
    with pytest.raises(type(error)), Channel(card).transaction():
        raise error
    assert card.events == ["begin", "end"]


def test_a_transaction_that_cannot_begin_does_not_end() -> None:
    class Gone(Scripted):
        def begin(self) -> bool:
            raise CardRemoved

    card = Gone()
    way = Channel(card)
    with pytest.raises(CardRemoved), way.transaction():
        pytest.fail("it has begun")
    assert card.events == []
    assert not way.waits_for_others


def test_it_shows_that_the_beginning_waits_for_others() -> None:
    """And nothing else does: a command that takes long is the card's own fault."""
    seen: list[tuple[str, bool]] = []

    class Watched(Scripted):
        def begin(self) -> bool:
            seen.append(("begin", way.waits_for_others))
            return super().begin()

        def transmit(self, command: bytes | bytearray) -> bytes:
            seen.append(("transmit", way.waits_for_others))
            return super().transmit(command)

    way = Channel(Watched((READ, OK)))
    with way.transaction():
        read(way)
    assert seen == [("begin", True), ("transmit", False)]


# -- given up -------------------------------------------------------------------------------------------


def test_nothing_is_sent_in_a_step_that_was_given_up() -> None:
    way, card = channel()
    way.is_given_up = True
    with pytest.raises(CardRemoved, match="given up"):
        verify(way)
    card.end()
    card.assert_finished()


@pytest.mark.parametrize("first", ["6C05", "6105"])
def test_nor_is_what_goes_on_with_a_command(first: str) -> None:
    """Given up while the card was thinking about the first half."""

    class Late(Scripted):
        def transmit(self, command: bytes | bytearray) -> bytes:
            way.is_given_up = True
            return super().transmit(command)

    card = Late((READ, first))
    way = Channel(card)
    with pytest.raises(CardRemoved, match="given up"), way.transaction():
        read(way)
    card.assert_finished()


def test_no_transaction_begins_in_a_step_that_was_given_up() -> None:
    """A step may have several."""
    card = Scripted()
    way = Channel(card)
    way.is_given_up = True
    with pytest.raises(CardRemoved, match="given up"), way.transaction():
        pytest.fail("it has begun")
    assert card.events == []
    way.is_given_up = False
    with way.transaction():
        pass
    card.assert_finished()
