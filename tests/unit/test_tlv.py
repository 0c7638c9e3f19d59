"""BER-TLV: every form of tag and length, and whatever is cut off. Spec: ISO/IEC 8825-1:2021 8.1"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjpki11.errors import BadCardData
from pyjpki11.iso7816.tlv import Reader, read_header

# header in hex -> tag, length of the header, length of the value
HEADERS = {
    "3000": (0x30, 2, 0x00),
    "0201": (0x02, 2, 0x01),
    "307F": (0x30, 2, 0x7F),
    "308180": (0x30, 3, 0x80),
    "3081FF": (0x30, 3, 0xFF),
    "30820100": (0x30, 4, 0x100),
    "3082FFFF": (0x30, 4, 0xFFFF),
    "3083010000": (0x30, 5, 0x10000),
    "308400000001": (0x30, 6, 1),
    "308105": (0x30, 3, 5),  # the card writes long forms of short lengths too. Card: notes 7.1
    "30820005": (0x30, 4, 5),
    "DF2108": (0xDF21, 3, 8),
    "FF208183": (0xFF20, 4, 0x83),
    "FF20820083": (0xFF20, 5, 0x83),
    "1F0100": (0x1F01, 3, 0),
}
CUT_OFF = ["", "30", "DF", "DF21", "3081", "308201", "30820", "30840000"]
BAD_LENGTHS = ["3080", "3085", "308500000001AA", "30FF"]


@pytest.mark.parametrize(("text", "expected"), HEADERS.items())
def test_header(text: str, expected: tuple[int, int, int]) -> None:
    data = bytes.fromhex(text)
    assert read_header(data) == expected
    tag, value, length = expected
    assert read_header(b"\xff\xff" + data, 2) == (tag, value + 2, length)


@pytest.mark.parametrize("text", [text for text in CUT_OFF if len(text) % 2 == 0])
def test_header_cut_off(text: str) -> None:
    with pytest.raises(BadCardData):
        read_header(bytes.fromhex(text))


@pytest.mark.parametrize("text", BAD_LENGTHS)
def test_length_without_an_end_or_too_long(text: str) -> None:
    with pytest.raises(BadCardData):
        read_header(bytes.fromhex(text))


@pytest.mark.parametrize("length", [0, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF])
def test_value_of_every_length(length: int) -> None:
    header = {0: "3000", 0x7F: "307F", 0x80: "308180", 0xFF: "3081FF", 0x100: "30820100", 0xFFFF: "3082FFFF"}
    value = b"\xa5" * length
    element = bytes.fromhex(header[length]) + value
    assert Reader(element + b"rest").take_element(0x30) == element
    assert Reader(element + b"rest").take_value(0x30) == value
    with pytest.raises(BadCardData):
        Reader(element[:-1]).take()


def test_elements_one_after_another() -> None:
    reader = Reader(bytes.fromhex("020105 0500 DF2101AA"))
    assert reader.next_tag() == 0x02
    assert reader.take(0x02) == (0, 2, 3)
    assert reader.take_element() == bytes.fromhex("0500")
    assert reader.take_value(0xDF21) == b"\xaa"
    assert reader.at_end()
    assert reader.next_tag() is None
    with pytest.raises(BadCardData):
        reader.take()


def test_inner_element_must_end_within_the_outer() -> None:
    inside = Reader(bytes.fromhex("3003 0204FFFFFFFF")).enter(0x30)
    with pytest.raises(BadCardData):
        inside.take()


def test_nothing_is_taken_from_behind_the_outer() -> None:
    inside = Reader(bytes.fromhex("3000 0500")).enter(0x30)
    assert inside.at_end()
    with pytest.raises(BadCardData):
        inside.take()


def test_another_tag_than_expected() -> None:
    with pytest.raises(BadCardData, match="02 where 30"):
        Reader(bytes.fromhex("0200")).enter(0x30)


@given(st.binary(max_size=40), st.integers(0, 50))
def test_any_bytes(data: bytes, start: int) -> None:
    """Elements lie within the data, or it is BadCardData."""
    reader = Reader(data, start)
    try:
        while not reader.at_end():
            before = reader.position
            first, value, end = reader.take()
            assert before == first < value <= end <= len(data)
    except BadCardData:
        pass
