"""The JPKI application's commands, written out once more, so that a wrong constant cannot agree with itself."""

from __future__ import annotations

from typing import Any

import pytest
from unit import certificates
from unit.scripted import Scripted

from pyjpki11.card.jpki import SIGN_V15, JpkiCard
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, KeyLayout
from pyjpki11.errors import JpkiError
from pyjpki11.iso7816.channel import Channel

Lines = list[tuple[str, str | JpkiError]]

OK = "9000"
#: Card: notes 5, the vector
TOKEN_INFO_FILE = (
    b"JPKIAPICCTOKEN2".ljust(32)
    + b"0" * 31
    + b"1"
    + b"E16R01NJ".ljust(16)
    + b"0000000020500003"
    + bytes.fromhex("0000040D")
    + bytes(60)
)
TOKEN_INFO = ("00B0860060", TOKEN_INFO_FILE[:96].hex() + OK)
SELECT_AP = ("00A4040C0AD392F000260100000001", OK)
SELECT_AP_COMMAND = SELECT_AP[0]
BLOCK = "AABBCC"
SIGNATURE_BYTES = "5A" * 256
#: Key pair -> hex of its PIN's EF, its key's EF, the signing command's P2 that names it.
FILES = {"authentication": ("0018", "0017", "97"), "signature": ("001B", "001A", "9A")}
SHORT_PIN_ID = {"authentication": "98", "signature": "9B"}
PINS = {"authentication": b"1234", "signature": b"ABC123"}
NEW_PINS = {"authentication": b"5678", "signature": b"NEWPASS1"}
KEYS = pytest.mark.parametrize("key", [AUTHENTICATION, SIGNATURE], ids=lambda key: str(key.name))


def select_ef(ef: str, answer: str = OK) -> tuple[str, str]:
    """SELECT of an elementary file."""
    return f"00A4020C02{ef}", answer


def verify(key: KeyLayout, answer: str | JpkiError = OK, p2: str = "80") -> tuple[str, str | JpkiError]:
    """VERIFY with the key's PIN, that of the current file unless another P2 is given."""
    pin = PINS[key.name]
    return f"002000{p2}{len(pin):02X}{pin.hex().upper()}", answer


def tries(key: KeyLayout, answer: str = "") -> tuple[str, str]:
    """The query for the tries of the key's PIN by its short identifier; all are left unless something else is said."""
    return f"002000{SHORT_PIN_ID[key.name]}", answer or f"63C{key.pin_rule.max_tries}"


def present(key: KeyLayout, answer: str | JpkiError = OK) -> Lines:
    """What presents the key's PIN to a card that knows short identifiers, in the selected application."""
    return [tries(key), verify(key, answer, SHORT_PIN_ID[key.name])]


def sign(key: KeyLayout, answer: str | JpkiError = SIGNATURE_BYTES + OK, p2: str = "") -> Any:
    """The signing command, with the key's short identifier unless another P2 is given."""
    return f"802A00{p2 or FILES[key.name][2]}03{BLOCK}00", answer


def jpki(connection: Scripted) -> JpkiCard:
    """The application on a card of which nothing was asked yet."""
    return JpkiCard(Channel(connection))


def selected(*lines: tuple[str, str | JpkiError], **options: Any) -> tuple[JpkiCard, Scripted]:
    """A card that has described itself, in transaction 0. For `options` see Scripted."""
    connection = Scripted(SELECT_AP, TOKEN_INFO, *lines, **options)
    card = jpki(connection)
    card.read_token_info()
    return card, connection


def call_sign(card: JpkiCard, key: KeyLayout) -> bytes:
    """Sign BLOCK."""
    return card.sign(key, bytes.fromhex(BLOCK), SIGN_V15)


def call_verify(card: JpkiCard, key: KeyLayout) -> None:
    """Present the right PIN."""
    card.verify_pin(key, bytearray(PINS[key.name]))


def call_change(card: JpkiCard, key: KeyLayout) -> None:
    """From the right PIN to the new one."""
    card.change_pin(key, bytearray(PINS[key.name]), bytearray(NEW_PINS[key.name]))


DER = certificates.make()
FILE = DER + b"\xff" * 100


def chunk(start: int, length: int) -> str:
    """Bytes of the certificate's file, as a successful answer."""
    return FILE[start : start + length].hex().upper() + OK


HEAD = ("00B08A0000", chunk(0, 256))
GLANCE = ("00B08A0040", chunk(0, 64))
#: Byte 255 is read twice: with a short identifier no later offset can be named.
assert 511 < len(DER) < 767
TAIL: Lines = [("00B08AFF00", chunk(255, 256)), (f"00B001FF{len(DER) - 511:02X}", chunk(511, len(DER) - 511))]
