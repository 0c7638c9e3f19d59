"""The thread that is left behind when a card does not answer. Design: decision 8"""

from __future__ import annotations

import threading

import pytest

from pyjpki11.errors import CardMute
from pyjpki11.reader.worker import Worker

LONG_S, SHORT_S = 60, 0.01


def nothing() -> None:
    """No clean-up is due."""
    pytest.fail("cleaned up")


def test_answers_and_errors() -> None:
    def fail() -> None:
        raise CardMute("no answer")

    worker = Worker(nothing)
    assert worker.run(lambda: 1, LONG_S) == 1
    with pytest.raises(CardMute, match="no answer"):
        worker.run(fail, LONG_S)
    assert worker.run(lambda: None, LONG_S) is None
    assert not worker.is_abandoned
    worker.stop()


def test_always_the_same_thread() -> None:
    worker = Worker(nothing)
    threads = {worker.run(threading.get_ident, LONG_S) for _ in range(5)}
    assert len(threads) == 1 and threading.get_ident() not in threads
    worker.stop()


def test_a_call_that_takes_too_long() -> None:
    """It goes on by itself, and cleans up when it returns."""
    answered, cleaned_up = threading.Event(), threading.Event()
    worker = Worker(cleaned_up.set)
    with pytest.raises(TimeoutError):
        worker.run(lambda: answered.wait(LONG_S), SHORT_S)
    assert worker.is_abandoned and not cleaned_up.is_set()
    worker.stop()  # nobody is there to stop
    answered.set()
    assert cleaned_up.wait(LONG_S)


def test_the_late_answer_is_nobodys() -> None:
    """Nor is a late error."""
    answered, cleaned_up = threading.Event(), threading.Event()

    def fail_late() -> None:
        answered.wait(LONG_S)
        raise CardMute("too late")

    worker = Worker(cleaned_up.set)
    with pytest.raises(TimeoutError):
        worker.run(fail_late, SHORT_S)
    answered.set()
    assert cleaned_up.wait(LONG_S)
    assert worker.is_abandoned
