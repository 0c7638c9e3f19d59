"""The form of PINs: what cannot be right is refused before it is sent. Card: notes 3.1"""

from __future__ import annotations

import pytest

from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, KeyLayout
from pyjpki11.card.pin import normalize, wipe
from pyjpki11.errors import PinError, PinHasInvalidCharacters, PinLengthOutOfRange

LENGTH, CHARACTERS = PinLengthOutOfRange, PinHasInvalidCharacters
FULL_WIDTH_1234 = "\uff11\uff12\uff13\uff14"

GOOD = [
    (AUTHENTICATION, "1234", "1234"),
    (AUTHENTICATION, "0000", "0000"),
    (SIGNATURE, "ABC123", "ABC123"),
    (SIGNATURE, "abc123", "ABC123"),
    (SIGNATURE, "aBcDeF", "ABCDEF"),
    (SIGNATURE, "000000", "000000"),
    (SIGNATURE, "abcdefghijklmnop", "ABCDEFGHIJKLMNOP"),
    (SIGNATURE, "qrstuvwxyz", "QRSTUVWXYZ"),
]
BAD: list[tuple[KeyLayout, str, type[PinError]]] = [
    (AUTHENTICATION, "", LENGTH),
    (AUTHENTICATION, "123", LENGTH),
    (AUTHENTICATION, "12345", LENGTH),
    (AUTHENTICATION, "12345678901234567", LENGTH),
    (AUTHENTICATION, FULL_WIDTH_1234, LENGTH),  # twelve bytes
    (AUTHENTICATION, "1234\0", LENGTH),
    (AUTHENTICATION, "abcd", CHARACTERS),
    (AUTHENTICATION, "12a4", CHARACTERS),
    (AUTHENTICATION, "12 4", CHARACTERS),
    (AUTHENTICATION, "123\0", CHARACTERS),
    (AUTHENTICATION, "\uff111", CHARACTERS),  # four bytes
    (AUTHENTICATION, "\u066112", CHARACTERS),  # an Arabic digit, four bytes
    (SIGNATURE, "", LENGTH),
    (SIGNATURE, "ABC12", LENGTH),
    (SIGNATURE, "ABCDEFGHIJKLMNOPQ", LENGTH),
    (SIGNATURE, "\u3042" * 6, LENGTH),  # six characters, eighteen bytes
    (SIGNATURE, "ABC-123", CHARACTERS),
    (SIGNATURE, "ABC 123", CHARACTERS),
    (SIGNATURE, "ABC123\n", CHARACTERS),
    (SIGNATURE, "ABC123\0", CHARACTERS),
    (SIGNATURE, "\u3042\u3044", CHARACTERS),  # six bytes
    (SIGNATURE, "\uff21\uff22", CHARACTERS),
    (SIGNATURE, "ABC12\xe9", CHARACTERS),
    (SIGNATURE, "stra\xdfe", CHARACTERS),  # its capital form would be ASCII
    (SIGNATURE, "abc12\u0131", CHARACTERS),
]


@pytest.mark.parametrize(("key", "typed", "sent"), GOOD)
def test_right_form(key: KeyLayout, typed: str, sent: str) -> None:
    assert normalize(bytearray(typed, "utf-8"), key.pin_rule) == sent.encode()


@pytest.mark.parametrize(("key", "typed", "error"), BAD)
def test_wrong_form(key: KeyLayout, typed: str, error: type[PinError]) -> None:
    with pytest.raises(PinError) as caught:
        normalize(bytearray(typed, "utf-8"), key.pin_rule)
    assert type(caught.value) is error


@pytest.mark.parametrize("byte", range(256))
def test_every_byte(byte: int) -> None:
    """Digits on one side, letters and digits on the other, nothing else."""
    accepted = {key.name for key in (AUTHENTICATION, SIGNATURE) if _takes(key, byte)}
    expected = {"authentication", "signature"} if chr(byte) in "0123456789" else set()
    if byte < 0x80 and chr(byte).isalpha():
        expected = {"signature"}
    assert accepted == expected


def _takes(key: KeyLayout, byte: int) -> bool:
    try:
        normalize(bytearray([byte]) * key.pin_rule.min_len, key.pin_rule)
    except PinHasInvalidCharacters:
        return False
    return True


@pytest.mark.parametrize(("key", "typed", "_error"), BAD)
def test_no_error_tells_the_pin(key: KeyLayout, typed: str, _error: type[PinError]) -> None:
    with pytest.raises(PinError) as caught:
        normalize(bytearray(typed, "utf-8"), key.pin_rule)
    assert not typed or typed not in str(caught.value)


def test_the_callers_pin_is_left_to_the_caller() -> None:
    typed = bytearray(b"abc123")
    sent = normalize(typed, SIGNATURE.pin_rule)
    wipe(sent)
    assert typed == b"abc123"
    assert sent == bytes(6)
