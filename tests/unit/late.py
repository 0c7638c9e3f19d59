"""Jobs that take too long, without a test that depends on how fast the machine is.

Time stands still, but for callers who wait for a job that is held at a gate: it is late, for as long as it is there.
"""

from __future__ import annotations

import os
import signal
import threading
from _thread import allocate_lock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import pytest

from pyjpki11.provider import job_thread, reader_watch

LONG_S, SHORT_S = 60, 0.01


class Time:
    """That of callers, in place of `monotonic`. `held`: the gates at which a job is."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.held: set[Gate] = set()

    def __call__(self) -> float:
        """Seconds."""
        return self.now_s

    def lock(self) -> Lock:
        """In place of `allocate_lock`."""
        return Lock(self)

    @contextmanager
    def stands_still(self) -> Iterator[None]:
        """Nothing that is done within this waits for any time limit."""
        before = self.now_s
        yield
        assert self.now_s == before


class Lock:
    """A lock for which nobody waits in vain unless a job is late."""

    def __init__(self, time: Time) -> None:
        self._lock = allocate_lock()
        self._time = time

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """See threading.Lock."""
        if timeout <= 0:
            return self._lock.acquire(blocking and timeout < 0)
        until = monotonic() + LONG_S
        while not self._lock.acquire(timeout=SHORT_S):
            assert monotonic() < until, "it is neither done nor late"
            if self._time.held:
                self._time.now_s += timeout
                return False
        return True

    def release(self) -> None:
        """See threading.Lock."""
        self._lock.release()

    def locked(self) -> bool:
        """See threading.Lock."""
        return self._lock.locked()


class Gate:
    """Where a job waits until the test lets it go on."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._opened = threading.Event()

    def __call__(self) -> None:
        """Wait here."""
        self._time.held.add(self)
        assert self._opened.wait(LONG_S)

    def open(self) -> None:
        """Let it go on."""
        self._time.held.discard(self)
        self._opened.set()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """That of the callers of all threads for jobs that the test makes."""
    time = Time()
    monkeypatch.setattr(job_thread, "monotonic", time)
    monkeypatch.setattr(job_thread, "allocate_lock", time.lock)
    monkeypatch.setattr(reader_watch, "monotonic", time)
    return time


@pytest.fixture
def gate(time: Time) -> Iterator[Gate]:
    """It is opened in the end, whatever a test does."""
    gate = Gate(time)
    yield gate
    gate.open()


def await_end(is_busy: Callable[[], bool]) -> None:
    """Return when what was late has come back."""
    until = monotonic() + LONG_S
    while is_busy():
        assert monotonic() < until
        sleep(SHORT_S)


def in_turn(*work: Callable[[], object]) -> Callable[[], None]:
    """A job of several parts."""

    def do_all() -> None:
        for part in work:
            part()

    return do_all


class Interruption(BaseException):
    """What a signal handler raises."""


@contextmanager
def handler(handle: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """A signal handler of this thread's, and what another thread does to have it run once.

    A signal that comes just before its thread begins to wait does not wake it, so it is sent until it is taken.
    """
    is_taken = threading.Event()

    def take(_number: int, _frame: object) -> None:
        if not is_taken.is_set():
            is_taken.set()
            handle()

    def send() -> None:
        while not is_taken.is_set():
            os.kill(os.getpid(), signal.SIGUSR1)
            is_taken.wait(SHORT_S)

    before = signal.signal(signal.SIGUSR1, take)
    try:
        yield send
    finally:
        signal.signal(signal.SIGUSR1, before)


def interrupt() -> None:
    """What a handler does that gets its thread out of a call."""
    raise Interruption
