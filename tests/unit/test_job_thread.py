"""The thread in which calls are made that may never return. Design: decision 15"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from types import FrameType

import pytest
from support.process import run
from unit.late import LONG_S, Gate, Interruption, Time, await_end, handler, in_turn, interrupt

from pyjpki11.errors import CardMute, ServiceUnavailable
from pyjpki11.provider import job_thread
from pyjpki11.provider.job_thread import JobThread

#: Signals that a thread raises itself: a host's crash reporter shall see them.


@pytest.fixture
def jobs(time: Time) -> Iterator[JobThread]:
    """A thread."""
    jobs = JobThread(LONG_S)
    yield jobs
    jobs.end(lambda: None)


def fail(error: BaseException) -> None:
    """Raise it."""
    raise error


def be_late(jobs: JobThread, work: Callable[[], object]) -> None:
    """Do a job that takes too long."""
    with pytest.raises(TimeoutError):
        jobs.run(work)


# -- in time --------------------------------------------------------------------------------------------


def test_answers_and_errors(jobs: JobThread) -> None:
    assert jobs.run(lambda: 1) == 1
    with pytest.raises(CardMute, match="no answer"):
        jobs.run(fail, CardMute("no answer"))
    assert jobs.run(lambda: None) is None
    assert not jobs.is_busy


def test_arguments_reach_the_work(jobs: JobThread) -> None:
    assert jobs.run(divmod, 7, 2) == (3, 1)
    assert jobs.run(sorted, [1, 3, 2], reverse=True) == [3, 2, 1]


def test_always_the_same_thread(jobs: JobThread) -> None:
    threads = {jobs.run(threading.get_ident) for _ in range(5)}
    assert len(threads) == 1 and threading.get_ident() not in threads


def test_arguments_are_let_go(jobs: JobThread) -> None:
    """A PIN may be among them."""

    class Argument:
        """Something that shows that it is gone."""

    argument = Argument()
    is_there = weakref.ref(argument)
    jobs.run(id, argument)
    del argument
    assert is_there() is None


# -- late -----------------------------------------------------------------------------------------------


def test_a_job_that_takes_too_long(jobs: JobThread, gate: Gate, time: Time) -> None:
    """Whoever asked is told so, and whoever comes next at once, as long as it takes; then all is as before."""
    be_late(jobs, gate)
    assert jobs.is_busy and time.now_s == LONG_S
    with time.stands_still():
        for _ in range(3):
            with pytest.raises(TimeoutError):
                jobs.run(pytest.fail, "it was begun while another job was under way")
            with pytest.raises(TimeoutError):
                jobs.await_free()
    gate.open()
    await_end(lambda: jobs.is_busy)
    jobs.await_free()
    assert jobs.run(lambda: 1) == 1


@pytest.mark.parametrize("end", [lambda: "too late", lambda: fail(CardMute("too late"))], ids=["answer", "error"])
def test_what_comes_late_is_nobodys(jobs: JobThread, gate: Gate, end: Callable[[], object]) -> None:
    be_late(jobs, in_turn(gate, end))
    gate.open()
    await_end(lambda: jobs.is_busy)
    assert jobs.run(lambda: "in time") == "in time"


def test_who_comes_before_the_time_is_over_waits_for_the_rest_of_it(jobs: JobThread, gate: Gate, time: Time) -> None:
    """A caller that was interrupted has left a job which may still be in time."""
    with handler(interrupt) as send, pytest.raises(Interruption):
        jobs.run(in_turn(send, gate))
    before = time.now_s = LONG_S / 3
    be_late(jobs, lambda: pytest.fail("it was begun while another job was under way"))
    assert time.now_s - before == LONG_S - LONG_S / 3


# -- callers that are interrupted -------------------------------------------------------------------------


def test_an_interrupted_caller(jobs: JobThread, gate: Gate) -> None:
    """A signal handler of a Python host may raise while its thread waits; the job goes on without it."""
    done = threading.Event()
    with handler(interrupt) as send, pytest.raises(Interruption):
        jobs.run(in_turn(send, gate, done.set))
    assert jobs.is_busy and not done.is_set()
    gate.open()
    assert jobs.run(lambda: 1) == 1
    assert done.is_set()


#: More than the moments of a call.
MOMENTS = 24


def interrupted_at(moment: int, jobs: JobThread) -> bool:
    """Whether a job's caller had so many moments before the end; it was interrupted in the last of them.

    Python lets signal handlers run when a function is entered and when one written in C has returned.
    """
    left = moment

    def strike(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal left
        if event in ("call", "c_return") and frame.f_code.co_filename == job_thread.__file__:
            left -= 1
            if left == 0:
                raise Interruption

    try:
        sys.setprofile(strike)
        jobs.run(lambda: 1)
    except Interruption:
        return True
    finally:
        sys.setprofile(None)
    return False


@pytest.mark.parametrize("moment", range(1, MOMENTS))
def test_a_caller_interrupted_at_any_moment(moment: int) -> None:
    """It leaves no job that nobody does, or that everybody takes for one that is under way for ever."""
    jobs = JobThread(LONG_S)
    jobs.run(lambda: None)
    interrupted_at(moment, jobs)
    assert jobs.run(lambda: 2) == 2
    assert not jobs.is_busy
    jobs.end(lambda: None)


def test_those_are_all_moments() -> None:
    jobs = JobThread(LONG_S)
    jobs.run(lambda: None)
    assert interrupted_at(4, jobs) and not interrupted_at(MOMENTS - 1, jobs)
    jobs.end(lambda: None)


# -- the end --------------------------------------------------------------------------------------------


def test_the_last_job(jobs: JobThread) -> None:
    """It is done in the same thread, before anybody goes on; to end it twice does no harm."""
    done: list[int] = []
    thread = jobs.run(threading.get_ident)
    jobs.end(lambda: done.append(threading.get_ident()))
    jobs.end(lambda: pytest.fail("a second last job"))
    assert done == [thread]
    assert not jobs.is_busy


def test_the_last_job_of_a_thread_that_was_never_needed(jobs: JobThread) -> None:
    done: list[int] = []
    jobs.end(lambda: done.append(threading.get_ident()))
    assert done == [threading.get_ident()]


def test_an_ended_thread_does_nothing_more(jobs: JobThread) -> None:
    jobs.run(lambda: None)
    jobs.end(lambda: None)
    with pytest.raises(ServiceUnavailable):
        jobs.run(pytest.fail, "it was begun after the end")


def test_an_ended_thread_is_gone() -> None:
    gone = threading.Event()
    of_the_thread = threading.local()

    class Remains:
        """What the thread alone refers to."""

        def __del__(self) -> None:
            gone.set()

    jobs = JobThread(LONG_S)
    jobs.run(lambda: setattr(of_the_thread, "remains", Remains()))
    assert not gone.is_set()
    jobs.end(lambda: None)
    assert gone.wait(LONG_S)


def test_an_end_while_a_job_is_late(jobs: JobThread, gate: Gate, time: Time) -> None:
    """Nobody waits; the last job is done when the late one has come back, and the thread is gone then too."""
    done: list[str] = []
    is_over = threading.Event()
    of_the_thread = threading.local()

    class Remains:
        """What the thread alone refers to."""

        def __del__(self) -> None:
            is_over.set()

    jobs.run(lambda: setattr(of_the_thread, "remains", Remains()))
    be_late(jobs, in_turn(gate, lambda: done.append("late")))
    with time.stands_still():
        jobs.end(lambda: done.append("last"))
        with pytest.raises(ServiceUnavailable):
            jobs.run(pytest.fail, "it was begun after the end")
    assert done == []
    gate.open()
    assert is_over.wait(LONG_S)
    assert done == ["late", "last"]


def test_a_last_job_that_takes_too_long(jobs: JobThread, gate: Gate, time: Time) -> None:
    """It has a time limit like all others."""
    jobs.run(lambda: None)
    jobs.end(gate)
    assert time.now_s == LONG_S


# -- what a process does not give -------------------------------------------------------------------------


def test_no_thread_can_be_made(jobs: JobThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """For this time."""

    def refuse(_work: Callable[[], None], _arguments: tuple[()]) -> int:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(job_thread, "start_new_thread", refuse)
        for _ in range(2):
            with pytest.raises(ServiceUnavailable, match="no more threads"):
                jobs.run(pytest.fail, "who has done it?")
    assert not jobs.is_busy
    assert jobs.run(lambda: 1) == 1


#: Objects that live as long as the interpreter are ended by it when it lets no other thread run any more.
ENDING_HOST = """
import sys
from pyjpki11.provider.job_thread import JobThread

class Remains:
    def __init__(self, is_busy):
        self.jobs = JobThread({limit_s})
        self.jobs.run(int)
        if is_busy:
            from threading import Event
            try:
                self.jobs.run(Event().wait)
            except TimeoutError:
                pass

    def __del__(self, sys=sys, print=print):
        print(sys.is_finalizing(), self.jobs.run(lambda: "answer"))
        self.jobs.end(lambda: print("the last job"))

remains = Remains({is_busy})
"""


@pytest.mark.parametrize(("is_busy", "limit_s"), [(False, LONG_S), (True, 0.01)], ids=["free", "late"])
def test_a_host_that_ends(is_busy: bool, limit_s: float) -> None:
    """Whatever is still to be done is done at once, for the card has to forget the PIN."""
    done = run([sys.executable, "-c", ENDING_HOST.format(is_busy=is_busy, limit_s=limit_s)], timeout=LONG_S)
    assert done.stdout.splitlines() == ["True answer", "the last job"]
    assert done.stderr == ""
