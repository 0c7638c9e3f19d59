"""Steps on a card that does not answer, that another program has, that leaves. Design: decisions 5, 15"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from unit.hanging import Hanging, OneCard
from unit.jpki_commands import (
    BLOCK,
    NEW_PINS,
    OK,
    PINS,
    SELECT_AP,
    SIGNATURE_BYTES,
    TOKEN_INFO,
    Lines,
    call_change,
    call_sign,
    call_verify,
    present,
    select_ef,
    sign,
    tries,
    verify,
)
from unit.late import LONG_S, Gate, Interruption, Time, await_end, handler, in_turn, interrupt

from pyjpki11.card.jpki import SIGN_V15, JpkiCard
from pyjpki11.card.layout import AUTHENTICATION
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import (
    CardAbsent,
    CardDisturbed,
    CardMute,
    CardRemoved,
    CryptokiError,
    JpkiError,
    PinRejected,
    ReaderBusy,
    ReaderGone,
    SecurityStatusNotSatisfied,
    ServiceUnavailable,
)
from pyjpki11.provider.card_cache import CardCache
from pyjpki11.provider.inserted_card import InsertedCard
from pyjpki11.provider.token import Token, tokens_of
from pyjpki11.settings import Settings

SIGNED = bytes.fromhex(SIGNATURE_BYTES)
LATE_ERRORS = pytest.mark.parametrize(
    ("wait", "error"), [(Hanging.wait_in_command, CardMute), (Hanging.wait_in_begin, ReaderBusy)], ids=["card", "other"]
)


def inserted(time: Time, *lines: tuple[str, str | JpkiError]) -> tuple[InsertedCard, Hanging]:
    """A card that is connected."""
    connection = Hanging(time, *lines)
    card = InsertedCard(OneCard(connection), "a reader", LONG_S)
    card.connect()
    return card, connection


def step(card: InsertedCard, call: Callable[[JpkiCard], object]) -> object:
    """What a step on the card answers."""
    return card.run(call, card.jpki)


def sign_once(card: InsertedCard) -> object:
    """A signature."""
    return card.run(call_sign, card.jpki, AUTHENTICATION)


def be_late(card: InsertedCard, error: type[JpkiError], call: Callable[[JpkiCard], object]) -> None:
    """A step that takes too long."""
    with pytest.raises(error, match="did not answer within 60 s"):
        step(card, call)


def come_back(card: InsertedCard, connection: Hanging) -> None:
    """What was late goes on."""
    connection.gate.open()
    await_end(lambda: card.is_late)


# -- steps ----------------------------------------------------------------------------------------------


def test_steps_on_a_card(time: Time) -> None:
    refused = sign(AUTHENTICATION, "6982")
    lines: Lines = [SELECT_AP, TOKEN_INFO, sign(AUTHENTICATION), refused, SELECT_AP, refused]
    card, connection = inserted(time, *lines)
    assert card.run(card.jpki.read_token_info).model == "E16R01NJ"
    assert sign_once(card) == SIGNED
    with pytest.raises(SecurityStatusNotSatisfied):
        sign_once(card)
    assert card.is_alive and not card.is_late
    connection.assert_finished()


@pytest.mark.parametrize("error", [CardMute(), CardDisturbed()], ids=repr)
def test_a_card_that_stumbles_is_not_lost(time: Time, error: JpkiError) -> None:
    card, connection = inserted(time, SELECT_AP, sign(AUTHENTICATION, error), SELECT_AP, sign(AUTHENTICATION))
    with pytest.raises(type(error)):
        sign_once(card)
    assert sign_once(card) == SIGNED
    connection.assert_finished()


@pytest.mark.parametrize("error", [CardRemoved(), ReaderGone(), ServiceUnavailable()], ids=repr)
def test_a_lost_card_is_given_up(time: Time, error: JpkiError) -> None:
    """For good: whatever comes to the reader is connected to anew."""
    card, connection = inserted(time, SELECT_AP, sign(AUTHENTICATION, error))
    with pytest.raises(type(error)):
        sign_once(card)
    assert not card.is_alive
    with pytest.raises(CardRemoved):
        sign_once(card)
    card.end()
    assert connection.events == ["begin", ".", ".", "end", "close"]


def test_the_end_of_a_card(time: Time) -> None:
    """It is let go, once."""
    card, connection = inserted(time, SELECT_AP, sign(AUTHENTICATION))
    sign_once(card)
    card.end()
    card.end()
    with pytest.raises(CardRemoved):
        sign_once(card)
    assert connection.events == ["begin", ".", ".", "end", "close"]


# -- connecting -----------------------------------------------------------------------------------------


def test_no_card_to_connect_to(time: Time) -> None:
    def refuse() -> None:
        raise CardAbsent

    card = InsertedCard(OneCard(Hanging(time), refuse), "a reader", LONG_S)
    with pytest.raises(CardAbsent):
        card.connect()
    with pytest.raises(CardRemoved):
        _ = card.channel
    card.end()


def test_a_connection_that_comes_late_is_closed(time: Time, gate: Gate) -> None:
    """Whoever asked for it has given the card up meanwhile."""
    connection = Hanging(time)
    card = InsertedCard(OneCard(connection, gate), "a reader", LONG_S)
    with pytest.raises(CardMute):
        card.connect()
    assert card.is_late
    with time.stands_still():
        card.end()
    assert connection.events == []
    gate.open()
    await_end(lambda: connection.events == [])
    assert connection.events == ["close"]


# -- late -----------------------------------------------------------------------------------------------

KEY = AUTHENTICATION
#: What presents a PIN -> its commands, the last of which holds it.
PRESENTING: dict[str, tuple[Callable[[JpkiCard], object], Lines]] = {
    "login": (lambda card: call_verify(card, KEY), [SELECT_AP, *present(KEY)]),
    "change": (lambda card: call_change(card, KEY), [SELECT_AP, select_ef("0018"), verify(KEY)]),
}


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("what", PRESENTING)
def test_no_pin_is_presented_late(time: Time, what: str, number: int) -> None:
    """Whoever wanted it has been told that it was not; and the PIN has been wiped."""
    call, lines = PRESENTING[what]
    card, connection = inserted(time, *lines[: number + 1])
    connection.wait_in_command(number)
    be_late(card, CardMute, call)
    come_back(card, connection)
    connection.assert_finished()
    assert connection.commands == [command for command, _answer in lines[: number + 1]]
    assert connection.events == ["begin", *"." * (number + 1), "end"]


def test_no_new_pin_is_sent_late(time: Time) -> None:
    """The card was slow with the old one."""
    call, lines = PRESENTING["change"]
    card, connection = inserted(time, *lines)
    connection.wait_in_command(2)
    be_late(card, CardMute, call)
    come_back(card, connection)
    connection.assert_finished()
    assert not any(NEW_PINS[KEY.name].hex().upper() in command for command in connection.commands)


def test_nothing_is_sent_when_another_program_was_in_the_way_for_too_long(time: Time) -> None:
    """The transaction that comes at last is ended at once."""
    card, connection = inserted(time)
    connection.wait_in_begin()
    be_late(card, ReaderBusy, lambda jpki: call_verify(jpki, KEY))
    come_back(card, connection)
    assert connection.commands == []
    assert connection.events == ["begin", "end"]


def test_nor_is_a_second_transaction_begun(time: Time) -> None:
    """Some steps have several."""
    card, connection = inserted(time, ("00A4040C07A0000001510000", OK))
    connection.wait_in_command()
    be_late(card, CardMute, JpkiCard.clear_security_status)
    connection.is_shared = True
    come_back(card, connection)
    assert connection.events[:3] == ["begin", ".", "end"]
    assert connection.events.count("begin") == 1


@LATE_ERRORS
def test_whoever_comes_meanwhile_is_told_at_once(
    time: Time, wait: Callable[[Hanging], None], error: type[JpkiError]
) -> None:
    """What is in the way; and nothing is done for them later."""
    card, connection = inserted(time, SELECT_AP, sign(KEY), sign(KEY, "6982"))
    sign_once(card)
    wait(connection)
    be_late(card, error, lambda jpki: call_sign(jpki, KEY))
    with time.stands_still():
        for _ in range(3):
            with pytest.raises(error):
                card.run(pytest.fail, "it was begun while another step was under way")
    assert card.is_alive and card.is_late
    come_back(card, connection)
    assert not card.is_late


@LATE_ERRORS
def test_the_connection_outlives_a_late_step(
    time: Time, wait: Callable[[Hanging], None], error: type[JpkiError]
) -> None:
    """What was selected still is, as far as is known; nobody connects anew."""
    late = [sign(KEY)] if error is CardMute else []
    card, connection = inserted(time, SELECT_AP, sign(KEY), *late, sign(KEY))
    sign_once(card)
    wait(connection)
    be_late(card, error, lambda jpki: call_sign(jpki, KEY))
    come_back(card, connection)
    assert card.is_alive and not card.is_late
    assert sign_once(card) == SIGNED
    connection.assert_finished()
    assert "close" not in connection.events


def test_a_card_that_is_gone_when_it_comes_back(time: Time) -> None:
    """The next step says so."""
    card, connection = inserted(time, SELECT_AP, sign(KEY, CardRemoved()), sign(KEY, CardRemoved()))
    connection.wait_in_command()
    be_late(card, CardMute, lambda jpki: call_sign(jpki, KEY))
    come_back(card, connection)
    assert card.is_alive
    with pytest.raises(CardRemoved):
        sign_once(card)
    assert not card.is_alive
    assert connection.events[-1] == "close"


def test_an_end_in_the_midst_of_a_late_step(time: Time) -> None:
    """Nobody waits; the card is let go after the transaction."""
    card, connection = inserted(time, SELECT_AP)
    connection.wait_in_command()
    be_late(card, CardMute, lambda jpki: call_sign(jpki, KEY))
    with time.stands_still():
        card.end()
    assert connection.events == ["begin", "."]
    connection.gate.open()
    await_end(lambda: "close" not in connection.events)
    assert connection.events == ["begin", ".", "end", "close"]


# -- logins ---------------------------------------------------------------------------------------------


def logged_in(time: Time, *lines: tuple[str, str | JpkiError]) -> tuple[Token, Hanging]:
    """The authentication token of a card, logged in."""
    card, connection = inserted(time, SELECT_AP, TOKEN_INFO, SELECT_AP, *present(KEY), *lines)
    token, _other = tokens_of(card, CardCache(False), Settings(), count(1).__next__)
    token.login.log_in(bytearray(PINS[KEY.name]))
    return token, connection


@LATE_ERRORS
def test_a_login_outlives_a_late_step(time: Time, wait: Callable[[Hanging], None], error: type[JpkiError]) -> None:
    """Another program's long transaction, for example; nobody is asked for the PIN again."""
    late = [sign(KEY)] if error is CardMute else []
    token, connection = logged_in(time, *late, sign(KEY))
    wait(connection)
    with pytest.raises(error):
        token.sign(bytes.fromhex(BLOCK), SIGN_V15, False)
    assert token.login.is_logged_in
    come_back(token.card, connection)
    assert token.sign(bytes.fromhex(BLOCK), SIGN_V15, False) == SIGNED
    connection.assert_finished()


def test_a_login_whose_answer_comes_too_late_is_ended_on_the_card(time: Time) -> None:
    """Nobody is logged in here, but the card has verified the PIN."""
    domain = ("00A4040C07A0000001510000", OK)
    card, connection = inserted(time, SELECT_AP, TOKEN_INFO, SELECT_AP, *present(KEY), domain)
    token, _other = tokens_of(card, CardCache(False), Settings(), count(1).__next__)
    connection.wait_in_command(2)
    with pytest.raises(CardMute):
        token.login.log_in(bytearray(PINS[KEY.name]))
    come_back(card, connection)
    assert not token.login.is_logged_in
    token.log_out()
    connection.assert_finished()


def test_a_pin_whose_refusal_comes_too_late_may_be_presented_again(time: Time) -> None:
    """By whoever says it again: that it was refused is known to nobody here."""
    refused = verify(KEY, "63C2", "98")
    card, connection = inserted(time, SELECT_AP, TOKEN_INFO, SELECT_AP, tries(KEY), refused, SELECT_AP, refused)
    token, _other = tokens_of(card, CardCache(False), Settings(), count(1).__next__)
    connection.wait_in_command(2)
    with pytest.raises(CardMute):
        token.login.log_in(bytearray(PINS[KEY.name]))
    come_back(card, connection)
    with pytest.raises(PinRejected):
        token.login.log_in(bytearray(PINS[KEY.name]))
    connection.assert_finished()


# -- signal handlers of a Python host -----------------------------------------------------------------------


def test_a_signal_handler_in_the_midst_of_a_step(time: Time) -> None:
    """It is in the thread that has the lock, and must not take the answer which that thread waits for."""
    card, _connection = inserted(time)
    seen: list[object] = []

    def use_the_card() -> None:
        try:
            seen.append(card.run(lambda: "the handler's"))
        except JpkiError as error:
            seen.append(error)

    with handler(use_the_card) as send:
        assert card.run(lambda: (send(), "the answer")[1]) == "the answer"
    (refusal,) = seen
    assert isinstance(refusal, CryptokiError) and refusal.rv == ckr.FUNCTION_FAILED


def test_a_signal_handler_that_gives_the_card_up(time: Time) -> None:
    """Whoever is in the midst of a step lets it go."""
    card, connection = inserted(time)
    with handler(card.end) as send:
        assert card.run(lambda: (send(), connection.events.copy())[1]) == []
    assert connection.events == ["close"]
    assert not card.is_alive


def test_a_signal_handler_that_leaves_a_step(time: Time, gate: Gate) -> None:
    """Nothing more is sent in it; the next one waits for its end."""
    card, connection = inserted(time, SELECT_AP, sign(KEY))
    with handler(interrupt) as send, pytest.raises(Interruption):
        card.run(in_turn(send, gate, lambda: call_verify(card.jpki, KEY)))
    assert card.is_late and card.is_alive
    gate.open()
    assert sign_once(card) == SIGNED
    connection.assert_finished()
    assert connection.events == ["begin", ".", ".", "end"]
