"""The JPKI application byte for byte: PINs presented, changed, counted. Card: notes 3"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from unit.jpki_commands import (
    FILES,
    HEAD,
    KEYS,
    NEW_PINS,
    OK,
    SELECT_AP,
    SELECT_AP_COMMAND,
    TOKEN_INFO,
    Lines,
    call_change,
    call_sign,
    call_verify,
    jpki,
    present,
    select_ef,
    selected,
    sign,
    tries,
    verify,
)
from unit.scripted import Scripted

from pyjpki11.card.jpki import JpkiCard
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, KeyLayout
from pyjpki11.errors import (
    CardMute,
    CardNotRecognized,
    CardRemoved,
    JpkiError,
    PinBlocked,
    PinRejected,
    StatusWordError,
)

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
def test_verify_is_sent_once_after_the_select(
    key: KeyLayout,
    answer: str | JpkiError,
    error: type[JpkiError] | None,
    tries_left: int | None,
    was_selected: bool,
) -> None:
    """In the same transaction, and never a second time."""
    connection = Scripted(*([SELECT_AP, TOKEN_INFO] if was_selected else []), SELECT_AP, *present(key, answer))
    card = jpki(connection)
    if was_selected:
        card.read_token_info()
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
    connection = Scripted(SELECT_AP, *present(AUTHENTICATION, "6102"), ("00C0000002", "0000" + OK))
    call_verify(jpki(connection), AUTHENTICATION)
    connection.assert_finished()


@KEYS
def test_verify_by_short_id_where_the_card_has_counted_by_it(key: KeyLayout) -> None:
    """The query shows that the card knows the PIN by that name; the application is still selected first."""
    query, named = present(key)
    card, connection = selected(query, SELECT_AP, named, SELECT_AP, named)
    assert card.tries_left(key) == key.pin_rule.max_tries
    call_verify(card, key)
    call_verify(card, key)
    connection.assert_finished()
    assert connection.events[-4:] == ["begin", ".", ".", "end"]


@KEYS
def test_who_has_not_counted_is_asked_in_place_of_a_select(key: KeyLayout) -> None:
    """Once: from then on the card is known to know the PIN by that name."""
    query, named = present(key)
    card, connection = selected(SELECT_AP, query, named, SELECT_AP, named)
    call_verify(card, key)
    call_verify(card, key)
    connection.assert_finished()


@pytest.mark.parametrize("answer", ["6A86", "9000", "6700", "63CF", "6983"])
def test_verify_after_select_where_it_has_not(answer: str) -> None:
    """A card that knows no short identifiers there, or that counts in another way."""
    lines: Lines = [SELECT_AP, tries(AUTHENTICATION, answer), select_ef("0018"), verify(AUTHENTICATION)]
    card, connection = selected(*lines)
    call_verify(card, AUTHENTICATION)
    connection.assert_finished()


def test_the_other_pin_is_not_meant() -> None:
    card, connection = selected(tries(AUTHENTICATION), SELECT_AP, *present(SIGNATURE))
    card.tries_left(AUTHENTICATION)
    call_verify(card, SIGNATURE)
    connection.assert_finished()


def test_verify_by_short_id_that_the_card_refuses_is_not_repeated() -> None:
    card, connection = selected(tries(AUTHENTICATION), SELECT_AP, verify(AUTHENTICATION, "6A86", "98"))
    card.tries_left(AUTHENTICATION)
    with pytest.raises(StatusWordError):
        call_verify(card, AUTHENTICATION)
    connection.assert_finished()


UNKNOWN_SHORT_ID = tries(AUTHENTICATION, "6A86")
NOT_REACHED: dict[str, tuple[Lines, type[JpkiError]]] = {
    "no application": ([(SELECT_AP_COMMAND, "6A82")], CardNotRecognized),
    "6F00 twice": ([(SELECT_AP_COMMAND, "6F00")] * 2, StatusWordError),
    "no PIN file": ([SELECT_AP, UNKNOWN_SHORT_ID, select_ef("0018", "6A82")], StatusWordError),
    "6F00 to the file": ([SELECT_AP, UNKNOWN_SHORT_ID, select_ef("0018", "6F00")], StatusWordError),
    "silence": ([SELECT_AP, ("00200098", CardMute())], CardMute),
    "silence to the file": ([SELECT_AP, UNKNOWN_SHORT_ID, ("00A4020C020018", CardMute())], CardMute),
    "removal": ([(SELECT_AP_COMMAND, CardRemoved())], CardRemoved),
}


@pytest.mark.parametrize(("lines", "error"), NOT_REACHED.values(), ids=NOT_REACHED)
def test_no_verify_without_its_selects(lines: Lines, error: type[JpkiError]) -> None:
    connection = Scripted(*lines)
    with pytest.raises(error):
        call_verify(jpki(connection), AUTHENTICATION)
    connection.assert_finished()


def test_first_command_6f00_before_verify() -> None:
    connection = Scripted((SELECT_AP_COMMAND, "6F00"), SELECT_AP, *present(AUTHENTICATION))
    call_verify(jpki(connection), AUTHENTICATION)
    connection.assert_finished()


# -- what a VERIFY may not rely on --------------------------------------------------------------------------


def sign_once(card: JpkiCard) -> None:
    """A signature, after which programs present the PIN for the next one."""
    call_sign(card, SIGNATURE)


def read_everything(card: JpkiCard) -> None:
    """What programs do before a login."""
    card.tries_left(SIGNATURE)
    card.read_head(0x000A)
    card.has_signature_certificate()
    card.knows_pss(SIGNATURE)


def everything() -> Lines:
    """Its commands."""
    probes = [(f"80{mode}9A1F{'00' * 31}00", "6A86") for mode in ("2A04", "2A7F")]
    return [tries(SIGNATURE), HEAD, ("00B0880003", "010000" + OK), SELECT_AP, *probes]


# what went before, all of it answered by our application -> its commands
BEFORE: dict[str, tuple[Callable[[JpkiCard], object], Lines]] = {
    "a signature": (sign_once, [tries(SIGNATURE), sign(SIGNATURE)]),
    "all that is read before a login": (read_everything, everything()),
    "a VERIFY": (lambda card: call_verify(card, SIGNATURE), [SELECT_AP, verify(SIGNATURE, OK, "9B")]),
}


@pytest.mark.parametrize("others", [(False, False), (True, True)], ids=["alone", "others"])
@pytest.mark.parametrize(("before", "lines"), BEFORE.values(), ids=BEFORE)
def test_every_verify_follows_a_select_of_its_own(
    before: Callable[[JpkiCard], object], lines: Lines, others: tuple[bool, bool]
) -> None:
    """Whoever is there: another program may have selected anything since, or come since."""
    asked = [] if lines[0] == tries(SIGNATURE) else [tries(SIGNATURE)]
    card, connection = selected(*asked, *lines, SELECT_AP, verify(SIGNATURE, OK, "9B"), others=others)
    if asked or before is sign_once:
        card.tries_left(SIGNATURE)
    before(card)
    call_verify(card, SIGNATURE)
    connection.assert_finished()
    assert connection.events[-4:] == ["begin", ".", ".", "end"]


@pytest.mark.parametrize("answer", ["63C4", "6A86", "6F00", "6982", CardMute()], ids=repr)
def test_a_refused_verify_is_not_repeated_after_a_signature_either(answer: str | JpkiError) -> None:
    """Nor does it prove anything."""
    refused, again = verify(SIGNATURE, answer, "9B"), verify(SIGNATURE, OK, "9B")
    card, connection = selected(tries(SIGNATURE), sign(SIGNATURE), SELECT_AP, refused, SELECT_AP, again)
    card.tries_left(SIGNATURE)
    sign_once(card)
    with pytest.raises(JpkiError):
        call_verify(card, SIGNATURE)
    call_verify(card, SIGNATURE)
    connection.assert_finished()


def test_no_pin_stays_behind_in_a_command() -> None:
    connection = Scripted(SELECT_AP, *present(AUTHENTICATION, "63C2"))
    with pytest.raises(PinRejected):
        call_verify(jpki(connection), AUTHENTICATION)
    assert connection.seen[-1] == bytes(9)


# -- CHANGE ---------------------------------------------------------------------------------------------


def change(key: KeyLayout, answer: str | JpkiError = OK) -> tuple[str, str | JpkiError]:
    """CHANGE REFERENCE DATA, with the new PIN only. Card: notes 3.5"""
    return f"00240180{len(NEW_PINS[key.name]):02X}{NEW_PINS[key.name].hex().upper()}", answer


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
