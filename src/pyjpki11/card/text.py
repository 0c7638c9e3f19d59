"""The input assist application (券面事項入力補助): the holder's data as text.

Each method is one transaction, from the SELECT of the application to the last byte: nothing here is in a hurry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyjpki11.card import layout
from pyjpki11.card.jpki import (
    CHUNK_LEN,
    CURRENT_EF,
    MAX_OFFSET,
    NEW_PIN_ONLY,
    present_pin,
    select_application,
    select_ef,
)
from pyjpki11.errors import BadCardData, CardNotRecognized
from pyjpki11.iso7816 import apdu, status
from pyjpki11.iso7816.channel import Channel
from pyjpki11.iso7816.tlv import Reader, read_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from pyjpki11.card.layout import PinLayout
    from pyjpki11.reader.base import Connection

    T = TypeVar("T")

#: Tags. Card: reference 7.1
MY_NUMBER = 0xFF10
ATTRIBUTES = 0xFF20
NAME, ADDRESS, BIRTH_DATE, SEX = 0xDF22, 0xDF23, 0xDF24, 0xDF25

MY_NUMBER_LEN = 12


class NoTextApplication(CardNotRecognized):
    """The card has no input assist application, as phones have none."""


class Attributes(NamedTuple):
    """The four attributes (4情報) as the card has them; what it lacks is empty."""

    name: str  # U+3000 between family name and given name
    address: str
    birth_date: str  # YYYYMMDD
    sex: str  # 1 male, 2 female, 9 not applicable


class TextCard:
    """The input assist application on a connected card."""

    def __init__(self, connection: Connection) -> None:
        self._channel = Channel(connection)

    def tries_left(self, key: PinLayout) -> int | None:
        """How many tries a PIN has left; None when the card does not say. Costs no try. Card: reference 3.3

        :raises NoTextApplication: there is none, as on a phone.
        """
        return self._in_application(lambda: self._tries_left(key))

    def verify_pin(self, key: PinLayout, pin: bytearray) -> None:
        """Present a PIN, in the form that `pin.normalize` gives it, once.

        :raises PinRejected: it is wrong, and a try is gone.
        :raises PinBlocked: no tries are left, now or since long.
        """
        self._in_application(lambda: self._verify(key, pin))

    def change_pin(self, key: PinLayout, old: bytearray, new: bytearray) -> None:
        """Replace a PIN, both in the form that `pin.normalize` gives; errors are those of `verify_pin`.

        Card: reference 3.5, 7.1
        """
        self._in_application(lambda: self._change(key, old, new))

    def read_attributes(self, pin: bytearray) -> Attributes:
        """Name, address, birth date and sex, after presenting the PIN; errors are those of `verify_pin`.

        :raises BadCardData: the file holds something else.
        """
        return parse_attributes(self._in_application(lambda: self._read_with(pin, layout.ATTRIBUTES_EF)))

    def read_my_number(self, pin: bytearray) -> str:
        """My Number (個人番号), 12 digits; errors are those of `read_attributes`."""
        return parse_my_number(self._in_application(lambda: self._read_with(pin, layout.MY_NUMBER_EF)))

    # -- what a transaction consists of ---------------------------------------------------------------------

    def _in_application(self, step: Callable[[], T]) -> T:
        def selected(_was_reset: bool) -> T:
            self._select()
            return step()

        return self._channel.transact(selected)

    def _select(self) -> None:
        if select_application(self._channel, layout.TEXT_AID) != status.SUCCESS:
            raise NoTextApplication("the card has no input assist application")

    def _select_ef(self, ef: int) -> None:
        select_ef(self._channel, ef)

    def _tries_left(self, key: PinLayout) -> int | None:
        self._select_ef(key.pin_ef)
        _data, sw = self._channel.exchange(0x00, apdu.VERIFY, 0x00, CURRENT_EF)
        return status.tries_left(sw)

    def _verify(self, key: PinLayout, pin: bytearray) -> None:
        self._select_ef(key.pin_ef)
        present_pin(self._channel, CURRENT_EF, pin)

    def _change(self, key: PinLayout, old: bytearray, new: bytearray) -> None:
        self._verify(key, old)
        self._channel.send(0x00, apdu.CHANGE_REFERENCE_DATA, NEW_PIN_ONLY, CURRENT_EF, new)

    def _read_with(self, pin: bytearray, ef: int) -> bytes:
        self._verify(layout.TEXT, pin)
        self._select_ef(ef)
        data = self._read_chunk(0)
        _tag, value, length = read_header(data)
        while len(data) < value + length:
            chunk = self._read_chunk(len(data))
            if not chunk:
                raise BadCardData("the file ends before its length")
            data += chunk
        return data[: value + length]

    def _read_chunk(self, offset: int) -> bytes:
        if offset > MAX_OFFSET:
            raise BadCardData("data longer than any file")
        return self._channel.send(0x00, apdu.READ_BINARY, offset >> 8, offset & 0xFF, response_len=CHUNK_LEN)


def parse_attributes(data: bytes) -> Attributes:
    """EF 0002. Lengths may be in long form where the short one would do. Card: reference 7.1

    :raises BadCardData: it is something else.
    """
    fields = {}
    inside = Reader(data).enter(ATTRIBUTES)
    while not inside.at_end():
        tag, _value, _length = read_header(data, inside.position)
        fields[tag] = inside.take_value()
    return Attributes(*(_text(fields.get(tag, b"")) for tag in (NAME, ADDRESS, BIRTH_DATE, SEX)))


def parse_my_number(data: bytes) -> str:
    """EF 0001. Card: reference 7.1

    :raises BadCardData: it is something else.
    """
    digits = Reader(data).take_value(MY_NUMBER)
    if len(digits) != MY_NUMBER_LEN or not digits.isdigit():
        raise BadCardData("a My Number that has not 12 digits")
    return digits.decode("ascii")


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise BadCardData("a text that is not UTF-8") from None
