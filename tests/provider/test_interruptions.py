"""What goes wrong at every single step of a program's work: the right error, and then everything works again.

The work is done once undisturbed, which tells how many commands and transactions it has; then once for each
of them and each disturbance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from provider.desk import Desk
from provider.readers import SELECT_ISSUER, SELECT_TEXT
from provider.work import Clock, assert_works, clean_up, work

from pyjpki11.errors import CardMute, CardRemoved, JpkiError

#: A few more than the work has, which test_undisturbed sees to.
MOST_COMMANDS, MOST_TRANSACTIONS = 50, 26


def remove(desk: Desk) -> None:
    """The card is taken out."""
    desk.remove()


def remove_and_insert(desk: Desk) -> None:
    """The card is taken out and put in again at once."""
    desk.remove()
    desk.insert()


def reset(desk: Desk) -> None:
    """Another program resets the card, which then forgets everything."""
    desk.reset()


def lost(_desk: Desk) -> JpkiError:
    """The way to the card is lost, though it never left: others keep resetting it."""
    return CardRemoved("lost")


def silence(_desk: Desk) -> JpkiError:
    """The command gets lost."""
    return CardMute("lost")


def answered_with(answer: bytes) -> Callable[[Desk], Any]:
    """An answer in the card's place."""
    return lambda _desk: answer


#: What happens to one command -> what a call may answer to it.
BEFORE_A_COMMAND: dict[str, tuple[Callable[[Desk], Any], set[str]]] = {
    "removal": (remove, {"DEVICE_REMOVED", "TOKEN_NOT_PRESENT"}),
    "exchange": (remove_and_insert, {"DEVICE_REMOVED"}),
    "lost": (lost, {"DEVICE_REMOVED"}),
    "silence": (silence, {"DEVICE_ERROR"}),
    "one byte": (answered_with(b"\x90"), {"DEVICE_ERROR"}),
}
#: By the first two commands a card is recognized; if one fails, no slot has a token.
RECOGNIZING = 2
NOT_SEEN = {"TOKEN_NOT_PRESENT", "OK"}
#: What the card says once instead of its answer; most is tried again, so that nobody notices.
ANSWERS = {
    "6F00": bytes.fromhex("6F00"),
    "6982": bytes.fromhex("6982"),
    "6A82": bytes.fromhex("6A82"),
    "6D00": bytes.fromhex("6D00"),
    "0000": bytes.fromhex("0000"),
}
MEANWHILE: dict[str, Callable[[Desk], object]] = {
    "text application": lambda desk: desk.reader.other(SELECT_TEXT),
    "issuer's domain": lambda desk: desk.reader.other(SELECT_ISSUER),
    "power off": lambda desk: desk.power_off(),
    "wrong file": lambda desk: desk.reader.other("00A4020C020001"),
}


def test_undisturbed(desk: Desk) -> None:
    commands, transactions = Clock(-1, lambda: None), Clock(-1, lambda: None)
    desk.reader.trouble, desk.reader.meanwhile = commands, transactions
    work(desk)
    assert 0 < transactions.count < MOST_TRANSACTIONS
    assert transactions.count < commands.count < MOST_COMMANDS
    assert_works(desk)


@pytest.mark.parametrize("number", range(MOST_COMMANDS))
@pytest.mark.parametrize("what", BEFORE_A_COMMAND)
def test_at_a_command(desk: Desk, what: str, number: int) -> None:
    happens, allowed = BEFORE_A_COMMAND[what]
    clock = desk.reader.trouble = Clock(number, lambda: happens(desk))
    answer = desk.do("call", work, desk)
    if not clock.has_struck:
        assert answer == "OK" and number > 20
        return
    assert answer in (allowed if number >= RECOGNIZING else NOT_SEEN)
    clean_up(desk)
    if desk.reader.driver.card_event("Software card 00") is None:
        desk.insert()
    assert_works(desk)


@pytest.mark.parametrize("number", range(MOST_COMMANDS))
def test_an_answer_lost(desk: Desk, number: int) -> None:
    """The card did what it was told, but nobody knows; a PIN that it took is taken back in the end."""
    clock = desk.reader.loss = Clock(number, lambda: CardMute("lost"))
    answer = desk.do("call", work, desk)
    if not clock.has_struck:
        return
    assert answer in ({"DEVICE_ERROR"} if number >= RECOGNIZING else NOT_SEEN)
    desk.finalize()
    assert not desk.card_signs("auth") and not desk.card_signs("sign")
    desk.initialize()
    assert_works(desk)


@pytest.mark.parametrize("number", range(RECOGNIZING, MOST_COMMANDS))
@pytest.mark.parametrize("answer", ANSWERS)
def test_one_odd_answer(desk: Desk, answer: str, number: int) -> None:
    """Afterwards everything works, without another insertion. (Before, it would say what the card is.)"""
    clock = desk.reader.trouble = Clock(number, lambda: ANSWERS[answer])
    try:
        desk.do("call", work, desk)
    except AssertionError:
        pass  # something does not show: a host has to live with it, but not for ever
    if not clock.has_struck:
        return
    assert desk.reader.verifies() <= 4, "a PIN was sent again"
    clean_up(desk)
    assert_works(desk)


@pytest.mark.parametrize("number", range(MOST_TRANSACTIONS))
@pytest.mark.parametrize("what", MEANWHILE)
def test_another_program_in_between(desk: Desk, what: str, number: int) -> None:
    """Either nobody notices, or the login is lost; never is something else read than what was asked for."""
    clock = desk.reader.meanwhile = Clock(number, lambda: None)
    clock.happens = lambda: MEANWHILE[what](desk) and None
    answer = desk.do("call", work, desk)
    if not clock.has_struck:
        return
    assert answer in ("OK", "USER_NOT_LOGGED_IN")
    if answer != "OK":
        assert desk.do("state", "auth") != "RO_USER_FUNCTIONS" or desk.do("state", "sign") != "RO_USER_FUNCTIONS"
    clean_up(desk)
    assert_works(desk)
