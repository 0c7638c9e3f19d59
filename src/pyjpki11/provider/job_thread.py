"""A thread that makes blocking calls for callers who will not wait for ever."""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from sys import is_finalizing
from time import monotonic

from pyjpki11.errors import ServiceUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


class Job:
    """Some work, and what came of it."""

    __slots__ = ("answer", "arguments", "done", "error", "is_done", "is_last", "options", "until", "work")

    def __init__(
        self, work: Callable[..., Any], arguments: Any, options: Any, until: float, is_last: bool = False
    ) -> None:
        """:param until: the moment at which its caller stops waiting."""
        self.work = work
        self.arguments = arguments
        self.options = options
        self.until = until
        self.is_last = is_last
        self.answer: Any = None
        self.error: BaseException | None = None
        self.is_done = False
        self.done = allocate_lock()
        self.done.acquire()

    def end(self) -> None:
        """Its end is known. (A caller that is interrupted may have the lock for ever, so a lock shows nothing.)"""
        self.arguments = self.options = None  # a PIN may be among them
        self.is_done = True
        self.done.release()


class JobThread:
    """Does one job at a time, for one caller at a time.

    Nothing of the PC/SC library can be interrupted once it waits for a service, a card or another program. So a job
    that takes too long goes on without its caller. Until it has come back no other is begun, and callers are told so
    at once: no caller waits twice for the same thing. The thread is made by the first job.
    """

    def __init__(self, timeout_s: float) -> None:
        """:param timeout_s: seconds that a caller waits for a job."""
        self._timeout_s = timeout_s
        self._is_started = False
        self._next: Job | None = None
        self._last: Job | None = None
        self._is_ended = False
        self._wanted = allocate_lock()
        self._wanted.acquire()

    @property
    def is_busy(self) -> bool:
        """Whether a job is under way."""
        return self._last is not None and not self._last.is_done

    def run(self, work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """The answer of a job, or what it raises.

        When a Python host ends it lets no other thread run any more, so the job is done here then, however long it
        takes: the card has to forget the PIN.

        :raises TimeoutError: it, or the job before, takes too long.
        :raises ServiceUnavailable: this process can make no more threads; or the thread was ended.
        """
        if is_finalizing():
            return work(*arguments, **options)
        if self._is_ended:
            raise ServiceUnavailable("the module was finalised meanwhile")
        self.await_free()
        job = Job(work, arguments, options, monotonic() + self._timeout_s)
        self._hand_over(job)
        self.await_free()
        if job.error is not None:
            raise job.error
        answer: T = job.answer
        return answer

    def await_free(self) -> None:
        """Return when no job is under way.

        :raises TimeoutError: one takes too long.
        """
        job = self._last
        if job is None or job.is_done or is_finalizing():
            return
        if not job.done.acquire(timeout=max(0.0, job.until - monotonic())):
            raise TimeoutError
        job.done.release()

    def end(self, work: Callable[[], None]) -> None:
        """Do a last job, which raises nothing, and end the thread. It is not waited for if the job before takes too
        long. Twice does no harm.
        """
        if self._is_ended:
            return
        self._is_ended = True
        if is_finalizing() or not self._is_started:
            work()
            return
        last = Job(work, (), {}, monotonic() + self._timeout_s, is_last=True)
        try:
            self.await_free()
        except TimeoutError:
            self._hand_over(last)  # the thread finds it when it comes back
            return
        self._hand_over(last)
        try:
            self.await_free()
        except TimeoutError:
            pass  # it is done when it is done

    def _hand_over(self, job: Job) -> None:
        """In this order: a caller that is interrupted in between must not leave a job that seems to be under way."""
        if not self._is_started:
            self._start()
        self._next = job
        is_asleep = self._wanted.locked()
        self._last = job
        if is_asleep:
            self._wanted.release()

    def _start(self) -> None:
        try:
            start_new_thread(self._work, ())
        except RuntimeError as error:
            raise ServiceUnavailable(f"this process can make no more threads: {error}") from None
        self._is_started = True

    def _work(self) -> None:
        is_over = False
        while not is_over:
            self._wanted.acquire()
            job, self._next = self._next, None
            if job is None:
                continue
            try:
                job.answer = job.work(*job.arguments, **job.options)
            except BaseException as error:
                job.error = error
            is_over = job.is_last
            job.end()
            job = None
