"""Jobs that take too long, without a test that depends on how fast the machine is.

What shall be late waits for a gate that nobody opens before; what shall be in time has a minute.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TypeVar

from pyjpki11.provider.job_thread import JobThread

LONG_S, SHORT_S = 60, 0.01
T = TypeVar("T")


class Gate:
    """Where a job waits until the test lets it go on."""

    def __init__(self) -> None:
        self._arrived, self._opened = threading.Event(), threading.Event()

    def __call__(self) -> None:
        """Wait here."""
        self._arrived.set()
        assert self._opened.wait(LONG_S)

    def open(self) -> None:
        """Let it go on."""
        self._opened.set()

    def await_arrival(self) -> None:
        """Return when the job is there."""
        assert self._arrived.wait(LONG_S)


@contextmanager
def impatient(jobs: JobThread) -> Iterator[None]:
    """A caller within this has next to no time."""
    patient_s, jobs._timeout_s = jobs._timeout_s, SHORT_S
    try:
        yield
    finally:
        jobs._timeout_s = patient_s


@contextmanager
def at_once() -> Iterator[None]:
    """What is done within this does not wait for a whole time limit."""
    before = monotonic()
    yield
    assert monotonic() - before < LONG_S / 2


def await_end(is_busy: Callable[[], bool]) -> None:
    """Return when what was late has come back."""
    until = monotonic() + LONG_S
    while is_busy():
        assert monotonic() < until
        sleep(SHORT_S)


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
