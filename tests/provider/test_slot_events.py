"""C_WaitForSlotEvent: each coming or going of a card is an event of both its slots, told once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from provider.desk import Desk, DeskMaker
from provider.readers import Reader


def events(desk: Desk) -> list[int]:
    """All that are there without waiting."""
    found: list[int] = []
    while (answer := desk.do("call", desk.module.wait_for_slot_event, False)) != "NO_EVENT":
        found.append(answer)
        assert len(found) < 20
    return found


def test_what_was_there_from_the_beginning_is_no_event(desk: Desk) -> None:
    assert events(desk) == []


@pytest.mark.parametrize("event", ["remove", "unplug"])
def test_going_and_coming(desk: Desk, event: str) -> None:
    desk.do(event)
    assert events(desk) == [0, 1]
    desk.do({"remove": "insert", "unplug": "plug-in"}[event])
    assert events(desk) == [0, 1]
    assert events(desk) == []


def test_an_exchange_is_one_event(desk: Desk) -> None:
    desk.remove()
    desk.insert()
    assert events(desk) == [0, 1]


def test_an_event_that_a_poll_has_seen_is_told_nevertheless(desk: Desk) -> None:
    desk.remove()
    assert desk.slots() == []
    assert events(desk) == [0, 1]


def test_a_new_reader(desk: Desk, new_state: Callable[[], Path]) -> None:
    second = Reader("Second reader", new_state())
    second.driver.remove()
    desk.readers.plugged_in.append(second)
    assert events(desk) == []
    second.driver.insert()
    assert events(desk) == [2, 3]


def test_a_foreign_card_comes_too(make_desk: DeskMaker) -> None:
    desk = make_desk(["foreign-card"])
    desk.reader.driver.insert()
    assert events(desk) == [0, 1]


@pytest.mark.parametrize(("slot", "expected"), [("authentication", [0]), ("signature", [1])])
def test_a_slot_that_is_not_offered_has_no_event(slot: str, expected: list[int], make_desk: DeskMaker) -> None:
    desk = make_desk(slots=[slot])
    desk.remove()
    assert events(desk) == expected


def test_looking_costs_no_command(desk: Desk) -> None:
    desk.open("auth")
    desk.commands()
    events(desk)
    desk.reader.driver.insert()
    events(desk)
    assert desk.commands() == 0


def test_waiting_ends_with_an_event(desk: Desk) -> None:
    """The driver may also wake for no reason; then the library's C side asks again."""
    wakings = iter([lambda: None, lambda: None, desk.remove])
    desk.readers.while_waiting = lambda: next(wakings)()
    answers = [desk.do("call", desk.module.wait_for_slot_event, True) for _ in range(3)]
    assert answers == ["NO_EVENT", "NO_EVENT", 0]
    assert len(desk.readers.waits) == 3
    assert desk.module.wait_for_slot_event(is_blocking=True) == 1


def test_waiting_ends_with_the_module(desk: Desk) -> None:
    desk.readers.while_waiting = desk.finalize
    answer = desk.do("call", desk.module.wait_for_slot_event, True)
    assert answer == "CRYPTOKI_NOT_INITIALIZED"
