"""A thread that makes blocking calls for callers who will not wait for ever."""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from sys import is_finalizing
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Job = Callable[[], Any]


def nothing() -> None:
    """What most jobs leave to be done."""


class Worker:
    """Does one job at a time; one with a call that takes too long is left behind, and the worker with it.

    Nothing of the PC/SC library can be interrupted once it waits for a card, so giving up means letting the
    thread wait for as long as it must. To hand a job over costs more than most calls in it: hence what belongs
    together is one job, and each call in it has the time allowed for itself.
    """

    def __init__(self, timeout_s: float, clean_up: Callable[[], None]) -> None:
        """
        :param timeout_s: the time allowed for each call.
        :param clean_up: what the thread does with what it holds if it comes back after it was left behind.
        """
        self._timeout_s = timeout_s
        self._clean_up = clean_up
        self._job: Job | None = None
        self._afterwards = nothing
        self._deadline = 0.0
        self._answer: Any = None
        self._error: BaseException | None = None
        self.is_abandoned = False
        self._wanted = allocate_lock()
        self._done = allocate_lock()
        self._wanted.acquire()
        self._done.acquire()
        start_new_thread(self._work, ())

    def run(self, job: Job, afterwards: Callable[[], None] = nothing) -> Any:
        """The answer of a job; only until the worker is abandoned.

        When a Python host ends it lets no other thread run any more, so the job is done here then, however long it
        takes: the card has to forget the PIN.

        :param afterwards: what the thread does next, for which nobody waits but another job; it does not raise.
        :raises TimeoutError: a call in it did not return in time, and the worker is abandoned.
        """
        if is_finalizing():
            return _run_here(job, afterwards)
        is_done = False
        try:
            self._job, self._afterwards = job, afterwards
            self._answer = self._error = None
            self.renew()
            self._wanted.release()
            is_done = self._is_done_in_time()
        finally:
            if not is_done:  # also when a signal handler of a Python host gets us out of here
                self.is_abandoned = True
                self.stop()
        if not is_done:
            raise TimeoutError
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        answer, self._answer = self._answer, None
        return answer

    def renew(self) -> None:
        """A call begins, in a job: it has all of the time allowed."""
        self._deadline = monotonic() + self._timeout_s

    def stop(self) -> None:
        """End the thread, now or when the job it is in is done; twice does no harm."""
        self._job = None
        if self._wanted.locked():
            self._wanted.release()

    def _is_done_in_time(self) -> bool:
        left_s = self._timeout_s
        while left_s > 0:
            if self._done.acquire(timeout=left_s):
                return True
            left_s = self._deadline - monotonic()
        return False

    def _work(self) -> None:
        while True:
            self._wanted.acquire()
            job, self._job, afterwards = self._job, None, self._afterwards
            if job is None:
                break
            try:
                self._answer = job()
            except BaseException as error:
                self._error = error
            job = None  # it may refer to a PIN
            self._done.release()
            afterwards()
        if self.is_abandoned:
            self._clean_up()


def _run_here(job: Job, afterwards: Callable[[], None]) -> Any:
    try:
        return job()
    finally:
        afterwards()
