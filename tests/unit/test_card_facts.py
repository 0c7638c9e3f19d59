"""A card at first sight: known again by its certificate, else asked what it is. Design: decisions 8, 9"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from unit import certificates
from unit.jpki_commands import (
    OK,
    SELECT_AP,
    SELECT_AP_COMMAND,
    SIGNATURE_BYTES,
    TOKEN_INFO,
    TOKEN_INFO_FILE,
    Lines,
    call_sign,
    call_verify,
    present,
    sign,
)
from unit.late import LONG_S
from unit.scripted import Scripted

from pyjpki11 import cache_files
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.errors import CardMute, CardNotRecognized, CardRemoved, JpkiError, StatusWordError
from pyjpki11.provider import pss
from pyjpki11.provider.card_cache import CardCache
from pyjpki11.provider.card_facts import MAX_MORE_QUESTIONS, CardFacts
from pyjpki11.provider.inserted_card import InsertedCard

LABEL = "JPKIAPICCTOKEN2"
ALONE, OTHERS = (False, False), (True, True)
CARD, ANOTHER = certificates.of_a_card(), certificates.of_a_card()
OWN = AUTHENTICATION.certificate_ef
GLANCE_COMMAND, HEAD_COMMAND = "00B08A0040", "00B08A0000"
GLANCE = (GLANCE_COMMAND, CARD[OWN][:64].hex() + OK)
HEAD = (HEAD_COMMAND, CARD[OWN][:256].hex() + OK)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache, not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "pyjpki11"


def keep(card: dict[int, bytes]) -> None:
    """An earlier run has read all of a card."""
    cache = CardCache(True)
    cache.lookup(card[OWN][:256])
    for ef, content in card.items():
        cache.store(TokenInfo(TOKEN_INFO_FILE), ef, content)


class Reader:
    """As much of a reader driver as a card needs."""

    def __init__(self, connection: Scripted) -> None:
        self._connection = connection

    def connect(self, reader: str) -> Scripted:
        """The card in any reader."""
        return self._connection


def connected(*lines: tuple[str, str | JpkiError], **options: Any) -> tuple[InsertedCard, Scripted]:
    """A card of which nothing was asked yet. For `options` see Scripted."""
    connection = Scripted(*lines, **options)
    card = InsertedCard(Reader(connection), "a reader", LONG_S)
    card.connect()
    return card, connection


def facts(card: InsertedCard, is_kept: bool = True) -> CardFacts:
    """What is known of it."""
    return CardFacts(card, CardCache(is_kept))


# -- known again ----------------------------------------------------------------------------------------


def test_the_first_card_of_all_describes_itself() -> None:
    """Nothing is looked at that nobody could know again."""
    card, connection = connected(SELECT_AP, TOKEN_INFO)
    assert facts(card).token_info.label == LABEL
    connection.assert_finished()


def test_so_does_every_card_where_none_is_kept() -> None:
    keep(CARD)
    card, connection = connected(SELECT_AP, TOKEN_INFO)
    assert facts(card, is_kept=False).token_info.label == LABEL
    connection.assert_finished()


def test_a_known_card_is_recognized_by_its_certificate() -> None:
    """It does not have to describe itself, nor to show its certificates again."""
    keep(CARD)
    card, connection = connected(SELECT_AP, GLANCE, sign(AUTHENTICATION))
    known = facts(card)
    assert known.token_info.label == LABEL
    for ef, content in CARD.items():
        found = known.certificate(ef)
        assert found is not None and found.der == content
    assert known.serial_number() != known.token_info.serial_number
    assert card.run(call_sign, card.jpki, AUTHENTICATION).hex().upper() == SIGNATURE_BYTES
    connection.assert_finished()


def test_a_known_card_that_others_use() -> None:
    """That it shows its certificate shows that the application is selected: what follows selects nothing."""
    keep(CARD)
    card, connection = connected(GLANCE, sign(AUTHENTICATION), others=OTHERS)
    assert facts(card).token_info.label == LABEL
    assert card.run(call_sign, card.jpki, AUTHENTICATION).hex().upper() == SIGNATURE_BYTES
    connection.assert_finished()


@pytest.mark.parametrize("others", [ALONE, OTHERS], ids=["alone", "others"])
def test_a_known_card_is_selected_before_verify_all_the_same(others: tuple[bool, bool]) -> None:
    keep(CARD)
    first: Lines = [GLANCE] if others[0] else [SELECT_AP, GLANCE]
    card, connection = connected(*first, SELECT_AP, *present(AUTHENTICATION), others=others)
    facts(card)
    card.run(call_verify, card.jpki, AUTHENTICATION)
    connection.assert_finished()


UNKNOWN = ["6A82", "6982", "6986", "6D00", "6F00", "30820101" + OK, CARD[OWN][1:65].hex() + OK]


@pytest.mark.parametrize("answer", UNKNOWN, ids=range(len(UNKNOWN)))
def test_others_may_have_selected_something_else(answer: str) -> None:
    """What is read may be another application's file: it is read again after a SELECT."""
    keep(CARD)
    card, connection = connected((GLANCE_COMMAND, answer), SELECT_AP, GLANCE, others=OTHERS)
    assert facts(card).token_info.label == LABEL
    connection.assert_finished()


@pytest.mark.parametrize("answer", [*UNKNOWN, GLANCE[1]], ids=range(len(UNKNOWN) + 1))
@pytest.mark.parametrize("others", [ALONE, OTHERS], ids=["alone", "others"])
def test_an_unknown_card_describes_itself(answer: str, others: tuple[bool, bool]) -> None:
    """A phone, which shows no certificate yet, a card without one, any other; what others have selected, as above."""
    keep(ANOTHER)
    first: Lines = [(GLANCE_COMMAND, answer)] if others[0] else []
    card, connection = connected(*first, SELECT_AP, (GLANCE_COMMAND, answer), TOKEN_INFO, others=others)
    assert facts(card).token_info.label == LABEL
    connection.assert_finished()


ERRORS: dict[str, tuple[Lines, type[JpkiError]]] = {
    "another kind of card": ([(SELECT_AP_COMMAND, "6A82")], CardNotRecognized),
    "a card that stumbles": ([(SELECT_AP_COMMAND, "6F00")] * 2, StatusWordError),
    "a silent card": ([SELECT_AP, (GLANCE_COMMAND, CardMute())], CardMute),
    "no card any more": ([(SELECT_AP_COMMAND, CardRemoved())], CardRemoved),
}


@pytest.mark.parametrize(("lines", "error"), ERRORS.values(), ids=ERRORS)
def test_what_keeps_a_card_from_being_recognized(lines: Lines, error: type[JpkiError]) -> None:
    keep(CARD)
    card, connection = connected(*lines)
    with pytest.raises(error):
        facts(card)
    connection.assert_finished()


# -- asked again ----------------------------------------------------------------------------------------


def test_a_card_that_says_nothing_plausible_is_asked_again() -> None:
    """After a SELECT: the answer may have been another application's."""
    card, connection = connected(SELECT_AP, ("00B0860060", "00" * 96 + OK), SELECT_AP, TOKEN_INFO)
    known = facts(card)
    assert known.token_info.label == ""
    known.forget_failures()
    assert known.token_info.label == LABEL
    known.forget_failures()
    connection.assert_finished()


def test_nobody_asks_for_ever() -> None:
    nonsense: Lines = [SELECT_AP, ("00B0860060", "00" * 96 + OK)]
    card, connection = connected(*nonsense * (1 + MAX_MORE_QUESTIONS))
    known = facts(card)
    for _ in range(MAX_MORE_QUESTIONS + 3):
        known.forget_failures()
    connection.assert_finished()


# -- PSS ------------------------------------------------------------------------------------------------


def probes(known: str, impossible: str = "6A86", p2: str = "97") -> Lines:
    """The question whether the card makes PSS signatures, answered so."""
    lines = [(f"802A{mode}{p2}1F{'00' * 31}00", answer) for mode, answer in (("04", known), ("7F", impossible))]
    return [SELECT_AP, *lines]


PRESENT, ABSENT, PIN_FIRST = probes("6700"), probes("6A86"), probes("6982", "6982")
START: Lines = [SELECT_AP, TOKEN_INFO, HEAD]


def makes_pss(known: CardFacts, *logins: bool) -> list[bool]:
    """The answers to a question that is asked so often, before and after a login."""
    return [known.makes_pss(AUTHENTICATION, is_logged_in) for is_logged_in in logins]


# what the card answers to each question -> when it is asked, what is believed then
ANSWERS: dict[str, tuple[Lines, list[bool], list[bool]]] = {
    "present": (PRESENT, [False, False, True], [True, True, True]),
    "absent": ([*ABSENT, *ABSENT], [False, False, True, True], [False, False, False, False]),
    "the PIN first, then present": ([*PIN_FIRST, *PRESENT], [False, False, True, True], [False, False, True, True]),
    "the PIN first, then absent": ([*PIN_FIRST, *ABSENT], [False, False, True, True], [False] * 4),
    "absent before the login only": ([*ABSENT, *PRESENT], [False, True, False], [False, True, True]),
}


@pytest.mark.parametrize(("lines", "logins", "believed"), ANSWERS.values(), ids=ANSWERS)
def test_whether_a_card_makes_pss(lines: Lines, logins: list[bool], believed: list[bool]) -> None:
    """It is asked once, and once more after a login: that it does not is believed only then."""
    card, connection = connected(*START, *lines)
    assert makes_pss(facts(card), *logins) == believed
    connection.assert_finished()


@pytest.mark.parametrize("lines", [PRESENT, [*ABSENT, *ABSENT]], ids=["present", "absent"])
def test_what_the_next_run_knows_of_pss(lines: Lines) -> None:
    """That a card makes them; that it does not is asked anew each time, for it could have been an error."""
    card, _connection = connected(*START, *lines)
    is_present = makes_pss(facts(card), False, True)[-1]
    again: Lines = [] if is_present else lines
    card, connection = connected(*START, *again)
    assert makes_pss(facts(card), False, True)[-1] is is_present
    connection.assert_finished()
    assert bool(cache_files.read_lines(pss.FILE)) is is_present


def test_what_is_known_of_one_card_says_nothing_of_another() -> None:
    """Of the same model."""
    card, _connection = connected(*START, *PRESENT)
    assert makes_pss(facts(card), False) == [True]
    other = (HEAD_COMMAND, ANOTHER[OWN][:256].hex() + OK)
    card, connection = connected(SELECT_AP, TOKEN_INFO, other, *ABSENT)
    assert makes_pss(facts(card), False) == [False]
    connection.assert_finished()


def test_a_card_that_shows_no_certificate_leaves_no_record() -> None:
    """A phone before its login; neither do cards where nothing is kept."""
    hidden: Lines = [(HEAD_COMMAND, "6982"), SELECT_AP, (HEAD_COMMAND, "6982")]
    for is_kept, head in ((True, hidden), (False, [HEAD])):
        card, connection = connected(SELECT_AP, TOKEN_INFO, *head, *PRESENT)
        assert makes_pss(facts(card, is_kept), False) == [True]
        connection.assert_finished()
        assert cache_files.read_lines(pss.FILE) == []


def test_the_other_key_of_a_card_is_no_other_question() -> None:
    card, connection = connected(*START, *PRESENT)
    known = facts(card)
    assert known.makes_pss(AUTHENTICATION, False) and known.makes_pss(SIGNATURE, False)
    connection.assert_finished()
