"""The JPKI application's commands, byte for byte. Card: reference 1, 3, 4

The bytes are written out here once more, so that a wrong constant cannot agree with itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.x509.oid import NameOID
from unit import certificates
from unit.scripted import Scripted

from pyjpki11.card import layout
from pyjpki11.card.jpki import JpkiCard
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, KeyLayout
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.errors import (
    BadCardData,
    CardMute,
    CardNotRecognized,
    CardRemoved,
    JpkiError,
    PinBlocked,
    PinRejected,
    SecurityStatusNotSatisfied,
    StatusWordError,
)

Lines = list[tuple[str, str | JpkiError]]

OK = "9000"
#: Card: reference 5, the vector
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
ISSUER_DOMAIN, TEXT_AP = "00A4040C07A0000001510000", "00A4040C0AD3921000310001010408"
BLOCK = "AABBCC"
SIGNATURE_BYTES = "5A" * 256
#: Key pair -> hex of its PIN's EF, its key's EF, the signing command's P2 that names it.
FILES = {"authentication": ("0018", "0017", "97"), "signature": ("001B", "001A", "9A")}
PINS = {"authentication": b"1234", "signature": b"ABC123"}
KEYS = pytest.mark.parametrize("key", [AUTHENTICATION, SIGNATURE], ids=lambda key: str(key.name))


def select_ef(ef: str, answer: str = OK) -> tuple[str, str]:
    """SELECT of an elementary file."""
    return f"00A4020C02{ef}", answer


def verify(key: KeyLayout, answer: str | JpkiError = OK) -> tuple[str, str | JpkiError]:
    """VERIFY with the key's PIN."""
    pin = PINS[key.name]
    return f"00200080{len(pin):02X}{pin.hex().upper()}", answer


def sign(key: KeyLayout, answer: str | JpkiError = SIGNATURE_BYTES + OK, p2: str = "") -> Any:
    """The signing command, with the key's short identifier unless another P2 is given."""
    return f"802A00{p2 or FILES[key.name][2]}03{BLOCK}00", answer


def selected(*lines: tuple[str, str | JpkiError], resets: tuple[int, ...] = ()) -> tuple[JpkiCard, Scripted]:
    """A card that has been identified, in transaction 0."""
    connection = Scripted(SELECT_AP, TOKEN_INFO, *lines, resets=resets)
    card = JpkiCard(connection)
    card.identify()
    return card, connection


def call_sign(card: JpkiCard, key: KeyLayout) -> bytes:
    """Sign BLOCK."""
    return card.sign(key, bytes.fromhex(BLOCK))


def call_verify(card: JpkiCard, key: KeyLayout) -> None:
    """Present the right PIN."""
    card.verify_pin(key, bytearray(PINS[key.name]))


# -- select ---------------------------------------------------------------------------------------------

# what the card says to the first SELECTs -> whether it is one of ours
FIRST_ANSWERS: dict[str, tuple[list[str], type[JpkiError] | None]] = {
    "My Number card": (["9000"], None),
    "6F00 to the first command": (["6F00", "9000"], None),
    "6F00 twice": (["6F00", "6F00"], StatusWordError),
    "no such application": (["6A82"], CardNotRecognized),
    "6F00, then no such application": (["6F00", "6A82"], CardNotRecognized),
    "function not supported": (["6A81"], CardNotRecognized),
    "unknown class": (["6E00"], StatusWordError),
    "half an answer": (["90"], CardMute),
}


@pytest.mark.parametrize(("answers", "error"), FIRST_ANSWERS.values(), ids=FIRST_ANSWERS)
def test_recognition(answers: list[str], error: type[JpkiError] | None) -> None:
    lines: Lines = [(SELECT_AP_COMMAND, answer) for answer in answers]
    connection = Scripted(*lines, *([] if error else [TOKEN_INFO]))
    if error is None:
        JpkiCard(connection).identify()
    else:
        with pytest.raises(error):
            JpkiCard(connection).identify()
    connection.assert_finished()


def test_selected_once_for_several_steps() -> None:
    card, connection = selected(sign(AUTHENTICATION), sign(AUTHENTICATION))
    signatures = [call_sign(card, AUTHENTICATION), call_sign(card, AUTHENTICATION)]
    assert signatures == [bytes.fromhex(SIGNATURE_BYTES)] * 2
    connection.assert_finished()
    assert connection.events == ["begin", ".", ".", "end"] + ["begin", ".", "end"] * 2


def test_selected_again_after_a_reset() -> None:
    card, connection = selected(SELECT_AP, sign(AUTHENTICATION), resets=(1,))
    call_sign(card, AUTHENTICATION)
    connection.assert_finished()


def test_close() -> None:
    card, connection = selected()
    card.close()
    assert connection.events == ["begin", ".", ".", "end", "close"]


# -- VERIFY ---------------------------------------------------------------------------------------------

ANSWERS: dict[str, tuple[str | JpkiError, type[JpkiError] | None, int | None]] = {
    "right": ("9000", None, None),
    "wrong, four left": ("63C4", PinRejected, 4),
    "wrong, two left": ("63C2", PinRejected, 2),
    "wrong, one left": ("63C1", PinRejected, 1),
    "wrong, uncounted": ("6300", PinRejected, None),
    "wrong, the last": ("63C0", PinBlocked, None),
    "blocked as measured": ("6984", PinBlocked, None),
    "blocked as in the standard": ("6983", PinBlocked, None),
    "6F00": ("6F00", StatusWordError, None),
    "wrong length": ("6700", StatusWordError, None),
    "6Cxx": ("6C04", StatusWordError, None),
    "security status": ("6982", StatusWordError, None),
    "another application in between": ("6986", StatusWordError, None),
    "silence": (CardMute(), CardMute, None),
    "one byte": ("90", CardMute, None),
    "removal": (CardRemoved(), CardRemoved, None),
}


@KEYS
@pytest.mark.parametrize(("answer", "error", "tries_left"), ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("was_selected", [False, True], ids=["fresh", "selected"])
def test_verify_is_sent_once_after_both_selects(
    key: KeyLayout,
    answer: str | JpkiError,
    error: type[JpkiError] | None,
    tries_left: int | None,
    was_selected: bool,
) -> None:
    """In the same transaction, and never a second time."""
    lines: Lines = [SELECT_AP, select_ef(FILES[key.name][0]), verify(key, answer)]
    connection = Scripted(*([SELECT_AP, TOKEN_INFO] if was_selected else []), *lines)
    card = JpkiCard(connection)
    if was_selected:
        card.identify()
    if error is None:
        call_verify(card, key)
    else:
        with pytest.raises(error) as caught:
            call_verify(card, key)
        assert type(caught.value) is error
        assert getattr(caught.value, "tries_left", None) == tries_left
    connection.assert_finished()
    assert connection.events[-5:] == ["begin", ".", ".", ".", "end"]


def test_verify_answered_with_61xx() -> None:
    """Odd, but no reason to present the PIN again."""
    lines: Lines = [select_ef("0018"), verify(AUTHENTICATION, "6102"), ("00C0000002", "0000" + OK)]
    connection = Scripted(SELECT_AP, *lines)
    call_verify(JpkiCard(connection), AUTHENTICATION)
    connection.assert_finished()


@KEYS
def test_verify_by_short_id_where_the_card_has_counted_by_it(key: KeyLayout) -> None:
    """The query shows that the card knows the PIN by that name; the application is still selected first."""
    ef = FILES[key.name][0]
    query = (f"002000{0x80 | int(ef, 16):02X}", f"63C{key.pin_rule.max_tries}")
    pin = PINS[key.name]
    named = (f"{query[0]}{len(pin):02X}{pin.hex().upper()}", OK)
    card, connection = selected(query, SELECT_AP, named)
    assert card.tries_left(key) == key.pin_rule.max_tries
    call_verify(card, key)
    connection.assert_finished()
    assert connection.events[-4:] == ["begin", ".", ".", "end"]


@pytest.mark.parametrize("answer", ["6A86", "9000", "6700", "63CF", "6983"])
def test_verify_after_select_where_it_has_not(answer: str) -> None:
    """A card that knows no short identifiers there, or that counts in another way."""
    told: Lines = [] if answer in ("9000", "63CF", "6983") else [select_ef("0018"), ("00200080", "63C3")]
    lines: Lines = [("00200098", answer), *told, SELECT_AP, select_ef("0018"), verify(AUTHENTICATION)]
    card, connection = selected(*lines)
    card.tries_left(AUTHENTICATION)
    call_verify(card, AUTHENTICATION)
    connection.assert_finished()


def test_the_other_pin_is_not_meant() -> None:
    card, connection = selected(("00200098", "63C3"), SELECT_AP, select_ef("001B"), verify(SIGNATURE))
    card.tries_left(AUTHENTICATION)
    call_verify(card, SIGNATURE)
    connection.assert_finished()


def test_verify_by_short_id_that_the_card_refuses_is_not_repeated() -> None:
    card, connection = selected(("00200098", "63C3"), SELECT_AP, ("002000980431323334", "6A86"))
    card.tries_left(AUTHENTICATION)
    with pytest.raises(StatusWordError):
        call_verify(card, AUTHENTICATION)
    connection.assert_finished()


NOT_REACHED: dict[str, tuple[Lines, type[JpkiError]]] = {
    "no application": ([(SELECT_AP_COMMAND, "6A82")], CardNotRecognized),
    "6F00 twice": ([(SELECT_AP_COMMAND, "6F00")] * 2, StatusWordError),
    "no PIN file": ([SELECT_AP, select_ef("0018", "6A82")], StatusWordError),
    "6F00 to the file": ([SELECT_AP, select_ef("0018", "6F00")], StatusWordError),
    "silence": ([SELECT_AP, ("00A4020C020018", CardMute())], CardMute),
    "removal": ([(SELECT_AP_COMMAND, CardRemoved())], CardRemoved),
}


@pytest.mark.parametrize(("lines", "error"), NOT_REACHED.values(), ids=NOT_REACHED)
def test_no_verify_without_its_selects(lines: Lines, error: type[JpkiError]) -> None:
    connection = Scripted(*lines)
    with pytest.raises(error):
        call_verify(JpkiCard(connection), AUTHENTICATION)
    connection.assert_finished()


def test_first_command_6f00_before_verify() -> None:
    lines: Lines = [(SELECT_AP_COMMAND, "6F00"), SELECT_AP, select_ef("0018"), verify(AUTHENTICATION)]
    connection = Scripted(*lines)
    call_verify(JpkiCard(connection), AUTHENTICATION)
    connection.assert_finished()


def test_no_pin_stays_behind_in_a_command() -> None:
    connection = Scripted(SELECT_AP, select_ef("0018"), verify(AUTHENTICATION, "63C2"))
    with pytest.raises(PinRejected):
        call_verify(JpkiCard(connection), AUTHENTICATION)
    assert connection.seen[-1] == bytes(9)


# -- CHANGE ---------------------------------------------------------------------------------------------

NEW = {"authentication": b"5678", "signature": b"NEWPASS1"}


def change(key: KeyLayout, answer: str | JpkiError = OK) -> tuple[str, str | JpkiError]:
    """CHANGE REFERENCE DATA, with the new PIN only. Card: reference 3.5"""
    return f"00240180{len(NEW[key.name]):02X}{NEW[key.name].hex().upper()}", answer


def call_change(card: JpkiCard, key: KeyLayout) -> None:
    """From the right PIN to the new one."""
    card.change_pin(key, bytearray(PINS[key.name]), bytearray(NEW[key.name]))


@KEYS
def test_change(key: KeyLayout) -> None:
    """VERIFY of the old one and CHANGE, in one transaction after both SELECTs."""
    card, connection = selected(SELECT_AP, select_ef(FILES[key.name][0]), verify(key), change(key))
    call_change(card, key)
    connection.assert_finished()
    assert connection.events[-6:] == ["begin", ".", ".", ".", ".", "end"]
    assert connection.seen[-2:] == [bytes(len(command)) for command in connection.seen[-2:]]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("63C2", PinRejected),
        ("6300", PinRejected),
        ("63C0", PinBlocked),
        ("6984", PinBlocked),
        ("6F00", StatusWordError),
        ("6C04", StatusWordError),
        (CardMute(), CardMute),
    ],
)
def test_nothing_is_changed_without_the_old_pin(answer: str | JpkiError, error: type[JpkiError]) -> None:
    lines: Lines = [SELECT_AP, select_ef("0018"), verify(AUTHENTICATION, answer)]
    card, connection = selected(*lines)
    with pytest.raises(error):
        call_change(card, AUTHENTICATION)
    connection.assert_finished()


@pytest.mark.parametrize("answer", ["6A80", "6700", "6982", "6F00", CardMute(), CardRemoved()], ids=repr)
def test_a_change_refused_is_not_tried_again(answer: str | JpkiError) -> None:
    """Neither it nor the VERIFY before it."""
    lines: Lines = [SELECT_AP, select_ef("0018"), verify(AUTHENTICATION), change(AUTHENTICATION, answer)]
    card, connection = selected(*lines)
    with pytest.raises(JpkiError):
        call_change(card, AUTHENTICATION)
    connection.assert_finished()


# -- tries ----------------------------------------------------------------------------------------------


QUERY = {"authentication": "00200098", "signature": "0020009B"}


@KEYS
@pytest.mark.parametrize(
    ("answer", "expected"),
    [("63C3", 3), ("63C1", 1), ("63C0", 0), ("6984", 0), ("6983", 0), ("9000", None)],
)
def test_tries_left(key: KeyLayout, answer: str, expected: int | None) -> None:
    """The query has four bytes."""
    card, connection = selected((QUERY[key.name], answer))
    assert card.tries_left(key) == expected
    connection.assert_finished()


@KEYS
@pytest.mark.parametrize(("answer", "expected"), [("63C3", 3), ("6984", 0), ("9000", None), ("6700", None)])
def test_tries_left_on_a_card_without_short_ids(key: KeyLayout, answer: str, expected: int | None) -> None:
    """Whatever else it answers, nothing is known."""
    lines: Lines = [(QUERY[key.name], "6A86"), select_ef(FILES[key.name][0]), ("00200080", answer)]
    card, connection = selected(*lines)
    assert card.tries_left(key) == expected
    connection.assert_finished()


def test_tries_left_while_another_application_is_selected() -> None:
    refused: Lines = [("00200098", "6A82"), select_ef("0018", "6A82"), SELECT_AP]
    card, connection = selected(*refused, ("00200098", "63C3"))
    assert card.tries_left(AUTHENTICATION) == 3
    connection.assert_finished()


# -- signing --------------------------------------------------------------------------------------------


@KEYS
def test_sign_names_the_key(key: KeyLayout) -> None:
    card, connection = selected(sign(key))
    assert call_sign(card, key) == bytes.fromhex(SIGNATURE_BYTES)
    connection.assert_finished()


@KEYS
@pytest.mark.parametrize("refusal", ["6A86", "6A82", "6A88", "6700", "6985"])
def test_sign_on_a_card_without_short_ids(key: KeyLayout, refusal: str) -> None:
    lines: Lines = [sign(key, refusal), select_ef(FILES[key.name][1]), sign(key, p2="80")]
    card, connection = selected(*lines)
    assert call_sign(card, key) == bytes.fromhex(SIGNATURE_BYTES)
    connection.assert_finished()


def test_sign_after_another_program_selected_another_application() -> None:
    """It is selected again, and the card then says that the login is lost."""
    refused: Lines = [sign(AUTHENTICATION, "6A82"), select_ef("0017", "6A82"), SELECT_AP]
    card, connection = selected(*refused, sign(AUTHENTICATION, "6982"))
    with pytest.raises(SecurityStatusNotSatisfied):
        call_sign(card, AUTHENTICATION)
    connection.assert_finished()


def test_sign_without_pin() -> None:
    """No fallback to SELECT: the answer is clear. But the application may be another one's."""
    card, connection = selected(sign(AUTHENTICATION, "6982"), SELECT_AP, sign(AUTHENTICATION, "6982"))
    with pytest.raises(SecurityStatusNotSatisfied):
        call_sign(card, AUTHENTICATION)
    connection.assert_finished()


@pytest.mark.parametrize("error", [CardMute(), CardRemoved()], ids=["silence", "removal"])
def test_sign_lost_on_the_way(error: JpkiError) -> None:
    card, connection = selected(sign(AUTHENTICATION, error))
    with pytest.raises(type(error)):
        call_sign(card, AUTHENTICATION)
    connection.assert_finished()


def test_a_silent_card_is_selected_again() -> None:
    card, connection = selected(sign(AUTHENTICATION, CardMute()), SELECT_AP, sign(AUTHENTICATION))
    with pytest.raises(CardMute):
        call_sign(card, AUTHENTICATION)
    assert call_sign(card, AUTHENTICATION) == bytes.fromhex(SIGNATURE_BYTES)
    connection.assert_finished()


def test_sign_pss() -> None:
    """P1=04, P2 and the rest as ever. Card: reference 4.1"""
    card, connection = selected((f"802A049720{'AB' * 32}00", SIGNATURE_BYTES + OK))
    assert card.sign_pss(AUTHENTICATION, b"\xab" * 32) == bytes.fromhex(SIGNATURE_BYTES)
    connection.assert_finished()


@KEYS
def test_probe_for_pss_signs_nothing(key: KeyLayout) -> None:
    """31 bytes are no hash, and P1=7F is no mode. Design: decision 8"""
    p2 = FILES[key.name][2]
    lines = [(f"802A{mode}{p2}1F{'00' * 31}00", answer) for mode, answer in (("04", "6700"), ("7F", "6A86"))]
    connection = Scripted(SELECT_AP, *lines)
    assert JpkiCard(connection).probe_pss(key) == (0x6700, 0x6A86)
    connection.assert_finished()
    assert connection.events == ["begin", ".", ".", ".", "end"]


def test_probe_for_pss_without_short_ids() -> None:
    refused: Lines = [("00B0860060", "6A86"), select_ef("0006"), ("00B0000060", TOKEN_INFO[1])]
    block = f"801F{'00' * 31}00"
    probes: Lines = [
        select_ef("0017"),
        (f"802A04{block}", "6700"),
        select_ef("0017"),
        (f"802A7F{block}", "6A86"),
    ]
    connection = Scripted(SELECT_AP, *refused, SELECT_AP, *probes)
    card = JpkiCard(connection)
    card.identify()
    assert card.probe_pss(AUTHENTICATION) == (0x6700, 0x6A86)


# -- reading --------------------------------------------------------------------------------------------

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
    """Card: reference 1.3"""
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
        JpkiCard(connection).read_certificate(0x000A, head)
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
    """Read right after the SELECT, whatever was selected before. Card: reference 5"""
    connection = Scripted(*[SELECT_AP, TOKEN_INFO] * 2)
    card = JpkiCard(connection)
    for info in (card.identify(), card.identify()):
        told = (info.label, info.manufacturer, info.model, info.serial_number, info.kind)
        assert told == (
            "JPKIAPICCTOKEN2",
            "0" * 31 + "1",
            "E16R01NJ",
            "0000000020500003",
            "Individual Number Card",
        )
    connection.assert_finished()


def test_no_token_info_is_no_error() -> None:
    connection = Scripted(SELECT_AP, ("00B0860060", "6A82"), select_ef("0006", "6A82"))
    info = JpkiCard(connection).identify()
    assert (info.label, info.kind) == ("", "other JPKI token")
    connection.assert_finished()


def knows(*heads: bytes) -> Callable[[bytes], TokenInfo | None]:
    """A memory of the cards whose authentication certificates begin so."""
    return lambda head: TokenInfo(TOKEN_INFO_FILE) if any(known.startswith(head) for known in heads) else None


def test_a_known_card_is_recognized_by_its_certificate() -> None:
    """In one command, which also shows that the application is selected: what follows selects nothing."""
    connection = Scripted(GLANCE, sign(AUTHENTICATION))
    card = JpkiCard(connection)
    info = card.recognize(knows(DER[:256]))
    assert info is not None and info.label == "JPKIAPICCTOKEN2"
    assert call_sign(card, AUTHENTICATION).hex().upper() == SIGNATURE_BYTES
    connection.assert_finished()


def test_a_known_card_is_selected_before_verify_all_the_same() -> None:
    connection = Scripted(GLANCE, SELECT_AP, select_ef("0018"), verify(AUTHENTICATION))
    card = JpkiCard(connection)
    card.recognize(knows(DER[:256]))
    call_verify(card, AUTHENTICATION)
    connection.assert_finished()


UNKNOWN = ["6A82", "6982", "6986", "6D00", "6F00", "30820101" + OK, chunk(1, 64)]


@pytest.mark.parametrize("answer", UNKNOWN, ids=range(len(UNKNOWN)))
def test_anything_else_is_not_recognized(answer: str) -> None:
    """It may be another application's file: everything is said again after a SELECT."""
    connection = Scripted((GLANCE[0], answer), SELECT_AP, TOKEN_INFO)
    card = JpkiCard(connection)
    assert card.recognize(knows(DER[:256])) is None
    card.identify()
    connection.assert_finished()


def test_a_known_card_with_another_application_selected() -> None:
    """Its own description is not read again."""
    connection = Scripted((GLANCE[0], "6A82"), SELECT_AP, HEAD)
    card = JpkiCard(connection)
    assert card.recognize(knows(DER[:256])) is None
    assert card.identify(knows(DER[:256])).label == "JPKIAPICCTOKEN2"
    connection.assert_finished()


@pytest.mark.parametrize("answer", [chunk(0, 256), "6982", "FFFF" + OK], ids=["unknown", "phone", "none"])
def test_an_unknown_card_describes_itself(answer: str) -> None:
    connection = Scripted(SELECT_AP, (HEAD[0], answer), TOKEN_INFO)
    assert JpkiCard(connection).identify(knows()).label == "JPKIAPICCTOKEN2"
    connection.assert_finished()


KINDS = {
    "JPKIAPICCTOKEN2": "Individual Number Card",
    "JPKIAPICCTOKEN": "Basic Resident Registration Card",
    "JPKIAPGPSETOKEN": "Android phone",
    "JPKIAPIOSTOKEN": "iPhone",
    "JPKIAPICCTOKEN3": "other JPKI token",
}


@pytest.mark.parametrize("filler", [b" ", b"\0"], ids=["spaces", "zeros"])
@pytest.mark.parametrize(("label", "kind"), KINDS.items())
def test_kinds_of_cards(label: str, kind: str, filler: bytes) -> None:
    info = TokenInfo(label.encode().ljust(32, filler) + TOKEN_INFO_FILE[32:])
    assert (info.label, info.kind) == (label, kind)


@pytest.mark.parametrize("data", [b"", b"JPKI", b"\xff" * 160, bytes(160)], ids=len)
def test_token_info_of_any_form(data: bytes) -> None:
    info = TokenInfo(data)
    assert info.kind == "other JPKI token"
    assert all(isinstance(text, str) for text in (info.label, info.manufacturer, info.model))


# -- logout ---------------------------------------------------------------------------------------------

# the other applications' answers -> whether the power is taken
CLEARINGS: dict[str, tuple[Lines, bool]] = {
    "issuer's domain": ([(ISSUER_DOMAIN, OK)], False),
    "text application": ([(ISSUER_DOMAIN, "6A82"), (TEXT_AP, OK)], False),
    "neither": ([(ISSUER_DOMAIN, "6A82"), (TEXT_AP, "6A82")], True),
    "6F00": ([(ISSUER_DOMAIN, "6F00"), (ISSUER_DOMAIN, OK)], False),
    "refusals": ([(ISSUER_DOMAIN, "6999"), (TEXT_AP, "6283")], True),
}


@pytest.mark.parametrize(("lines", "takes_power"), CLEARINGS.values(), ids=CLEARINGS)
def test_clear_security_status(lines: Lines, takes_power: bool) -> None:
    """Our own application is selected again: at once, or after the power came back when it is needed."""
    again: Lines = [sign(AUTHENTICATION, "6982"), SELECT_AP, sign(AUTHENTICATION, "6982")]
    card, connection = selected(*lines, SELECT_AP, *again[takes_power * 2 :])
    card.clear_security_status()
    assert connection.events.count("power") == int(takes_power)
    with pytest.raises(SecurityStatusNotSatisfied):
        call_sign(card, AUTHENTICATION)
    connection.assert_finished()


def test_no_aid_is_a_beginning_of_ours() -> None:
    """Selecting part of our own name would select our own application. Card: reference 1.2"""
    assert layout.JPKI_AID.hex().upper() == "D392F000260100000001"
    assert not any(layout.JPKI_AID.startswith(aid) for aid in layout.OTHER_AIDS)


# -- whatever happens -----------------------------------------------------------------------------------

STEPS: dict[str, Callable[[JpkiCard], object]] = {
    "identify": lambda card: card.identify(),
    "identify, with a memory": lambda card: card.identify(lambda head: None),
    "recognize": lambda card: card.recognize(lambda head: None),
    "read_head": lambda card: card.read_head(0x000A),
    "read_certificate": lambda card: card.read_certificate(0x000A, DER[:256]),
    "tries_left": lambda card: card.tries_left(AUTHENTICATION),
    "verify_pin": lambda card: call_verify(card, AUTHENTICATION),
    "change_pin": lambda card: call_change(card, AUTHENTICATION),
    "sign": lambda card: call_sign(card, AUTHENTICATION),
    "sign_pss": lambda card: card.sign_pss(AUTHENTICATION, bytes(32)),
    "probe_pss": lambda card: card.probe_pss(AUTHENTICATION),
    "clear_security_status": lambda card: card.clear_security_status(),
}


class Stubborn(Scripted):
    """Answers everything alike, and remembers what it was sent."""

    def __init__(self, answer: bytes | JpkiError) -> None:
        super().__init__()
        self.answer = answer
        self.commands: list[bytes] = []

    def transmit(self, command: bytes | bytearray) -> bytes:
        """The one answer."""
        self.commands.append(bytes(command))
        if isinstance(self.answer, JpkiError):
            raise self.answer
        return self.answer


WORDS = "9000 6282 6300 63C0 63C2 6700 6982 6983 6984 6A82 6C10 6F00 0000".split()


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("answer", [*WORDS, "", "90", "6110", CardMute(), CardRemoved()], ids=repr)
def test_one_answer_to_everything(step: Callable[[JpkiCard], object], answer: str | JpkiError) -> None:
    """Only our errors come out, transactions are paired, and VERIFY with data is sent at most once."""
    connection = Stubborn(bytes.fromhex(answer) if isinstance(answer, str) else answer)
    try:
        step(JpkiCard(connection))
    except JpkiError:
        pass
    connection.assert_finished()
    verifies = [command for command in connection.commands if command[1] == 0x20 and len(command) > 4]
    assert len(verifies) <= (1 if step in (STEPS["verify_pin"], STEPS["change_pin"]) else 0)
