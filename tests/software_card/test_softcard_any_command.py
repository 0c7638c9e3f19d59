"""Whatever bytes arrive, the card answers them."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import jpki_softcard

KNOWN = {0x9000, 0x6700, 0x6881, 0x6882, 0x6981, 0x6982, 0x6984, 0x6985, 0x6986, 0x69FC}
KNOWN |= {0x6A80, 0x6A82, 0x6A83, 0x6A86, 0x6A88, 0x6B00, 0x6D00, 0x6E00}
SELECT_JPKI = bytes.fromhex("00A4040C0A D392F000260100000001")

likely_header = st.tuples(
    st.sampled_from([0x00, 0x80, 0x0C, 0x01]),
    st.sampled_from([0xA4, 0xB0, 0xB2, 0x20, 0x24, 0x2A, 0x84, 0x88, 0xCA, 0xC0, 0x32, 0xFC]),
    st.sampled_from([0x00, 0x01, 0x02, 0x04, 0x81, 0x86, 0x8A, 0xFF]),
    st.sampled_from([0x00, 0x0C, 0x80, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0xFF]),
).map(bytes)
body = st.binary(max_size=40) | st.binary(max_size=40).map(lambda data: bytes([len(data)]) + data)
commands = st.builds(lambda head, rest: head + rest, likely_header, body) | st.binary(max_size=300)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(commands, max_size=12))
def test_every_command_is_answered(directory: Path, sequence: list[bytes]) -> None:
    """No exception, a status word that is known, at most 563 bytes of data before it."""
    card = jpki_softcard.load(str(directory))
    card.power_on()
    card.transmit(SELECT_JPKI)
    for command in sequence:
        answer = card.transmit(command)
        word = int.from_bytes(answer[-2:], "big")
        assert word in KNOWN or word & 0xFFF0 == 0x63C0, answer.hex()
        assert word == 0x9000 or len(answer) == 2
        assert len(answer) <= 565


@pytest.mark.parametrize("ins", range(0x100))
def test_no_instruction_signs_or_reads_unasked(directory: Path, ins: int) -> None:
    """Every INS with both classes, before any PIN: no secret file, no signature."""
    card = jpki_softcard.load(str(directory))
    card.power_on()
    card.transmit(SELECT_JPKI)
    for cla in (0x00, 0x80):
        for p2 in (0x80, 0x97, 0x9A):
            card.transmit(bytes([cla, ins, 0x00, p2, 0x01, 0x41, 0x00]))
    assert card.signatures == 0
