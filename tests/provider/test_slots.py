"""Slots: two a reader, ids that never change, and looks at them that cost the card nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from provider.desk import Desk, DeskMaker
from provider.readers import Reader

from pyjpki11.cryptoki import ckf
from pyjpki11.errors import (
    CardAbsent,
    CardMute,
    CardNotRecognized,
    JpkiError,
    ReaderBusy,
    ReaderGone,
    ServiceUnavailable,
)
from pyjpki11.provider.card_facts import MAX_MORE_QUESTIONS
from pyjpki11.provider.reader_slots import MAX_QUESTIONS

StateMaker = Callable[[], Path]


@pytest.fixture
def second(new_state: StateMaker) -> Reader:
    """A second reader, not plugged in, with a card of its own."""
    return Reader("Second reader", new_state())


def all_slots(desk: Desk) -> list[int]:
    """C_GetSlotList, both calls."""
    desk.module.refresh_readers()
    return desk.module.slot_ids(token_present=False)


def names(desk: Desk) -> list[str]:
    """The reader behind every slot."""
    return [desk.module.reader_slots(slot_id).reader for slot_id in all_slots(desk)]


def test_two_slots_a_reader(desk: Desk) -> None:
    assert all_slots(desk) == desk.slots() == [0, 1]
    tokens = [desk.module.token(slot_id) for slot_id in (0, 1)]
    labels = ["JPKI (User Authentication PIN)", "JPKI (Digital Signature PIN)"]
    assert [token.layout.label for token in tokens] == labels
    rules = [(token.key.pin_rule.min_len, token.key.pin_rule.max_len) for token in tokens]
    assert rules == [(4, 4), (6, 16)]


def test_slots_are_there_without_a_card(desk: Desk) -> None:
    desk.remove()
    assert all_slots(desk) == [0, 1]
    assert desk.slots() == []


def test_ids_are_kept_when_readers_come_and_go(desk: Desk, second: Reader) -> None:
    assert names(desk) == ["Reader"] * 2
    desk.readers.plugged_in.insert(0, second)
    assert names(desk) == ["Reader"] * 2 + ["Second reader"] * 2
    assert desk.slots() == [0, 1, 2, 3]
    desk.unplug()
    assert names(desk) == ["Reader"] * 2 + ["Second reader"] * 2
    assert desk.slots() == [2, 3]
    desk.plug_in()
    assert names(desk) == ["Reader"] * 2 + ["Second reader"] * 2
    assert desk.slots() == [0, 1, 2, 3]


def test_a_reader_plugged_in_shows_when_slots_are_listed(desk: Desk, second: Reader) -> None:
    """Not before, or a list could outgrow the room that was asked for."""
    desk.readers.plugged_in.append(second)
    assert desk.slots() == [0, 1]
    assert all_slots(desk) == [0, 1, 2, 3]


def test_no_reader_at_all(desk: Desk) -> None:
    desk.finalize()
    desk.unplug()
    desk.initialize()
    assert all_slots(desk) == desk.slots() == []
    desk.plug_in()
    assert all_slots(desk) == [0, 1]


def test_two_cards_at_work(desk: Desk, second: Reader) -> None:
    """Sessions, logins and handles of one are nothing to the other."""
    desk.readers.plugged_in.append(second)
    desk.module.refresh_readers()
    desk.open("auth")
    desk.login("auth")
    desk.handles["auth2"] = desk.module.open_session(2, ckf.SERIAL_SESSION)
    assert desk.state("auth2") == "RO_PUBLIC_SESSION"
    assert second.verifies() == 0
    assert not set(desk.find("auth")) & set(desk.find("auth2"))
    second.driver.remove()
    assert desk.do("state", "auth2") == "SESSION_HANDLE_INVALID"
    assert desk.do("sign", "auth") == "OK"


@pytest.mark.parametrize("slot_id", [2, 3, 100, 2**32, 2**64 - 1])
def test_slots_that_do_not_exist(desk: Desk, slot_id: int) -> None:
    for call in (
        desk.module.reader_slots,
        desk.module.token,
        desk.module.has_token,
        desk.module.close_all_sessions,
        lambda number: desk.module.open_session(number, ckf.SERIAL_SESSION),
    ):
        assert desk.do("call", call, slot_id) == "SLOT_ID_INVALID"


OFFERED = {"authentication": [0, 2], "signature": [1, 3]}


@pytest.mark.parametrize("slot", OFFERED)
def test_a_slot_that_is_not_offered(slot: str, make_desk: DeskMaker, second: Reader) -> None:
    """The other one keeps its id, and works."""
    desk = make_desk(slots=[slot])
    desk.readers.plugged_in.append(second)
    assert all_slots(desk) == desk.slots() == OFFERED[slot]
    name = {"authentication": "auth", "signature": "sign"}[slot]
    desk.run([["open", name, "OK"], ["login", name, "OK"], ["sign", name, "OK"]])
    for slot_id in {0, 1, 2, 3} - set(OFFERED[slot]):
        test_slots_that_do_not_exist(desk, slot_id)


@pytest.mark.parametrize("flags", [0, ckf.RW_SESSION])
def test_parallel_sessions(desk: Desk, flags: int) -> None:
    assert desk.do("call", desk.module.open_session, 0, flags) == "SESSION_PARALLEL_NOT_SUPPORTED"


def test_session_counts_and_states(desk: Desk) -> None:
    desk.open("auth")
    desk.handles["auth-rw"] = desk.module.open_session(0, ckf.SERIAL_SESSION | ckf.RW_SESSION)
    desk.open("sign")
    assert desk.module.count_sessions(desk.module.token(0)) == (2, 1)
    assert desk.module.count_sessions(desk.module.token(1)) == (1, 0)
    assert (desk.state("auth"), desk.state("auth-rw")) == ("RO_PUBLIC_SESSION", "RW_PUBLIC_SESSION")
    desk.login("auth")
    assert (desk.state("auth"), desk.state("auth-rw")) == ("RO_USER_FUNCTIONS", "RW_USER_FUNCTIONS")
    assert desk.state("sign") == "RO_PUBLIC_SESSION"


@pytest.mark.parametrize("handle", [0, 1, 2**64 - 1])
def test_sessions_that_do_not_exist(desk: Desk, handle: int) -> None:
    for call in (
        desk.module.session,
        desk.module.present_session,
        desk.module.close_session,
        desk.module.logout,
    ):
        assert desk.do("call", call, handle) == "SESSION_HANDLE_INVALID"


# -- polling ------------------------------------------------------------------------------------------------

POLLS: dict[str, Callable[[Desk], Any]] = {
    "slot list": lambda desk: desk.module.slot_ids(token_present=True),
    "all slots": all_slots,
    "slot info": lambda desk: desk.module.has_token(0),
    "slot info of the other": lambda desk: desk.module.has_token(1),
    "session info": lambda desk: desk.state("auth"),
}


@pytest.mark.parametrize("poll", POLLS.values(), ids=POLLS)
def test_polling_sends_nothing(desk: Desk, poll: Callable[[Desk], Any]) -> None:
    desk.open("auth")
    desk.login("auth")
    desk.commands()
    for _ in range(10):
        poll(desk)
    assert desk.commands() == 0
    assert desk.do("sign", "auth") == "OK"


@pytest.mark.parametrize("poll", list(POLLS.values())[:-1], ids=list(POLLS)[:-1])
def test_polling_a_foreign_card_sends_nothing_more(make_desk: DeskMaker, poll: Callable[[Desk], Any]) -> None:
    desk = make_desk(["foreign-card"])
    desk.slots()
    desk.commands()
    for _ in range(10):
        poll(desk)
    assert desk.commands() == 0
    assert desk.reader.connections == 0


def test_polling_a_foreign_card_costs_no_memory(make_desk: DeskMaker) -> None:
    """An exception that is kept, and raised again and again, collects a traceback of all times."""
    desk = make_desk(["foreign-card"])
    lengths = []
    for _ in range(20):
        with pytest.raises(CardNotRecognized) as caught:
            desk.module.token(0)
        lengths.append(len(caught.traceback))
    assert lengths[-1] <= lengths[1]


SHORT_READ, SELECT_TOKEN_INFO = bytes.fromhex("B086"), bytes.fromhex("00A4020C020006")
STUMBLES = ("6F00", "6982", "6700", "6C00", "61FF", "6D00", "6E00", "6A86", "", "90")


@pytest.mark.parametrize("position", [0, 1], ids=["select", "token information"])
@pytest.mark.parametrize("answer", STUMBLES)
def test_a_card_that_stumbles_at_first_is_asked_again(desk: Desk, answer: str, position: int) -> None:
    """Its first answers are those of a card that slides in; then it says all of itself."""
    answers = [None] * position + [bytes.fromhex(answer)] * (2 - position)  # 6F00 is asked again at once
    desk.reader.trouble = lambda command: answers.pop(0) if answers else None
    for _ in range(2):
        desk.slots()
    assert desk.slots() == [0, 1]
    desk.open("auth")
    assert desk.module.token(0).facts.model() == "SOFTCARD"
    assert desk.do("labels", "auth") != []


@pytest.mark.parametrize("answer", STUMBLES)
@pytest.mark.parametrize("poll", list(POLLS.values())[:-1], ids=list(POLLS)[:-1])
def test_polling_a_card_that_only_stumbles_ends(desk: Desk, poll: Callable[[Desk], Any], answer: str) -> None:
    """It may be any card, and hosts poll for as long as they run."""
    asked: list[bytes] = []
    desk.reader.trouble = lambda command: asked.append(bytes(command)) or bytes.fromhex(answer)  # type: ignore[func-returns-value]
    for _ in range(MAX_QUESTIONS):
        desk.slots()
    asked.clear()
    for _ in range(10):
        poll(desk)
    assert desk.do("open", "auth") == "TOKEN_NOT_RECOGNIZED"
    assert asked == [] and desk.reader.connections == 0
    desk.reader.trouble = lambda command: None
    assert desk.slots() == []
    desk.insert()
    assert desk.slots() == [0, 1]


def test_a_card_that_never_tells_of_itself_is_used_all_the_same(desk: Desk) -> None:
    """It is asked a few times more, then no longer."""
    asked: list[bytes] = []

    def trouble(command: bytes) -> bytes | None:
        if command[1:3] != SHORT_READ and command != SELECT_TOKEN_INFO:
            return None
        asked.extend([command] if command[1:3] == SHORT_READ else [])
        return bytes.fromhex("6F00")

    desk.reader.trouble = trouble
    for _ in range(10):
        desk.open("auth")
        desk.close("auth")
    assert len(asked) == 1 + MAX_MORE_QUESTIONS
    desk.open("auth")
    desk.login("auth")
    assert desk.do("sign", "auth") == "OK"
    assert desk.module.token(0).facts.mechanisms()


def test_a_card_is_recognized_once(desk: Desk) -> None:
    desk.slots()
    assert desk.commands() == 2  # it is selected, and says what it is
    desk.slots()
    desk.open("auth")
    desk.open("sign")
    assert desk.commands() == 0
    assert desk.reader.connections == 1


def test_no_connection_is_kept_to_cards_that_left(desk: Desk) -> None:
    for _ in range(5):
        desk.slots()
        desk.reader.driver.insert()
    desk.slots()
    assert desk.reader.connections == 1
    desk.finalize()
    assert desk.reader.connections == 0
    assert desk.readers.is_closed


def test_a_foreign_card_exchanged_for_ours(make_desk: DeskMaker, new_state: StateMaker) -> None:
    desk = make_desk(["foreign-card"])
    assert desk.slots() == []
    desk.reader.exchange(new_state())
    assert desk.slots() == [0, 1]
    desk.reader.exchange(new_state(), "foreign-card")
    assert desk.do("open", "auth") == "TOKEN_NOT_RECOGNIZED"


# -- readers in trouble --------------------------------------------------------------------------------------

TROUBLES: dict[str, tuple[JpkiError, str]] = {
    "busy": (ReaderBusy("in use"), "DEVICE_ERROR"),
    "gone": (ReaderGone("unplugged"), "DEVICE_REMOVED"),
    "absent": (CardAbsent("just taken out"), "TOKEN_NOT_PRESENT"),
    "mute": (CardMute("no answer"), "DEVICE_ERROR"),
    "no service": (ServiceUnavailable("stopped"), "DEVICE_ERROR"),
}


@pytest.mark.parametrize(("error", "expected"), TROUBLES.values(), ids=TROUBLES)
def test_no_connection(desk: Desk, monkeypatch: pytest.MonkeyPatch, error: JpkiError, expected: str) -> None:
    """The right error, and no memory of it."""

    def connect(_reader: str) -> None:
        raise error

    with monkeypatch.context() as trouble:
        trouble.setattr(desk.readers, "connect", connect)
        assert desk.slots() == []
        assert desk.do("open", "auth") == expected
    assert desk.do("open", "auth") == "OK"


def test_nobody_can_tell_whether_there_is_a_card(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service died: what it showed is gone; when it is back, so is the card, logged out."""

    def card_event(_reader: str) -> None:
        raise ServiceUnavailable("stopped")

    desk.open("auth")
    desk.login("auth")
    with monkeypatch.context() as trouble:
        trouble.setattr(desk.readers, "card_event", card_event)
        assert desk.slots() == []
        assert desk.do("state", "auth") == "SESSION_HANDLE_INVALID"
        assert desk.do("open", "auth") == "TOKEN_NOT_PRESENT"
    assert desk.slots() == [0, 1]
    desk.open("auth")
    assert desk.state("auth") == "RO_PUBLIC_SESSION"


def test_finalize_with_a_card_that_does_not_answer(desk: Desk) -> None:
    desk.open("auth")
    desk.login("auth")
    desk.fault("silence")
    assert desk.do("finalize") == "OK"
    assert desk.readers.is_closed and desk.reader.connections == 0


@pytest.mark.parametrize("event", ["remove", "unplug"])
def test_finalize_without_the_card(desk: Desk, event: str) -> None:
    desk.open("auth")
    desk.login("auth")
    desk.do(event)
    assert desk.do("finalize") == "OK"
    assert desk.readers.is_closed and desk.reader.connections == 0
