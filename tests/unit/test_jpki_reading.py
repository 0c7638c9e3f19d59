"""The JPKI application byte for byte: certificates, and what the card says of itself. Card: notes 1, 5, 6"""

from __future__ import annotations

import pytest
from cryptography.x509.oid import NameOID
from unit import certificates
from unit.jpki_commands import (
    DER,
    FILE,
    GLANCE,
    HEAD,
    OK,
    SELECT_AP,
    TAIL,
    TOKEN_INFO,
    TOKEN_INFO_FILE,
    Lines,
    call_sign,
    chunk,
    jpki,
    select_ef,
    selected,
    sign,
)
from unit.scripted import Scripted

from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.errors import (
    BadCardData,
    SecurityStatusNotSatisfied,
    StatusWordError,
)

# -- reading --------------------------------------------------------------------------------------------


def test_read_head_is_one_command() -> None:
    card, connection = selected(HEAD)
    assert card.read_head(AUTHENTICATION.certificate_ef) == DER[:256]
    connection.assert_finished()


@pytest.mark.parametrize("ef", ["01", "02", "0A", "0B"])
def test_read_head_of_every_certificate(ef: str) -> None:
    card, connection = selected((f"00B0{0x80 | int(ef, 16):02X}0000", chunk(0, 256)))
    assert card.read_head(int(ef, 16)) == DER[:256]
    connection.assert_finished()


def test_the_certificates_are_where_they_were_observed() -> None:
    """Card: notes 1.3"""
    assert (AUTHENTICATION.certificate_ef, AUTHENTICATION.ca_certificate_ef) == (0x000A, 0x000B)
    assert (SIGNATURE.certificate_ef, SIGNATURE.ca_certificate_ef) == (0x0001, 0x0002)


def test_read_certificate_reads_no_byte_behind_it() -> None:
    card, connection = selected(*TAIL)
    assert card.read_certificate(0x000A, DER[:256]).der == DER
    connection.assert_finished()


def test_read_a_long_certificate_in_chunks_of_256() -> None:
    der = certificates.make(certificates.rsa_key(4096), subject=certificates.name(*[_LONG] * 4))
    assert 1023 < len(der) < 1279
    answers = [der[at : at + 256].hex() + OK for at in (255, 511, 767, 1023)]
    commands = ["00B08AFF00", "00B001FF00", "00B002FF00", f"00B003FF{len(der) - 1023:02X}"]
    card, connection = selected(*zip(commands, answers, strict=True))
    assert card.read_certificate(0x000A, der[:256]).der == der
    connection.assert_finished()


_LONG = (NameOID.LOCALITY_NAME, "L" * 60)


def test_a_file_shorter_than_its_head() -> None:
    """The filler behind it is cut off, and nothing more is read."""
    short = bytes.fromhex("3003020105")
    card, connection = selected(("00B08A0000", (short + b"\xff" * 251).hex() + OK), SELECT_AP)
    assert card.read_head(0x000A) == short
    with pytest.raises(BadCardData):
        card.read_certificate(0x000A, short)
    connection.assert_finished()


def test_a_short_answer_goes_on_where_it_ended() -> None:
    """A reader that gives 100 bytes at a time is slow, not broken."""
    starts = [255, *range(355, len(DER), 100)]
    lines: Lines = []
    for start in starts:
        wanted = min(256, len(DER) - start) & 0xFF
        command = "00B08AFF00" if start == 255 else f"00B0{start:04X}{wanted:02X}"
        lines.append((command, chunk(start, min(100, len(DER) - start))))
    card, connection = selected(*lines)
    assert card.read_certificate(0x000A, DER[:256]).der == DER
    connection.assert_finished()


# what goes wrong -> the exchanges until the application is selected again
BROKEN: dict[str, Lines] = {
    "nothing": [("00B08A0000", OK)],
    "filler": [("00B08A0000", "FF" * 256 + OK)],
    "no end": [("00B08A0000", "3080" + "00" * 254 + OK)],
}


@pytest.mark.parametrize("lines", BROKEN.values(), ids=BROKEN)
def test_no_certificate_in_the_file(lines: Lines) -> None:
    """Asked twice, since it could have been another application's file."""
    card, connection = selected(*lines, SELECT_AP, *lines)
    with pytest.raises(BadCardData):
        card.read_head(0x000A)
    connection.assert_finished()


TAILS: dict[str, Lines] = {
    "empty": [("00B08AFF00", OK)],
    "changed": [("00B08AFF00", "%02X" % (FILE[255] ^ 1) + chunk(256, 255))],
    "cut off": [TAIL[0], (TAIL[1][0], OK)],
}


@pytest.mark.parametrize("lines", TAILS.values(), ids=TAILS)
def test_certificate_cut_off_on_the_card(lines: Lines) -> None:
    card, connection = selected(*lines, SELECT_AP, *lines)
    with pytest.raises(BadCardData):
        card.read_certificate(0x000A, DER[:256])
    connection.assert_finished()


def test_a_certificate_longer_than_any_file() -> None:
    """The reading ends where no offset can be named any more."""
    head = bytes.fromhex("308300FFFF") + bytes(251)

    class Endless(Scripted):
        def transmit(self, command: bytes | bytearray) -> bytes:
            self.events.append(".")
            return (head[255:] if len(command) == 5 else b"") + bytes(255) + b"\x90\0"

    connection = Endless()
    with pytest.raises(BadCardData):
        jpki(connection).read_certificate(0x000A, head)
    assert connection.events.count(".") < 2 * 0x8000 // 255 + 8


def test_reading_what_needs_its_pin() -> None:
    card, connection = selected(("00B0810000", "6982"), SELECT_AP, ("00B0810000", "6982"))
    with pytest.raises(SecurityStatusNotSatisfied):
        card.read_head(0x0001)
    connection.assert_finished()


def test_reading_without_short_ids_is_learnt() -> None:
    """The refusal is met once; from then on files are selected."""
    lines: Lines = [("00B08A0000", "6A86"), select_ef("000A"), ("00B0000000", chunk(0, 256))]
    lines += [select_ef("000A"), ("00B000FF00", chunk(255, 256)), TAIL[1]]
    card, connection = selected(*lines, select_ef("0017"), sign(AUTHENTICATION, p2="80"))
    head = card.read_head(0x000A)
    assert card.read_certificate(0x000A, head).der == DER
    call_sign(card, AUTHENTICATION)
    connection.assert_finished()


def test_a_missing_file_does_not_cost_the_short_ids() -> None:
    missing: Lines = [("00B0810000", "6A82"), select_ef("0001", "6A82")]
    card, connection = selected(*missing, SELECT_AP, *missing, HEAD)
    with pytest.raises(StatusWordError):
        card.read_head(0x0001)
    card.read_head(0x000A)
    connection.assert_finished()


def test_reading_after_another_program_selected_another_application() -> None:
    card, connection = selected(("00B08A0000", "6A82"), select_ef("000A", "6A82"), SELECT_AP, HEAD)
    assert card.read_head(0x000A) == DER[:256]
    connection.assert_finished()


# -- token information ----------------------------------------------------------------------------------


def test_identity() -> None:
    """Read right after the SELECT. Card: notes 5"""
    connection = Scripted(SELECT_AP, TOKEN_INFO, TOKEN_INFO)
    card = jpki(connection)
    for info in (card.read_token_info(), card.read_token_info()):
        told = (info.label, info.manufacturer, info.model, info.serial_number, info.kind)
        assert told == (
            "JPKIAPICCTOKEN2",
            "0" * 31 + "1",
            "E16R01NJ",
            "0000000020500003",
            "individual-number-card",
        )
    connection.assert_finished()


def test_no_token_info_is_no_error() -> None:
    connection = Scripted(SELECT_AP, ("00B0860060", "6A82"), select_ef("0006", "6A82"))
    info = jpki(connection).read_token_info()
    assert (info.label, info.kind) == ("", "other-jpki")
    connection.assert_finished()


# -- at first glance --------------------------------------------------------------------------------------


@pytest.mark.parametrize("selects_first", [False, True], ids=["as it is", "selected"])
def test_glance(selects_first: bool) -> None:
    """The beginning of the authentication certificate; without a SELECT, nothing proves yet whose file that is."""
    connection = Scripted(*([SELECT_AP] if selects_first else []), GLANCE)
    card = jpki(connection)
    assert card.glance(selects_first) == DER[:64]
    assert card.is_selected == selects_first
    connection.assert_finished()
    assert connection.events.count("begin") == 1


@pytest.mark.parametrize("answer", ["6A82", "6982", "6986", "6D00", "6F00", "6C10"])
@pytest.mark.parametrize("selects_first", [False, True], ids=["as it is", "selected"])
def test_glance_at_a_card_that_shows_nothing(selects_first: bool, answer: str) -> None:
    """A phone, which shows no certificate yet; a card without one; another application. It is looked at once."""
    again = [("00B08A0010", "6A82")] if answer == "6C10" else []
    connection = Scripted(*([SELECT_AP] if selects_first else []), (GLANCE[0], answer), *again)
    assert jpki(connection).glance(selects_first) == b""
    connection.assert_finished()


def test_glance_after_a_reset_selects_first() -> None:
    """A card that was reset has nothing selected."""
    connection = Scripted(SELECT_AP, GLANCE, resets=(0,))
    assert jpki(connection).glance(False) == DER[:64]
    connection.assert_finished()


KINDS = {
    "JPKIAPICCTOKEN2": "individual-number-card",
    "JPKIAPICCTOKEN": "juki-card",
    "JPKIAPGPSETOKEN": "android",
    "JPKIAPIOSTOKEN": "iphone",
    "JPKIAPICCTOKEN3": "other-jpki",
}


@pytest.mark.parametrize("filler", [b" ", b"\0"], ids=["spaces", "zeros"])
@pytest.mark.parametrize(("label", "kind"), KINDS.items())
def test_kinds_of_cards(label: str, kind: str, filler: bytes) -> None:
    info = TokenInfo(label.encode().ljust(32, filler) + TOKEN_INFO_FILE[32:])
    assert (info.label, info.kind) == (label, kind)


@pytest.mark.parametrize("data", [b"", b"JPKI", b"\xff" * 160, bytes(160)], ids=len)
def test_token_info_of_any_form(data: bytes) -> None:
    info = TokenInfo(data)
    assert info.kind == "other-jpki"
    assert all(isinstance(text, str) for text in (info.label, info.manufacturer, info.model))
