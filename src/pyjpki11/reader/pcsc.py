"""PC/SC readers, through pyscard's compiled half; the only file that knows it."""

from __future__ import annotations

import sys
from _frozen_importlib import module_from_spec
from _frozen_importlib_external import PathFinder, spec_from_file_location
from _thread import allocate_lock
from time import monotonic, sleep

from pyjpki11 import installation, log
from pyjpki11.errors import (
    CardAbsent,
    CardDisturbed,
    CardMute,
    CardRemoved,
    JpkiError,
    ReaderBusy,
    ReaderGone,
    ServiceUnavailable,
)
from pyjpki11.reader.worker import Worker, nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any, TypeVar

    T = TypeVar("T")

SCARD_SCOPE_SYSTEM = 2
SCARD_SHARE_SHARED = 2
SCARD_PROTOCOL_T0 = 1
SCARD_PROTOCOL_T0_OR_T1 = 3
SCARD_LEAVE_CARD = 0
SCARD_RESET_CARD = 1
SCARD_UNPOWER_CARD = 2
SCARD_POWERED = 0x0010
SCARD_STATE_UNAWARE = 0x0000
SCARD_STATE_CHANGED = 0x0002
SCARD_STATE_PRESENT = 0x0020
SCARD_STATE_INUSE = 0x0100
PLUG_AND_PLAY = "\\\\?PnP?\\Notification"  # a reader that stands for the coming and going of readers

#: Seconds for which the answer about a reader holds: hosts ask in the midst of their work, several times in a row, and
#: asking the service takes longer than all else in such a call. Nobody takes a card out and puts one in so fast.
LOOK_S = 0.005
#: Seconds after which who waits looks again by itself, in case a wake-up was lost.
RETRY_S = 5

SCARD_S_SUCCESS = 0x00000000
SCARD_E_TIMEOUT = 0x8010000A
SCARD_E_PROTO_MISMATCH = 0x8010000F
SCARD_W_RESET_CARD = 0x80100068

#: What another program that resets the card causes, at once or while the service powers the card again.
DISTURBED = (SCARD_W_RESET_CARD, SCARD_E_PROTO_MISMATCH)
RECONNECTS, RECONNECT_PAUSE_S = 20, 0.02

START_PCSCD = "start it with: systemctl start pcscd.socket"
#: pcscd only closes the line then; what its client library makes of that depends on how far it has come.
KEPT_OUT = "polkit keeps this user out: a polkit rule must allow access_pcsc and access_card of org.debian.pcsc-lite"

#: PC/SC result -> the fact it reports, plus its remedy where there is one. Spec: PC/SC part 5, pcsc-lite pcsclite.h
FAILURES: dict[int, tuple[type[JpkiError], str]] = {
    0x80100003: (ReaderGone, "SCARD_E_INVALID_HANDLE"),
    0x80100009: (ReaderGone, "SCARD_E_UNKNOWN_READER: the reader was unplugged"),
    0x8010000B: (ReaderBusy, "SCARD_E_SHARING_VIOLATION: another program uses the reader alone; close it"),
    0x8010000C: (CardAbsent, "SCARD_E_NO_SMARTCARD: there is no card in the reader"),
    0x80100013: (CardRemoved, f"SCARD_F_COMM_ERROR: pcscd has closed the line: it was stopped, or {KEPT_OUT}"),
    0x80100016: (CardMute, "SCARD_E_NOT_TRANSACTED: the card was lost in the middle of an exchange"),
    0x80100017: (ReaderGone, "SCARD_E_READER_UNAVAILABLE: the reader was unplugged"),
    0x8010001D: (ServiceUnavailable, f"SCARD_E_NO_SERVICE: pcscd does not run; {START_PCSCD}; or {KEPT_OUT}"),
    0x8010001E: (ServiceUnavailable, f"SCARD_E_SERVICE_STOPPED: pcscd was stopped; {START_PCSCD}"),
    0x80100066: (CardMute, "SCARD_W_UNRESPONSIVE_CARD: the card does not answer; clean it, or turn it round"),
    0x80100067: (CardMute, "SCARD_W_UNPOWERED_CARD: the card has no power"),
    SCARD_E_PROTO_MISMATCH: (CardDisturbed, "SCARD_E_PROTO_MISMATCH: other programs keep resetting the card"),
    SCARD_W_RESET_CARD: (CardDisturbed, "SCARD_W_RESET_CARD: other programs keep resetting the card"),
    0x80100069: (CardRemoved, "SCARD_W_REMOVED_CARD: the card was removed"),
    0x8010006A: (ServiceUnavailable, f"SCARD_W_SECURITY_VIOLATION: {KEPT_OUT}"),
}  # fmt: skip


def _load_scard() -> ModuleType:
    """pyscard's extension without its package, whose own imports take many times as long.

    :raises ServiceUnavailable: pyscard is not installed.
    """
    loaded = sys.modules.get("smartcard.scard._scard")
    if loaded is not None:
        return loaded
    folder = installation.folder().rpartition("/")[0]
    found = PathFinder.find_spec("_scard", [f"{path}/smartcard/scard" for path in (folder, *sys.path)])
    spec = spec_from_file_location("smartcard.scard._scard", found.origin) if found is not None else None
    if spec is None or spec.loader is None:
        raise ServiceUnavailable(f"pyscard for this Python is not installed beside pyjpki11 in {folder}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class PcscDriver:
    """The readers of the PC/SC service.

    The context here only watches; every connection has one of its own, because pcsc-lite lets a context do one
    thing at a time and watching must not wait for a card that computes.
    """

    def __init__(self, timeout_s: float) -> None:
        """:param timeout_s: how long a card, or another program, may keep a call waiting."""
        self._scard: Any = _load_scard()
        self._timeout_s = timeout_s
        self._context: Any = None
        self._generation = 0
        self._looks: dict[str, tuple[float, int]] = {}  # reader -> until when its state holds, and what it is
        self._waiting: list[Any] = []
        self._is_cancelled = False
        self._cancelled = allocate_lock()
        self._cancelled.acquire()

    def reader_names(self) -> list[str]:
        """The readers that are plugged in; none, with a line in the log, where there is no service."""
        try:
            result, names = self._watch(lambda context: self._scard.SCardListReaders(context, []))
        except ServiceUnavailable as error:
            log.error(str(error))
            return []
        return list(names) if result == SCARD_S_SUCCESS else []

    def card_event(self, reader: str) -> int | None:
        """The reader's own event counter, told apart from that of an earlier run of the service."""
        return self._event_in(self._look(reader))

    def _look(self, reader: str) -> int:
        """The state of a reader, with its event counter in the upper half."""
        until, state = self._looks.get(reader, (0.0, 0))
        if monotonic() >= until:
            state = self._watch_state(reader)
            self._looks[reader] = monotonic() + LOOK_S, state
        return state

    def _watch_state(self, reader: str) -> int:
        result, states = self._watch(lambda context: _ask_state(self._scard, context, reader))
        return states[0][1] if result in (SCARD_S_SUCCESS, SCARD_E_TIMEOUT) else 0

    def _event_in(self, state: int) -> int | None:
        return self._generation << 16 | state >> 16 & 0xFFFF if state & SCARD_STATE_PRESENT else None

    def connect(self, reader: str) -> PcscConnection:
        """A connection with its own context. See Driver.connect for what it raises."""
        was_in_use = bool(self._watch_state(reader) & SCARD_STATE_INUSE)
        return PcscConnection(self._scard, self._new_context(), reader, self._timeout_s, was_in_use)

    def wait(self, known: Mapping[str, int | None]) -> None:
        """See Driver.wait. Each caller has a context of its own, which `cancel` finds in a list."""
        try:
            context = self._new_context()
        except ServiceUnavailable:
            self._cancelled.acquire(timeout=RETRY_S)  # somebody may start the service
            return
        self._waiting.append(context)
        try:
            if not self._is_cancelled:
                self._wait_in(context, known)
        finally:
            self._looks.clear()
            self._waiting.remove(context)
            self._scard.SCardReleaseContext(context)

    def _wait_in(self, context: Any, known: Mapping[str, int | None]) -> None:
        states = [(reader, SCARD_STATE_UNAWARE) for reader in known]
        if states:
            result, answer = self._scard.SCardGetStatusChange(context, 0, states)
            if result != SCARD_S_SUCCESS or any(self._event_in(s) != known[name] for name, s, _atr in answer):
                return
            states = [(name, state & ~SCARD_STATE_CHANGED) for name, state, _atr in answer]
        states.append((PLUG_AND_PLAY, SCARD_STATE_UNAWARE))
        self._scard.SCardGetStatusChange(context, RETRY_S * 1000, states)

    def cancel(self) -> None:
        """Wake everybody in `wait`."""
        self._is_cancelled = True
        for context in list(self._waiting):
            self._scard.SCardCancel(context)
        if self._cancelled.locked():
            self._cancelled.release()

    def close(self) -> None:
        """Leave the service."""
        if self._context is not None:
            self._scard.SCardReleaseContext(self._context)
            self._context = None

    def _new_context(self) -> Any:
        result, context = self._scard.SCardEstablishContext(SCARD_SCOPE_SYSTEM)
        _check(result)
        return context

    def _watch(self, call: Any) -> tuple[int, Any]:
        """Ask the service; once more with a new context if it was restarted since."""
        for _attempt in range(2):
            if self._context is None:
                self._context = self._new_context()
                self._generation += 1
            result, answer = call(self._context)
            result &= 0xFFFFFFFF
            if not _is_service_failure(result):
                break
            self.close()
        if _is_service_failure(result):
            _check(result)
        return result, answer


def _ask_state(scard: Any, context: Any, reader: str) -> Any:
    """The PC/SC result, and what the service says of the reader now."""
    return scard.SCardGetStatusChange(context, 0, [(reader, SCARD_STATE_UNAWARE)])


def _is_service_failure(result: int) -> bool:
    failure = FAILURES.get(result)
    return failure is not None and (failure[0] is ServiceUnavailable or failure[0] is CardRemoved)


def _check(result: int) -> None:
    """Raise what a PC/SC result reports, unless it is success."""
    result &= 0xFFFFFFFF
    if result != SCARD_S_SUCCESS:
        fact, text = FAILURES.get(result, (CardRemoved, "unexpected PC/SC result"))
        raise fact(f"{text} ({result:08X})")


class PcscConnection:
    """A card in a PC/SC reader, shared with other programs.

    Its calls are made in a thread of their own: a card that does not answer, or a program that keeps the reader
    to itself, is given up after a time instead of hanging the host (design decision 8).
    """

    def __init__(self, scard: Any, context: Any, reader: str, timeout_s: float, was_in_use: bool = False) -> None:
        self._scard = scard
        self._context = context
        self._reader = reader
        self._timeout_s = timeout_s
        self.is_shared = was_in_use
        self.goes_on = False
        self._handle: Any = None
        self._pci: Any = None
        self._is_closed = False
        self._if_late: type[JpkiError] = CardMute  # what it means when the present call does not return in time
        self._worker = Worker(timeout_s, self._disconnect)
        try:
            self._in_time(self._connect, CardMute)
        except JpkiError:
            self.close()
            raise

    def transact(self, step: Callable[[bool], T]) -> T:
        """All of it in the worker's thread; the answer is given while the transaction ends."""
        answer: T = self._in_time(lambda: step(self._begin()), ReaderBusy, self._end)
        return answer

    def look_for_others(self) -> bool:
        """The service only tells whether anybody is connected, so for a moment we are not."""
        self._in_time(self._look_from_outside, ReaderBusy)
        return self.is_shared

    def power_cycle(self) -> None:
        """Power the card off and on."""
        self._in_time(self._power_cycle, CardMute)

    def close(self) -> None:
        """Disconnect, leaving the card as it is for other programs."""
        if self._is_closed or self._worker.is_abandoned:
            return
        self._is_closed = True
        try:
            self._worker.run(self._disconnect)
            self._worker.stop()
        except TimeoutError as error:
            log.debug(f"left behind: {error!r}")

    # -- in the worker's thread -----------------------------------------------------------------------------

    def transmit(self, command: bytes | bytearray) -> bytes:
        """One APDU; with T=1 a command of four bytes reaches the card as it is. Card: reference 2.1"""
        self._refuse_if_given_up()
        self._if_late = CardMute
        self._worker.renew()
        result, response = self._scard.SCardTransmit(self._handle, self._pci, list(command))
        _check(result)
        return bytes(response)

    def linger(self) -> None:
        """See Connection.linger: no transaction does."""

    def _connect(self) -> None:
        result, handle, protocol = self._scard.SCardConnect(
            self._context, self._reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0_OR_T1
        )
        _check(result)
        self._handle = handle
        self._set_protocol(protocol)

    def _set_protocol(self, protocol: int) -> None:
        self._pci = self._scard.SCARD_PCI_T0 if protocol == SCARD_PROTOCOL_T0 else self._scard.SCARD_PCI_T1

    def _begin(self) -> bool:
        """Whether another program has reset the card, to which the connection was made anew.

        That program may do it again meanwhile; the service may be about to power the card.
        """
        if self._handle is None:
            raise CardRemoved("the card was left for a moment, and could not be had again")
        was_reset = False
        for _attempt in range(RECONNECTS):
            result = self._scard.SCardBeginTransaction(self._handle) & 0xFFFFFFFF
            if result not in DISTURBED:
                break
            was_reset = True
            self._reconnect_after_reset()
        _check(result)
        return was_reset

    def _reconnect_after_reset(self) -> None:
        try:
            self._reconnect(SCARD_LEAVE_CARD)
            if not self._has_power():
                self._reconnect(SCARD_RESET_CARD)
        except CardDisturbed:
            sleep(RECONNECT_PAUSE_S)

    def _has_power(self) -> bool:
        """Whether nobody has switched the card off, which reconnecting would leave as it is."""
        result, _reader, state, _protocol, _atr = self._scard.SCardStatus(self._handle)
        return result != SCARD_S_SUCCESS or bool(state & SCARD_POWERED)

    def _reconnect(self, initialization: int) -> None:
        result, protocol = self._scard.SCardReconnect(
            self._handle, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0_OR_T1, initialization
        )
        _check(result)
        self._set_protocol(protocol)

    def _end(self) -> None:
        """If the card is gone, or another program has it, there is no transaction to end."""
        if self._handle is not None:
            self._scard.SCardEndTransaction(self._handle, SCARD_LEAVE_CARD)

    def _look_from_outside(self) -> None:
        """(To ask for being the only one is no way: the service waits until that is so.)

        :raises CardRemoved: the card was exchanged meanwhile.
        """
        before = self._state()
        self._leave()
        self.is_shared = bool(self._state() & SCARD_STATE_INUSE)
        self._connect()
        if self._state() >> 16 != before >> 16:
            self._leave()
            raise CardRemoved("the card was exchanged while others were looked for")

    def _state(self) -> int:
        """The reader's, with its event counter in the upper half; one that nobody tells counts as in use."""
        result, states = _ask_state(self._scard, self._context, self._reader)
        return states[0][1] if result == SCARD_S_SUCCESS else SCARD_STATE_INUSE

    def _power_cycle(self) -> None:
        self._reconnect(SCARD_UNPOWER_CARD)

    def _leave(self) -> None:
        if self._handle is not None:
            self._scard.SCardDisconnect(self._handle, SCARD_LEAVE_CARD)
            self._handle = None

    def _disconnect(self) -> None:
        self._leave()
        self._scard.SCardReleaseContext(self._context)

    # -- in the caller's thread -----------------------------------------------------------------------------

    def _in_time(
        self, job: Callable[[], Any], if_late: type[JpkiError], afterwards: Callable[[], None] = nothing
    ) -> Any:
        """The answer of a job, or the fact that a call in it has none after the time allowed."""
        self._refuse_if_given_up()
        self._if_late = if_late
        try:
            return self._worker.run(job, afterwards)
        except TimeoutError:
            raise self._if_late(f"the reader did not answer within {self._timeout_s:g} s") from None

    def _refuse_if_given_up(self) -> None:
        if self._worker.is_abandoned or self._is_closed:
            raise CardRemoved("the card was given up")
