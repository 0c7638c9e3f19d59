"""The input assist application's commands, byte for byte. Card: notes 7.1"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from unit.scripted import Scripted

from pyjpki11.card.layout import TEXT
from pyjpki11.card.text import Attributes, NoTextApplication, TextCard, parse_attributes, parse_my_number
from pyjpki11.errors import BadCardData, JpkiError, PinBlocked, PinRejected, SecurityStatusNotSatisfied, StatusWordError
from pyjpki11.iso7816.channel import Channel

OK = "9000"
SELECT_AP = ("00A4040C0AD3921000310001010408", OK)
SELECT_PIN = ("00A4020C020011", OK)
VERIFY = "002000800431323334"
LOGIN = [SELECT_AP, SELECT_PIN, (VERIFY, OK)]
#: The test person of J-LIS.
ATTRIBUTES = (
    "DF22 0F E9BB92E6A190 E38080 E5B9B9E4B99F"
    "DF23 36 E69DB1E4BAACE983BD E6B885E780ACE5B882 E8A6B3E5B883E5AD90E58D97"
    "EFBC91EFBC92EFBC8DEFBC97EFBC8DEFBC92EFBC90EFBC92"
    "DF24 08 3139383030323137 DF25 01 31"
).replace(" ", "")
SHORT_LENGTH = "FF2065" + "DF2108000E002000590064" + ATTRIBUTES
#: As published: 00 A4 02 0C 02 00 02, 00 B0 ..., FF 20 82 00 83 DF 21 08 ...; longer because of a longer address.
PUBLISHED_HEAD = "FF20820083DF2108"
LONG_LENGTH = "FF20820065" + "DF210800100022005B0066" + ATTRIBUTES
PERSON = Attributes(
    "黒桐\u3000幹也", "東京都清瀬市観布子南\uff11\uff12\uff0d\uff17\uff0d\uff12\uff10\uff12", "19800217", "1"
)


def pin() -> bytearray:
    """The right one."""
    return bytearray(b"1234")


@pytest.mark.parametrize("content", [SHORT_LENGTH, LONG_LENGTH, SHORT_LENGTH + "FF" * 40])
def test_attributes(content: str) -> None:
    """The published exchange, with either form of the length, and with what fills a larger file."""
    line = Scripted(*LOGIN, ("00A4020C020002", OK), ("00B0000000", content + OK))
    assert TextCard(Channel(line)).read_attributes(pin()) == PERSON
    line.assert_finished()
    assert line.events.count("begin") == 1


def test_published_length() -> None:
    """83 bytes (hex) after a header of five, of which the card gives as many as it likes at once."""
    address = "E69DB1" * 28  # what makes it as long as the published one
    fields = "DF220FE9BB92E6A190E38080E5B9B9E4B99F" + "DF2354" + address + "DF24083139383030323137DF250131"
    content = PUBLISHED_HEAD + "0010002200790084" + fields
    assert len(content) // 2 == 5 + 0x83
    first, rest = content[:200], content[200:]
    line = Scripted(*LOGIN, ("00A4020C020002", OK), ("00B0000000", first + OK), ("00B0006400", rest + "FFFF" + OK))
    assert TextCard(Channel(line)).read_attributes(pin()).address == "東" * 28
    line.assert_finished()


def test_my_number() -> None:
    """12 digits, of a file with filler."""
    line = Scripted(*LOGIN, ("00A4020C020001", OK), ("00B0000000", "FF100C" + "31" * 12 + "FFFF" + OK))
    assert TextCard(Channel(line)).read_my_number(pin()) == "1" * 12
    line.assert_finished()


@pytest.mark.parametrize(("answer", "left"), [("63C3", 3), ("63C0", 0), ("6984", 0), (OK, None)])
def test_tries_left(answer: str, left: int | None) -> None:
    """The query has exactly four bytes."""
    line = Scripted(SELECT_AP, SELECT_PIN, ("00200080", answer))
    assert TextCard(Channel(line)).tries_left(TEXT) == left
    line.assert_finished()


@pytest.mark.parametrize(
    ("answer", "error", "tries_left"),
    [
        ("63C2", PinRejected, 2),
        ("6300", PinRejected, None),
        ("63B0", PinRejected, None),
        ("63C0", PinBlocked, None),
        ("6984", PinBlocked, None),
        ("6983", PinBlocked, None),
        ("6700", StatusWordError, None),
    ],
)
@pytest.mark.parametrize(
    "step",
    [
        lambda card: card.verify_pin(TEXT, pin()),
        lambda card: card.change_pin(TEXT, pin(), bytearray(b"5678")),
        lambda card: card.read_attributes(pin()),
    ],
    ids=["verify", "change", "read"],
)
def test_refused_pins_are_sent_once(
    step: Callable[[TextCard], object], answer: str, error: type[JpkiError], tries_left: int | None
) -> None:
    """And nothing after them."""
    line = Scripted(SELECT_AP, SELECT_PIN, (VERIFY, answer))
    with pytest.raises(error) as caught:
        step(TextCard(Channel(line)))
    assert type(caught.value) is error
    assert getattr(caught.value, "tries_left", None) == tries_left
    line.assert_finished()


def test_change() -> None:
    """The old PIN is verified in the same transaction."""
    line = Scripted(*LOGIN, ("002401800435363738", OK))
    TextCard(Channel(line)).change_pin(TEXT, pin(), bytearray(b"5678"))
    line.assert_finished()


def test_first_command_6f00() -> None:
    """Said again once. Card: notes 1.2"""
    line = Scripted((SELECT_AP[0], "6F00"), *LOGIN)
    TextCard(Channel(line)).verify_pin(TEXT, pin())
    line.assert_finished()


def test_no_application() -> None:
    """As on a phone: no PIN is sent to whatever else is selected."""
    line = Scripted((SELECT_AP[0], "6A82"))
    with pytest.raises(NoTextApplication):
        TextCard(Channel(line)).verify_pin(TEXT, pin())
    line.assert_finished()


def test_reading_without_right() -> None:
    """A card that forgets the PIN at once."""
    line = Scripted(*LOGIN, ("00A4020C020001", OK), ("00B0000000", "6982"))
    with pytest.raises(SecurityStatusNotSatisfied):
        TextCard(Channel(line)).read_my_number(pin())


def test_no_pin_stays_behind_in_a_command() -> None:
    """Commands are wiped once they are sent."""
    line = Scripted(*LOGIN)
    TextCard(Channel(line)).verify_pin(TEXT, pin())
    assert all(not any(command) for command in line.seen)


@pytest.mark.parametrize(
    "data",
    ["", "FF", "FF20", "FF1000", "FF2005DF2208", "FF2006DF2203FFFEFD", "FF20840000000101", "3003020101"],
)
def test_bad_attributes(data: str) -> None:
    """Nothing else gets out than the error that says so."""
    with pytest.raises(BadCardData):
        parse_attributes(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["", "FF100B" + "31" * 11, "FF100C" + "31" * 11 + "41", "FF200C" + "31" * 12])
def test_bad_my_number(data: str) -> None:
    """Twelve digits, nothing else."""
    with pytest.raises(BadCardData):
        parse_my_number(bytes.fromhex(data))


def test_missing_attributes_are_empty() -> None:
    """In any order, beside unknown ones."""
    assert parse_attributes(bytes.fromhex("FF200CDF250132DF7F0100DF220141")) == Attributes("A", "", "", "2")


def test_a_file_that_ends_early() -> None:
    """An endless loop otherwise."""
    line = Scripted(*LOGIN, ("00A4020C020002", OK), ("00B0000000", "FF2065DF21" + OK), ("00B0000500", OK))
    with pytest.raises(BadCardData):
        TextCard(Channel(line)).read_attributes(pin())
