"""The thread that is left behind when a card does not answer. Design: decision 8"""

from __future__ import annotations

import threading

import pytest
from unit.clock import Clock

from pyjpki11.errors import CardMute
from pyjpki11.reader.worker import Worker

LONG_S, SHORT_S = 60, 0.01


def never() -> None:
    """No clean-up is due."""
    pytest.fail("cleaned up")


def test_answers_and_errors() -> None:
    def fail() -> None:
        raise CardMute("no answer")

    worker = Worker(LONG_S, never)
    assert worker.run(lambda: 1) == 1
    with pytest.raises(CardMute, match="no answer"):
        worker.run(fail)
    assert worker.run(lambda: None) is None
    assert not worker.is_abandoned
    worker.stop()


def test_an_error_that_nobody_took_is_not_the_next_answer() -> None:
    """A signal handler of a Python host may raise when it is there."""
    worker = Worker(LONG_S, never)
    worker._error = CardMute("no answer")
    assert worker.run(lambda: 1) == 1
    worker.stop()


def test_always_the_same_thread() -> None:
    worker = Worker(LONG_S, never)
    threads = {worker.run(threading.get_ident) for _ in range(5)}
    assert len(threads) == 1 and threading.get_ident() not in threads
    worker.stop()


def test_a_stopped_thread_ends() -> None:
    """It cleans up nothing, which was done before; to stop it twice does no harm."""
    ended = threading.Event()
    of_the_thread = threading.local()

    class Remains:
        def __del__(self) -> None:
            ended.set()

    worker = Worker(LONG_S, never)
    worker.run(lambda: setattr(of_the_thread, "remains", Remains()))
    worker.stop()
    worker.stop()
    assert ended.wait(LONG_S)


def test_nobody_waits_for_what_comes_afterwards() -> None:
    """But the next job does."""
    answered = threading.Event()
    done: list[str] = []

    def afterwards() -> None:
        assert answered.wait(LONG_S)
        done.append("afterwards")

    worker = Worker(LONG_S, never)
    assert worker.run(lambda: 1, afterwards) == 1
    assert not done
    answered.set()
    worker.run(lambda: done.append("the next job"))
    assert done == ["afterwards", "the next job"]
    worker.stop()


def test_what_comes_afterwards_comes_after_an_error_too() -> None:
    def fail() -> None:
        raise CardMute("no answer")

    done = threading.Event()
    worker = Worker(LONG_S, never)
    with pytest.raises(CardMute):
        worker.run(fail, done.set)
    assert done.wait(LONG_S)
    worker.stop()


def test_a_call_that_takes_too_long() -> None:
    """It goes on by itself, and cleans up when it returns."""
    answered, cleaned_up = threading.Event(), threading.Event()
    worker = Worker(SHORT_S, cleaned_up.set)
    with pytest.raises(TimeoutError):
        worker.run(lambda: answered.wait(LONG_S))
    assert worker.is_abandoned and not cleaned_up.is_set()
    worker.stop()  # nobody is there to stop
    answered.set()
    assert cleaned_up.wait(LONG_S)


def test_what_is_left_behind_is_ended_before_it_is_cleaned_up() -> None:
    answered, cleaned_up = threading.Event(), threading.Event()
    done: list[str] = []

    def clean_up() -> None:
        done.append("clean-up")
        cleaned_up.set()

    worker = Worker(SHORT_S, clean_up)
    with pytest.raises(TimeoutError):
        worker.run(lambda: answered.wait(LONG_S), lambda: done.append("afterwards"))
    answered.set()
    assert cleaned_up.wait(LONG_S)
    assert done == ["afterwards", "clean-up"]


def test_every_call_of_a_job_has_all_of_the_time(clock: Clock) -> None:
    """The whole job may take longer than the time allowed."""

    def many_calls() -> int:
        for _ in range(5):
            clock.now_s += SHORT_S / 2
            worker.renew()
            assert clock.looks.acquire(timeout=LONG_S)  # that of the call itself, and that of who has waited
            assert clock.looks.acquire(timeout=LONG_S)
        return 1

    worker = Worker(SHORT_S, never)
    assert worker.run(many_calls) == 1
    worker.stop()


def test_a_late_call_among_others(clock: Clock) -> None:
    answered, cleaned_up = threading.Event(), threading.Event()

    def second_call_hangs() -> None:
        worker.renew()
        clock.now_s += SHORT_S
        answered.wait(LONG_S)

    worker = Worker(SHORT_S, cleaned_up.set)
    with pytest.raises(TimeoutError):
        worker.run(second_call_hangs)
    answered.set()
    assert cleaned_up.wait(LONG_S)


def test_the_late_answer_is_nobodys() -> None:
    """Nor is a late error."""
    answered, cleaned_up = threading.Event(), threading.Event()

    def fail_late() -> None:
        answered.wait(LONG_S)
        raise CardMute("too late")

    worker = Worker(SHORT_S, cleaned_up.set)
    with pytest.raises(TimeoutError):
        worker.run(fail_late)
    answered.set()
    assert cleaned_up.wait(LONG_S)
    assert worker.is_abandoned


def test_an_interrupted_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal handler of a Python host may raise while its thread waits."""
    answered, cleaned_up = threading.Event(), threading.Event()
    worker = Worker(LONG_S, cleaned_up.set)

    def interrupt() -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "_is_done_in_time", interrupt)
    with pytest.raises(KeyboardInterrupt):
        worker.run(lambda: answered.wait(LONG_S))
    assert worker.is_abandoned
    answered.set()
    assert cleaned_up.wait(LONG_S)


def test_a_caller_interrupted_when_the_job_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned_up = threading.Event()
    worker = Worker(LONG_S, cleaned_up.set)
    done = threading.Event()

    def interrupt() -> bool:
        assert done.wait(LONG_S)
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "_is_done_in_time", interrupt)
    with pytest.raises(KeyboardInterrupt):
        worker.run(lambda: 1, done.set)
    assert cleaned_up.wait(LONG_S)
