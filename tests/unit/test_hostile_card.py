"""What a card would do that wants to harm its reader, each at the layer that minds it."""

from __future__ import annotations

import pytest
from torture.hostile_files import rebuilt, rsa_key
from unit import certificates
from unit.jpki_commands import jpki
from unit.scripted import Scripted

from pyjpki11.card.certificate import Certificate
from pyjpki11.errors import BadCardData, CardMute
from pyjpki11.iso7816 import apdu
from pyjpki11.iso7816.channel import MAX_COMMANDS, Channel

CERTIFICATE = certificates.make()
SELECT = ("00A4040C0AD392F000260100000001", "9000")
HEAD, EF = "00B08A0000", 0x0A


def forged(modulus: int = (1 << 2047) + 1, exponent: int = 65537) -> bytes:
    """A certificate with a key that nobody has."""
    return rebuilt(CERTIFICATE, subject_public_key_info=rsa_key(modulus, exponent))


def test_more_than_was_asked_for_is_no_part_of_a_certificate() -> None:
    parts = (CERTIFICATE[:256], CERTIFICATE[255:511], CERTIFICATE[511:])
    answers = [f"{part.hex()}{'AA' * 300}9000" for part in parts]
    rest = f"00B001FF{len(parts[2]):02X}"
    card = Scripted(SELECT, (HEAD, answers[0]), ("00B08AFF00", answers[1]), (rest, answers[2]))
    application = jpki(card)
    read = application.read_head(EF)
    assert len(read) == 256
    assert application.read_certificate(EF, read).der == CERTIFICATE
    card.assert_finished()


def test_a_certificate_in_crumbs_is_given_up() -> None:
    """A byte at a time; the file claims to be as long as a file can be."""
    head = bytes.fromhex("30827F00") + bytes(252)
    crumbs = [(f"00B0{offset:04X}00", "009000") for offset in range(256, 256 + MAX_COMMANDS - 3)]
    again = [("00B08AFF00", "009000"), *crumbs]
    card = Scripted(SELECT, (HEAD, head.hex() + "9000"), *again, ("00B002FD00", "009000"), ("00B002FE00", "009000"))
    application = jpki(card)
    read = application.read_head(EF)
    with pytest.raises(CardMute, match="without progress"):
        application.read_certificate(EF, read)
    assert card.events.count(".") == 2 + MAX_COMMANDS


def test_every_transaction_has_its_own_commands() -> None:
    card = Scripted(*[("00B0000001", "AA9000")] * (MAX_COMMANDS + 1))
    way = Channel(card)
    with way.transaction():
        for _ in range(MAX_COMMANDS):
            way.send(0x00, apdu.READ_BINARY, 0x00, 0x00, response_len=1)
        with pytest.raises(CardMute):
            way.send(0x00, apdu.READ_BINARY, 0x00, 0x00, response_len=1)
    with way.transaction():
        assert way.send(0x00, apdu.READ_BINARY, 0x00, 0x00, response_len=1) == b"\xaa"


@pytest.mark.parametrize("exponent", [0, 1, 2, (1 << 64) + 1])
def test_exponents_that_prove_nothing_or_take_for_ever(exponent: int) -> None:
    with pytest.raises(BadCardData):
        Certificate(forged(exponent=exponent))


@pytest.mark.parametrize("exponent", [3, 65537, (1 << 64) - 1])
def test_exponents_that_are_taken(exponent: int) -> None:
    assert Certificate(forged(exponent=exponent)).exponent == exponent


@pytest.mark.parametrize("bits", [8, 511, 16385, 100_000])
def test_moduli_that_prove_nothing_or_take_for_ever(bits: int) -> None:
    with pytest.raises(BadCardData):
        Certificate(forged((1 << bits - 1) + 1))


@pytest.mark.parametrize("bits", [512, 2048, 16384])
def test_moduli_that_are_taken(bits: int) -> None:
    modulus = (1 << bits - 1) + 1
    assert Certificate(forged(modulus)).modulus == modulus
