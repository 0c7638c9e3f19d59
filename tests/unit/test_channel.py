"""The channel against a card that asserts every byte it is sent. Spec: ISO/IEC 7816-4:2020 11.5.1"""

from __future__ import annotations

import pytest
from unit.scripted import Scripted

from pyjpki11.errors import CardMute, CardRemoved, JpkiError, SecurityStatusNotSatisfied, StatusWordError
from pyjpki11.iso7816 import apdu
from pyjpki11.iso7816.channel import MAX_CONTINUATIONS, Channel

READ = "00B0000000"
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
