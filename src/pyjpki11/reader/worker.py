"""A thread that makes blocking calls for callers who will not wait for ever."""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from sys import is_finalizing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Worker:
    """Runs one call at a time; a call that takes too long is left behind, and the worker with it.

    Nothing of the PC/SC library can be interrupted once it waits for a card, so giving up means letting the
    thread wait for as long as it must.
    """

    def __init__(self, clean_up: Callable[[], None]) -> None:
        """:param clean_up: what the thread does with what it holds if it comes back after it was left behind."""
        self._clean_up = clean_up
        self._call: Callable[[], Any] | None = None
        self._answer: Any = None
        self._error: BaseException | None = None
        self.is_abandoned = False
        self._wanted = allocate_lock()
        self._done = allocate_lock()
        self._wanted.acquire()
        self._done.acquire()
        start_new_thread(self._work, ())

    def run(self, call: Callable[[], Any], timeout_s: float) -> Any:
        """The answer of a call; only until the worker is abandoned.

        When a Python host ends it lets no other thread run any more, so the call is made here then, however long it
        takes: the card has to forget the PIN.

        :raises TimeoutError: it did not come in time, and the worker is abandoned.
        """
        if is_finalizing():
            return call()
        self._call = call
        self._wanted.release()
        is_done = False
        try:
            is_done = self._done.acquire(timeout=timeout_s)
        finally:
            self.is_abandoned = not is_done  # also when a signal handler of a Python host gets us out of here
        if not is_done:
            raise TimeoutError
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        answer, self._answer = self._answer, None
        return answer

    def stop(self) -> None:
        """End the thread, now or when the call it is in returns."""
        if not self.is_abandoned:
            self._call = None
            self._wanted.release()

    def _work(self) -> None:
        while True:
            self._wanted.acquire()
            call, self._call = self._call, None
            if call is None:
                return
            try:
                self._answer = call()
            except BaseException as error:
                self._error = error
            call = None  # it may refer to a PIN
            if self.is_abandoned:
                self._clean_up()
                return
            self._done.release()
