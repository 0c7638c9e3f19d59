"""One card for as long as it stays in one reader: the one way to it."""

from __future__ import annotations

from _thread import RLock

from pyjpki11 import log
from pyjpki11.card.jpki import JpkiCard
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CardMute, CardRemoved, CryptokiError, JpkiError, ReaderBusy, ReaderGone, ServiceUnavailable
from pyjpki11.iso7816.channel import Channel
from pyjpki11.provider.job_thread import JobThread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, Protocol, TypeVar

    from pyjpki11.reader.base import Connection

    P = ParamSpec("P")
    T = TypeVar("T")

    class Connector(Protocol):
        """The part of a reader driver that connects to cards."""

        def connect(self, reader: str) -> Connection: ...


#: The card, or the way to it, is lost: nothing known about it holds any longer.
LOST = (CardRemoved, ReaderGone, ServiceUnavailable)


class InsertedCard:
    """An inserted card, shared by its two tokens.

    Every step on the card is one job of its thread (`run`): at most one at a time, with one time limit for all of it.
    Below that job everything is plain calls.
    """

    def __init__(self, driver: Connector, reader: str, timeout_s: float) -> None:
        """Nothing is asked of the card yet; see `connect`.

        :param timeout_s: seconds that a caller waits for a step.
        """
        self.reader = reader
        self.is_alive = True
        self.lock = RLock()
        self._driver = driver
        self._timeout_s = timeout_s
        self._jobs = JobThread(timeout_s)
        self._is_busy = False  # a step is under way; only a signal handler of a Python host can then have the lock too
        self._channel: Channel | None = None

    def connect(self) -> JpkiCard:
        """The JPKI application of the card in the reader, of which nothing is asked yet. See Driver.connect for what it
        raises."""
        self.run(self._connect)
        self.jpki = JpkiCard(self.channel)
        return self.jpki

    @property
    def channel(self) -> Channel:
        """The way to the card, once it is connected.

        :raises CardRemoved: it is not.
        """
        if self._channel is None:
            raise CardRemoved("the card is not connected")
        return self._channel

    @property
    def is_late(self) -> bool:
        """Whether a step is under way whose caller has stopped waiting."""
        return self._jobs.is_busy

    def run(self, step: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """What a step on the card answers or raises, one caller at a time.

        :raises CardRemoved: it has left; this card is over then.
        :raises CardMute: it does not answer in time. Nothing more is sent in that step. Until it has come back, this is
            the answer to every other, at once.
        :raises ReaderBusy: the same for another program that has the card for itself.
        :raises CryptokiError: FUNCTION_FAILED, in a signal handler that interrupts such a step.
        """
        with self.lock:
            if not self.is_alive:
                raise CardRemoved("the card was removed")
            if self._is_busy:
                raise CryptokiError(ckr.FUNCTION_FAILED, "a signal handler cannot use the card in the midst of a call")
            self._is_busy = True
            try:
                self._jobs.await_free()
                if self._channel is not None:
                    self._channel.is_given_up = False
                return self._jobs.run(step, *arguments, **options)
            except TimeoutError:
                raise self._give_up() from None
            except LOST as error:
                log.info(f"the card is lost: {error}")
                self.is_alive = False
                raise
            except JpkiError:
                raise
            except BaseException:  # a signal handler of a Python host gets us out of here
                self._give_up()
                raise
            finally:
                self._is_busy = False
                if not self.is_alive:
                    self._jobs.end(self._disconnect)

    def end(self) -> None:
        """Give the card up; whatever refers to it finds that it is no longer alive."""
        with self.lock:
            if self.is_alive:
                self.is_alive = False
                if not self._is_busy:  # else the thread that is closes it
                    self._jobs.end(self._disconnect)

    def _give_up(self) -> JpkiError:
        """Let the step under way send nothing more; what it means that it is late."""
        text = f"the reader did not answer within {self._timeout_s:g} s"
        if self._channel is None:
            return CardMute(text)
        self._channel.is_given_up = True
        return ReaderBusy(f"{text}: another program has the card") if self._channel.waits_for_others else CardMute(text)

    def _connect(self) -> None:
        self._channel = Channel(self._driver.connect(self.reader))

    def _disconnect(self) -> None:
        if self._channel is not None:
            self._channel.connection.close()
