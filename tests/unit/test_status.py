"""Status words: what they say about tries, and in words."""

from __future__ import annotations

import pytest

from pyjpki11.iso7816 import status

# Card: notes 3.2, 3.3
TRIES = {
    0x63C0: 0,
    0x63C1: 1,
    0x63C5: 5,
    0x63CF: 15,
    0x6983: 0,
    0x6984: 0,
    0x9000: None,
    0x6300: None,
    0x63B0: None,
    0x6700: None,
    0x6982: None,
    0x6985: None,
    0x6F00: None,
    0xC0C0: None,
}
WORDS = {
    0x9000: "9000 (success)",
    0x63C2: "63C2 (2 tries left)",
    0x6A82: "6A82 (file or application not found)",
    0x1234: "1234 (undefined)",
    0x0000: "0000 (undefined)",
}


@pytest.mark.parametrize(("sw", "expected"), TRIES.items(), ids=map(hex, TRIES))
def test_tries_left(sw: int, expected: int | None) -> None:
    assert status.tries_left(sw) == expected


@pytest.mark.parametrize(("sw", "expected"), WORDS.items(), ids=map(hex, WORDS))
def test_describe(sw: int, expected: str) -> None:
    assert status.describe(sw) == expected


def test_every_word_has_two_bytes_and_a_meaning() -> None:
    assert all(0x6000 <= sw <= 0x9FFF and meaning for sw, meaning in status.MEANINGS.items())
