"""Readers and cards that are looked for where the service may hang."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

import pytest
from unit.late import LONG_S, Gate, Time, await_end, handler

from pyjpki11.errors import CardRemoved, JpkiError, ServiceUnavailable
from pyjpki11.provider import module
from pyjpki11.provider.module import Module
from pyjpki11.provider.reader_slots import ReaderSlots
from pyjpki11.provider.reader_watch import LOOK_S, ReaderWatch
from pyjpki11.settings import Settings

READER = "a reader"


class Service:
    """A reader driver. `before`: what it does before each answer; `asked`: what it was asked and told."""

    def __init__(self) -> None:
        self.before: Callable[[], object] = lambda: None
        self.event: int | None = 1
        self.asked: list[str] = []

    def reader_names(self) -> list[str]:
        """One reader."""
        self.asked.append("names")
        self.before()
        return [READER]

    def card_event(self, reader: str) -> int | None:
        """What was set."""
        self.asked.append(f"event of {reader}")
        self.before()
        return self.event

    def connect(self, reader: str) -> None:
        """Nothing comes so far here."""

    def wait(self, known: Mapping[str, int | None]) -> None:
        """At once."""
        self.asked.append(f"wait {dict(known)}")

    def cancel(self) -> None:
        """Count it."""
        self.asked.append("cancel")

    def close(self) -> None:
        """Count it."""
        self.asked.append("close")


@pytest.fixture
def service() -> Service:
    """One that answers."""
    return Service()


@pytest.fixture
def watch(service: Service, time: Time) -> ReaderWatch:
    """What is tested."""
    return ReaderWatch(service, LONG_S)  # type: ignore[arg-type] # no test connects


def test_what_the_driver_says(service: Service, watch: ReaderWatch, time: Time) -> None:
    assert watch.reader_names() == [READER]
    assert watch.card_event(READER) == 1
    service.event = None
    time.now_s += LOOK_S
    assert watch.card_event(READER) is None


def test_what_the_driver_raises(service: Service, watch: ReaderWatch) -> None:
    def fail() -> None:
        raise ServiceUnavailable("it does not run")

    service.before = fail
    for ask in (watch.reader_names, lambda: watch.card_event(READER)):
        with pytest.raises(ServiceUnavailable, match="it does not run"):
            ask()


# -- answers that hold ------------------------------------------------------------------------------------


def test_an_answer_holds_for_a_moment(service: Service, watch: ReaderWatch, time: Time) -> None:
    """For the reader that was asked about."""
    for _ in range(3):
        assert watch.card_event(READER) == watch.card_event("another") == 1
    assert service.asked == [f"event of {READER}", "event of another"]
    time.now_s += LOOK_S
    watch.card_event(READER)
    assert service.asked[2:] == [f"event of {READER}"]


def test_no_answer_holds_after_a_wait(service: Service, watch: ReaderWatch) -> None:
    """Something has happened then."""
    watch.card_event(READER)
    service.event = 2
    watch.wait({READER: 1})
    assert watch.card_event(READER) == 2
    assert "wait {'a reader': 1}" in service.asked


def test_a_failure_does_not_hold(service: Service, watch: ReaderWatch) -> None:
    def fail() -> None:
        raise ServiceUnavailable

    service.before = fail
    with pytest.raises(ServiceUnavailable):
        watch.card_event(READER)
    service.before = lambda: None
    assert watch.card_event(READER) == 1


# -- a service that hangs -----------------------------------------------------------------------------------


def hang(service: Service, watch: ReaderWatch, gate: Gate) -> None:
    """Somebody asks, and has waited for a whole time limit."""
    service.before = gate
    with pytest.raises(ServiceUnavailable, match="restart pcscd"):
        watch.card_event(READER)
    service.before = lambda: None


def test_a_service_that_hangs_costs_one_time_limit(
    service: Service, watch: ReaderWatch, gate: Gate, time: Time
) -> None:
    """Whatever is asked next is answered at once, of any reader, without asking the service."""
    hang(service, watch, gate)
    with time.stands_still():
        for _ in range(3):
            for ask in (watch.reader_names, lambda: watch.card_event(READER), lambda: watch.card_event("another")):
                with pytest.raises(ServiceUnavailable, match="has not answered for 60 s"):
                    ask()
    assert service.asked == [f"event of {READER}"]


def test_a_service_that_answers_again(service: Service, watch: ReaderWatch, gate: Gate) -> None:
    """What it said too late is not what it says now."""
    hang(service, watch, gate)
    service.event = 2
    gate.open()
    await_end(lambda: watch._jobs.is_busy)
    assert watch.card_event(READER) == 2
    assert watch.reader_names() == [READER]


def test_a_reader_of_a_service_that_hangs_has_no_card(
    service: Service, watch: ReaderWatch, gate: Gate, time: Time
) -> None:
    """Nobody waits for each slot anew; the card is there again when the service is."""
    slots = ReaderSlots(service, watch, READER, Settings(), count(1).__next__)  # type: ignore[arg-type]
    assert slots.has_changed()
    time.now_s += LOOK_S
    hang(service, watch, gate)
    with time.stands_still():
        assert slots.has_changed() and not slots.has_changed()
        assert not slots.has_token()
    gate.open()
    await_end(lambda: watch._jobs.is_busy)
    assert slots.has_changed() and slots.last_event == 1


@pytest.mark.parametrize("error", [ServiceUnavailable("no service"), CardRemoved("the line is closed")], ids=repr)
def test_a_module_begins_without_a_service(
    service: Service, time: Time, monkeypatch: pytest.MonkeyPatch, error: JpkiError
) -> None:
    """However it fails; its readers come with it."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(module, "open_driver", lambda _setting: service)
    service.before = fail
    made = Module(Settings())
    assert made.slot_ids(token_present=False) == []
    service.before = lambda: None
    made.refresh_readers()
    assert made.slot_ids(token_present=False) == [0, 1]
    made.close()


# -- the end --------------------------------------------------------------------------------------------


def test_the_end(service: Service, watch: ReaderWatch) -> None:
    """Whoever waits is woken before the service is left; nobody asks it afterwards."""
    watch.reader_names()
    watch.close()
    watch.close()
    assert service.asked == ["names", "cancel", "close"]
    with pytest.raises(ServiceUnavailable):
        watch.card_event(READER)
    assert service.asked[-1] == "close"


def test_an_end_while_the_service_hangs(service: Service, watch: ReaderWatch, gate: Gate, time: Time) -> None:
    """Nobody waits; it is left once it has answered."""
    hang(service, watch, gate)
    with time.stands_still():
        watch.close()
    assert service.asked == [f"event of {READER}"]
    gate.open()
    await_end(lambda: "close" not in service.asked)
    assert service.asked[1:] == ["cancel", "close"]


# -- signal handlers of a Python host -----------------------------------------------------------------------


def test_a_signal_handler_in_the_midst_of_a_question(service: Service, watch: ReaderWatch, time: Time) -> None:
    """It is in the thread that waits for the answer: it is told what was known before, instead of waiting for itself.
    Nothing of that is taken for gone."""
    slots = ReaderSlots(service, watch, READER, Settings(), count(1).__next__)  # type: ignore[arg-type]
    seen: list[object] = [watch.reader_names(), slots.has_changed()]
    time.now_s += LOOK_S
    service.event = 2
    with handler(lambda: seen.extend((watch.reader_names(), watch.card_event(READER), slots.has_changed()))) as send:
        service.before = send
        assert slots.has_changed() and slots.last_event == 2
    assert seen == [[READER], True, [READER], 1, False]
    assert service.asked == ["names", *[f"event of {READER}"] * 2]


def test_a_signal_handler_that_ends_the_module_in_the_midst_of_a_question(service: Service, watch: ReaderWatch) -> None:
    """Whoever asked still gets the answer."""
    with handler(watch.close) as send:
        service.before = send
        assert watch.card_event(READER) == 1
    assert service.asked == [f"event of {READER}", "cancel", "close"]
