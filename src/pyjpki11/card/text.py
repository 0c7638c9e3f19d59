"""The input assist application (券面事項入力補助): the holder's data as text.

Each method is one transaction, from the SELECT of the application to the last byte: nothing here is in a hurry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyjpki11.card import layout
from pyjpki11.card.application import CHUNK_LEN, CURRENT_EF, NEW_PIN_ONLY, Application, once, require_verified
from pyjpki11.errors import BadCardData, CardNotRecognized
from pyjpki11.iso7816 import apdu, status
from pyjpki11.iso7816.tlv import Reader, read_header

if TYPE_CHECKING:
    from pyjpki11.card.layout import PinLayout

#: Tags. Card: notes 7.1
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


class TextCard(Application):
    """The input assist application on a connected card."""

    AID = layout.TEXT_AID

    def accept(self, sw: int) -> None:
        """See Application.accept.

        :raises NoTextApplication: there is none, as on a phone.
        """
        if sw != status.SUCCESS:
            raise NoTextApplication("the card has no input assist application")
        self.is_selected = True

    @once
    def tries_left(self, key: PinLayout) -> int | None:
        """How many tries a PIN has left; None when the card does not say. Costs no try. Card: notes 3.3

        :raises NoTextApplication: there is none, as on a phone.
        """
        self.select_ef(key.pin_ef)
        return status.tries_left(self.ask_tries())

    @once
    def verify_pin(self, key: PinLayout, pin: bytearray) -> None:
        """Present a PIN, in the form that `pin.normalize` gives it, once.

        :raises PinRejected: it is wrong, and a try is gone.
        :raises PinBlocked: no tries are left, now or since long.
        """
        self._verify(key, pin)

    @once
    def change_pin(self, key: PinLayout, old: bytearray, new: bytearray) -> None:
        """Replace a PIN, both in the form that `pin.normalize` gives; errors are those of `verify_pin`.

        Card: notes 3.5, 7.1
        """
        self._verify(key, old)
        self.channel.send(0x00, apdu.CHANGE_REFERENCE_DATA, NEW_PIN_ONLY, CURRENT_EF, new)

    def read_attributes(self, pin: bytearray) -> Attributes:
        """Name, address, birth date and sex, after presenting the PIN; errors are those of `verify_pin`.

        :raises BadCardData: the file holds something else.
        """
        return parse_attributes(self._read_with(pin, layout.ATTRIBUTES_EF))

    def read_my_number(self, pin: bytearray) -> str:
        """My Number (個人番号), 12 digits; errors are those of `read_attributes`."""
        return parse_my_number(self._read_with(pin, layout.MY_NUMBER_EF))

    @once
    def _read_with(self, pin: bytearray, ef: int) -> bytes:
        self._verify(layout.TEXT, pin)
        self.select_ef(ef)
        data = self.read_current(0, CHUNK_LEN)
        _tag, value, length = read_header(data)
        while len(data) < value + length:
            chunk = self.read_current(len(data), CHUNK_LEN)
            if not chunk:
                raise BadCardData("the file is shorter than its stated length")
            data += chunk
        return data[: value + length]

    def _verify(self, key: PinLayout, pin: bytearray) -> None:
        self.select_ef(key.pin_ef)
        _data, sw = self.channel.exchange(0x00, apdu.VERIFY, 0x00, CURRENT_EF, pin)
        require_verified(sw)


def parse_attributes(data: bytes) -> Attributes:
    """EF 0002. Lengths may be in long form where the short one would do. Card: notes 7.1

    :raises BadCardData: it is something else.
    """
    fields = {}
    inside = Reader(data).enter(ATTRIBUTES)
    while not inside.at_end():
        tag, _value, _length = read_header(data, inside.position)
        fields[tag] = inside.take_value()
    return Attributes(*(_text(fields.get(tag, b"")) for tag in (NAME, ADDRESS, BIRTH_DATE, SEX)))


def parse_my_number(data: bytes) -> str:
    """EF 0001. Card: notes 7.1

    :raises BadCardData: it is something else.
    """
    digits = Reader(data).take_value(MY_NUMBER)
    if len(digits) != MY_NUMBER_LEN or not digits.isdigit():
        raise BadCardData("My Number does not have 12 digits")
    return digits.decode("ascii")


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise BadCardData("a text is not valid UTF-8") from None
