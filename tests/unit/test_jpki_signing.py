"""The JPKI application byte for byte: signatures. Card: notes 4"""

from __future__ import annotations

import pytest
from unit.jpki_commands import (
    FILES,
    KEYS,
    OK,
    SELECT_AP,
    SIGNATURE_BYTES,
    TOKEN_INFO,
    Lines,
    call_sign,
    jpki,
    select_ef,
    selected,
    sign,
)
from unit.scripted import Scripted

from pyjpki11.card.jpki import SIGN_PSS
from pyjpki11.card.layout import AUTHENTICATION, KeyLayout
from pyjpki11.errors import (
    CardMute,
    CardRemoved,
    JpkiError,
    PssUnknown,
    SecurityStatusNotSatisfied,
    StatusWordError,
)


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
    """P1=04, P2 and the rest as ever. Card: notes 4.1"""
    card, connection = selected((f"802A049720{'AB' * 32}00", SIGNATURE_BYTES + OK))
    assert card.sign(AUTHENTICATION, b"\xab" * 32, SIGN_PSS) == bytes.fromhex(SIGNATURE_BYTES)
    connection.assert_finished()


@KEYS
@pytest.mark.parametrize("refusal", ["6A82", "6985", "6700", "6F00"])
def test_a_refusal_of_pss_that_says_nothing_of_pss(key: KeyLayout, refusal: str) -> None:
    """It is met by naming the key, by selecting it, and both once more after a SELECT of the application."""
    command, ef = f"802A04{{}}20{'AB' * 32}00", FILES[key.name][1]
    lines: Lines = [(command.format(FILES[key.name][2]), refusal), select_ef(ef), (command.format("80"), refusal)]
    card, connection = selected(*lines, SELECT_AP, *lines)
    with pytest.raises(StatusWordError) as caught:
        card.sign(key, b"\xab" * 32, SIGN_PSS)
    assert type(caught.value) is StatusWordError and caught.value.sw == int(refusal, 16)
    connection.assert_finished()


def test_a_card_that_knows_no_such_mode() -> None:
    """It says so of P1, in our application and nobody else's. Card: notes 4.2"""
    command = f"802A04{{}}20{'AB' * 32}00"
    lines: Lines = [(command.format("97"), "6A86"), select_ef("0017"), (command.format("80"), "6A86")]
    card, connection = selected(*lines, SELECT_AP, *lines)
    with pytest.raises(PssUnknown):
        card.sign(AUTHENTICATION, b"\xab" * 32, SIGN_PSS)
    connection.assert_finished()


def test_no_mode_is_unknown_but_that_of_pss() -> None:
    lines: Lines = [sign(AUTHENTICATION, "6A86"), select_ef("0017"), sign(AUTHENTICATION, "6A86", "80")]
    card, connection = selected(*lines, SELECT_AP, *lines)
    with pytest.raises(StatusWordError) as caught:
        call_sign(card, AUTHENTICATION)
    assert type(caught.value) is StatusWordError
    connection.assert_finished()


#: What a card says to PSS of no hash, and to a mode that does not exist -> whether it makes PSS signatures.
PROBES = {
    "another refusal of the length": ("6700", "6A86", True),
    "as unknown as the other": ("6A86", "6A86", False),
    "another refusal of both": ("6985", "6985", False),
    "it looks at the PIN first": ("6982", "6982", None),
    "it looks at the mode, then at the PIN": ("6982", "6A86", True),
    "it signs what is no hash": (SIGNATURE_BYTES + OK, "6A86", True),
}


@KEYS
@pytest.mark.parametrize(("known", "impossible", "expected"), PROBES.values(), ids=PROBES)
def test_probe_for_pss(key: KeyLayout, known: str, impossible: str, expected: bool | None) -> None:
    """After a SELECT, since another application would answer both alike; 31 bytes are no hash, and P1=7F is no mode.
    Design: decision 8"""
    p2 = FILES[key.name][2]
    lines = [(f"802A{mode}{p2}1F{'00' * 31}00", answer) for mode, answer in (("04", known), ("7F", impossible))]
    card, connection = selected(SELECT_AP, *lines)
    assert card.knows_pss(key) is expected
    connection.assert_finished()
    assert connection.events[-5:] == ["begin", ".", ".", ".", "end"]


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
    card = jpki(connection)
    card.read_token_info()
    assert card.knows_pss(AUTHENTICATION)
    connection.assert_finished()
