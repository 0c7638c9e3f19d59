"""What people type that means the same, and what is wrong with the rest."""

from __future__ import annotations

import pytest

from pyjpki11.card import pin
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, KeyLayout
from pyjpki11.card.pin import normalize
from pyjpki11.cli.language import _
from pyjpki11.cli.wording import pin_form
from pyjpki11.errors import PinFormError

FOLDED = [
    ("1234", "1234"),
    ("\uff11\uff12\uff13\uff14", "1234"),
    ("\uff21\uff22\uff23\uff11\uff12\uff13", "ABC123"),
    ("\uff41\uff42c12\uff13", "abc123"),
    ("1234\u3000", "1234 "),  # which is then named
    ("\u2460\u2461", "12"),
    ("\u3042\uff11", "\u30421"),
    ("\u2469", "\u2469"),  # 10 in a circle: two characters
    ("", ""),
]


@pytest.mark.parametrize(("typed", "meant"), FOLDED)
def test_full_width_characters_are_taken_as_half_width_ones(typed: str, meant: str) -> None:
    given = bytearray(typed.encode())
    assert pin_form.folded(given) == meant.encode()
    assert given == typed.encode(), "it belongs to the caller"


@pytest.mark.parametrize("raw", [b"\xff\xfe12", b"\xef\xbc", b"12\xe3\x81", b"\xed\xa0\x80", b"\xc0\xb1"])
def test_what_is_no_utf_8_stays_as_it_is(raw: bytes) -> None:
    assert pin_form.folded(bytearray(raw)) == raw


FAULTS: list[tuple[KeyLayout, bytes, str]] = [
    (AUTHENTICATION, b"", pin.EMPTY),
    (AUTHENTICATION, b"123", pin.TOO_SHORT),
    (AUTHENTICATION, b"12345", pin.TOO_LONG),
    (AUTHENTICATION, b"1234 ", pin.BLANK_AT_END),
    (AUTHENTICATION, b"123 ", pin.BLANK_AT_END),
    (AUTHENTICATION, b"12 34", pin.BLANK),
    (AUTHENTICATION, b"\x1b[A1234", pin.CONTROL),
    (AUTHENTICATION, "\u3042".encode(), pin.NOT_ASCII),
    (AUTHENTICATION, b"12a4", pin.LETTER),
    (AUTHENTICATION, b"12-4", pin.SYMBOL),
    (SIGNATURE, b"ABC12", pin.TOO_SHORT),
    (SIGNATURE, b"ABC-123", pin.SYMBOL),
    (SIGNATURE, b"ABC123 ", pin.BLANK_AT_END),
]


@pytest.mark.parametrize(("key", "given", "fault"), FAULTS)
def test_what_is_wrong_is_named(key: KeyLayout, given: bytes, fault: str) -> None:
    with pytest.raises(PinFormError) as caught:
        normalize(bytearray(given), key.pin_rule)
    assert caught.value.fault == fault
    assert pin_form.fault(caught.value) == _(pin_form.FAULTS[fault])


def test_every_fault_has_its_sentence() -> None:
    names = [value for name, value in vars(pin).items() if name.isupper() and isinstance(value, str)]
    assert set(names) == set(pin_form.FAULTS)
