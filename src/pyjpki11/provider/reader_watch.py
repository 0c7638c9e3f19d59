"""What the reader driver says of readers and cards, asked by callers who will not wait for ever."""

from __future__ import annotations

from _thread import RLock
from time import monotonic

from pyjpki11.errors import ServiceUnavailable
from pyjpki11.provider.job_thread import JobThread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import ParamSpec, TypeVar

    from pyjpki11.reader.base import Driver

    P = ParamSpec("P")
    T = TypeVar("T")

#: Seconds for which the answer about a reader holds: hosts ask in the midst of their work, several times in a row, and
#: asking the service takes longer than all else in such a call. A card cannot be exchanged that fast.
LOOK_S = 0.005


class ReaderWatch:
    """Asks the driver in a thread of its own: a service that hangs costs its callers one time limit, and from then on
    counts as gone until it answers. A signal handler of a Python host that interrupts a question is told what was known
    before: it is in the thread that waits for the answer."""

    def __init__(self, driver: Driver, timeout_s: float) -> None:
        """:param timeout_s: seconds that a caller waits for the service."""
        self._driver = driver
        self._timeout_s = timeout_s
        self._jobs = JobThread(timeout_s)
        self._lock = RLock()
        self._is_asking = False  # only a signal handler can then have the lock too
        self._names: list[str] = []
        self._looks: dict[str, tuple[float, int | None]] = {}  # reader -> until when its card event holds, and that

    def reader_names(self) -> list[str]:
        """See Driver.reader_names.

        :raises ServiceUnavailable: also when it does not answer in time.
        """
        with self._lock:
            if not self._is_asking:
                self._names = self._ask(self._driver.reader_names)
            return self._names

    def card_event(self, reader: str) -> int | None:
        """See Driver.card_event.

        :raises ServiceUnavailable: also when it does not answer in time.
        """
        until, event = self._looks.get(reader, (0.0, None))
        if monotonic() < until:
            return event  # without the lock, which is held while another call waits for the service
        with self._lock:
            if not self._is_asking:
                event = self._ask(self._driver.card_event, reader)
                self._looks[reader] = monotonic() + LOOK_S, event
            return event

    def wait(self, known: Mapping[str, int | None]) -> None:
        """See Driver.wait; in the caller's thread, for as long as that takes."""
        self._driver.wait(known)
        self._looks.clear()

    def close(self) -> None:
        """Wake all threads in `wait`, and disconnect from the service."""
        with self._lock:
            self._jobs.end(self._leave)

    def _leave(self) -> None:
        self._driver.cancel()
        self._driver.close()

    def _ask(self, question: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        self._is_asking = True
        try:
            return self._jobs.run(question, *arguments, **options)
        except TimeoutError:
            text = f"the PC/SC service has not answered for {self._timeout_s:g} s: restart pcscd"
            raise ServiceUnavailable(text) from None
        finally:
            self._is_asking = False
