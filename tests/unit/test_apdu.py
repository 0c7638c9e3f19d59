"""Command APDUs, byte for byte. Spec: ISO/IEC 7816-4:2020 5.2"""

from __future__ import annotations

import pytest

from pyjpki11.iso7816 import apdu

# data length, response length -> what follows CLA INS P1 P2 before the data, and after it
CASES = {
    "1: neither": (0, 0, "", ""),
    "2: one byte back": (0, 1, "", "01"),
    "2: 255 bytes back": (0, 255, "", "FF"),
    "2: 256 bytes back": (0, 256, "", "00"),
    "3: one byte": (1, 0, "01", ""),
    "3: 255 bytes": (255, 0, "FF", ""),
    "4: one byte, 256 back": (1, 256, "01", "00"),
    "4: 255 bytes, one back": (255, 1, "FF", "01"),
}


@pytest.mark.parametrize(("data_len", "response_len", "before", "after"), CASES.values(), ids=CASES)
def test_encoding(data_len: int, response_len: int, before: str, after: str) -> None:
    data = bytes(i & 0xFF for i in range(data_len))
    expected = bytes.fromhex("80 2A 04 97" + before) + data + bytes.fromhex(after)
    assert apdu.encode(0x80, 0x2A, 0x04, 0x97, data, response_len) == expected


def test_the_tries_query_has_exactly_four_bytes() -> None:
    """A fifth byte is 6700 on a real card. Card: notes 3.3"""
    assert apdu.encode(0x00, apdu.VERIFY, 0x00, 0x80) == bytes.fromhex("00200080")


def test_a_command_can_be_wiped() -> None:
    assert isinstance(apdu.encode(0x00, apdu.VERIFY, 0x00, 0x80, b"1234"), bytearray)


def test_a_bytearray_is_copied() -> None:
    pin = bytearray(b"1234")
    command = apdu.encode(0x00, apdu.VERIFY, 0x00, 0x80, pin)
    pin[:] = bytes(4)
    assert command.endswith(b"1234")


@pytest.mark.parametrize("length", [256, 1000])
def test_what_has_no_short_form_is_refused(length: int) -> None:
    """Never a command whose length byte is wrong."""
    with pytest.raises(ValueError):
        apdu.encode(0x00, 0xA4, 0x00, 0x00, bytes(length))
