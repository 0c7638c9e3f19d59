"""The order in which a thread takes locks, which docs/architecture.md writes down (Design: decision 15e).

Every lock of the core is watched during a day's work. A thread that holds one may take another only if that stands
further down in the order; two of one place are never held together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from provider.desk import Desk, DeskMaker
from provider.test_threads import in_threads
from provider.work import work

from pyjpki11.boundary import entry
from pyjpki11.provider import inserted_card, job_thread, module, reader_slots, reader_watch
from pyjpki11.provider.inserted_card import InsertedCard

#: The order, the first taken first: what makes a lock, and the class or module whose lock it is.
ORDER = (
    ((entry, "allocate_lock"),),
    ((module, "allocate_lock"),),
    ((reader_slots, "RLock"),),
    ((inserted_card, "RLock"), (reader_watch, "RLock")),
    ((job_thread, "allocate_lock"),),
)
#: A job thread is between two jobs, or at one; what it waits for is no lock that anybody holds.
SIGNALS = len(ORDER) - 1


class Watch:
    """What each thread holds, and what was done in a wrong order."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.seen: set[tuple[int, int]] = set()  # (place held, place taken) of all that was right
        self.taken: set[int] = set()
        self._of_thread = threading.local()

    @property
    def held(self) -> list[WatchedLock]:
        """The locks that this thread holds, the last one last."""
        locks: list[WatchedLock] = self._of_thread.__dict__.setdefault("locks", [])
        return locks

    def take(self, lock: WatchedLock) -> None:
        """This thread is about to take a lock."""
        self.taken.add(lock.place)
        if lock in self.held:
            return
        for other in self.held:
            pair = (other.place, lock.place)
            if other.place < lock.place:
                self.seen.add(pair)
            else:
                self.wrong.append(f"{threading.current_thread().name}: {pair}")


class WatchedLock:
    """A lock in the place of one that a class of the core makes."""

    def __init__(self, watch: Watch, place: int, lock: Any) -> None:
        self.place = place
        self._watch = watch
        self._lock = lock

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As a lock's."""
        self._watch.take(self)
        is_taken: bool = self._lock.acquire(blocking, timeout)
        if is_taken and self.place != SIGNALS:
            self._watch.held.append(self)
        return is_taken

    def release(self) -> None:
        """As a lock's."""
        self._lock.release()
        if self.place != SIGNALS:  # another thread gives the signal
            self._watch.held.remove(self)

    def locked(self) -> bool:
        """As a lock's."""
        is_locked: bool = self._lock.locked()
        return is_locked

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def watched(watch: Watch, place: int, make: Callable[[], Any]) -> Callable[[], WatchedLock]:
    """What makes locks, but watched ones."""
    return lambda: WatchedLock(watch, place, make())


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watches every lock that is made from now on; an order that was wrong fails the test."""
    seen = Watch()
    for place, makers in enumerate(ORDER):
        for owner, name in makers:
            monkeypatch.setattr(owner, name, watched(seen, place, getattr(owner, name)))
    monkeypatch.setattr(entry, "_change", watched(seen, 0, threading.Lock)())
    yield seen
    assert seen.wrong == []


def test_a_days_work_keeps_the_order(watch: Watch, make_desk: DeskMaker) -> None:
    desk = make_desk(signature_consent="each-login")
    work(desk)
    desk.finalize()
    assert watch.taken == {1, 2, 3, 4}
    assert {(2, 3), (2, 4), (3, 4)} <= watch.seen


def test_the_beginning_and_the_end_keep_it_too(watch: Watch, make_desk: DeskMaker) -> None:
    desk = make_desk()
    desk.finalize()
    entry.initialize(lambda: module.Module(desk.settings))
    entry.module().open_session(0, 4)
    entry.finalize()
    assert {(0, 1), (0, 2), (0, 3), (0, 4)} <= watch.seen


def test_cards_that_come_and_go_keep_it_too(watch: Watch, make_desk: DeskMaker) -> None:
    desk = make_desk()
    desk.open("auth")
    desk.remove()
    assert desk.do("call", desk.module.wait_for_slot_event, False) == 0
    desk.insert()
    desk.open("auth")
    assert {(1, 2), (1, 3)} <= watch.seen


def test_threads_keep_it_too(watch: Watch, make_desk: DeskMaker) -> None:
    desk = make_desk(signature_consent="each-login")
    for name in ("auth", "sign"):
        desk.open(name)
        desk.login(name)

    def run(number: int) -> None:
        name = f"{('auth', 'sign')[number % 2]}{number}"
        desk.open(name)
        desk.sign(name)
        desk.do("call", desk.module.wait_for_slot_event, False)
        desk.close(name)

    in_threads(run)
    assert desk.slots() == [0, 1]


def test_a_step_on_the_card_takes_no_lock_that_its_caller_may_hold(
    watch: Watch, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its caller waits for it, so it would wait for ever."""
    callers: set[int] = set()
    run, take = InsertedCard.run, watch.take
    taken_elsewhere: list[int] = []

    def watched_run(*arguments: Any, **options: Any) -> Any:
        callers.add(threading.get_ident())
        return run(*arguments, **options)

    def watched_take(lock: WatchedLock) -> None:
        if threading.get_ident() not in callers and lock.place != SIGNALS:
            taken_elsewhere.append(lock.place)
        take(lock)

    monkeypatch.setattr(InsertedCard, "run", watched_run)
    monkeypatch.setattr(watch, "take", watched_take)
    desk.open("auth")
    taken_elsewhere.clear()  # this thread was not known as a caller before its first step
    work(desk)
    assert callers == {threading.get_ident()}
    assert taken_elsewhere == []


def test_a_wrong_order_is_noticed() -> None:
    """What is watched can be told wrong."""
    seen = Watch()
    first, second = (WatchedLock(seen, place, threading.Lock()) for place in (1, 2))
    with second, first:
        pass
    assert len(seen.wrong) == 1
    with first, second:
        pass
    assert len(seen.wrong) == 1
