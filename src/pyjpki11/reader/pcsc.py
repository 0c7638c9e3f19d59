"""PC/SC readers, through pyscard's compiled half; the only file that knows it.

Any of these calls may wait for ever: for a service that hangs, a card that does not answer, another program. They are
made in a thread that can be left waiting (provider.job_thread), one at a time for each context.
"""

from __future__ import annotations

import sys
from _frozen_importlib import module_from_spec
from _frozen_importlib_external import PathFinder, spec_from_file_location
from _thread import allocate_lock
from time import sleep

from pyjpki11 import installation, log
from pyjpki11.errors import CardDisturbed, CardRemoved, JpkiError, ServiceUnavailable
from pyjpki11.reader.pcsc_results import DISTURBED, SCARD_E_TIMEOUT, SCARD_S_SUCCESS, check, is_service_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType
    from typing import Any

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

#: Seconds after which a caller that waits looks again by itself, in case a wake-up was lost.
RETRY_S = 5
#: How often, and after which pause in seconds, a card that other programs reset is connected to again.
RECONNECTS, RECONNECT_PAUSE_S = 20, 0.02


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

    def __init__(self) -> None:
        self._scard: Any = _load_scard()
        self._context: Any = None
        self._generation = 0
        self._waiting: list[Any] = []
        self._is_cancelled = False
        self._cancelled = allocate_lock()
        self._cancelled.acquire()

    def reader_names(self) -> list[str]:
        """See Driver.reader_names."""
        for context in self._contexts():
            result, names = self._scard.SCardListReaders(context, [])
            if not is_service_failure(result):
                return list(names) if result == SCARD_S_SUCCESS else []
        check(result)
        return []

    def card_event(self, reader: str) -> int | None:
        """The reader's own event counter, told apart from that of an earlier run of the service."""
        for context in self._contexts():
            result, states = _ask_state(self._scard, context, reader)
            if result & 0xFFFFFFFF in (SCARD_S_SUCCESS, SCARD_E_TIMEOUT):
                return self._event_in(states[0][1])
            if not is_service_failure(result):
                return None  # a reader that is gone
        check(result)
        return None

    def _contexts(self) -> Iterator[Any]:
        """The context to ask the service with, and a new one in case that the service was restarted since."""
        for _attempt in range(2):
            if self._context is None:
                self._context = _new_context(self._scard)
                self._generation += 1
            yield self._context
            self.close()

    def _event_in(self, state: int) -> int | None:
        return self._generation << 16 | state >> 16 & 0xFFFF if state & SCARD_STATE_PRESENT else None

    def connect(self, reader: str) -> PcscConnection:
        """A connection with its own context. See Driver.connect for what it raises."""
        return PcscConnection(self._scard, reader)

    def wait(self, known: Mapping[str, int | None]) -> None:
        """See Driver.wait. Each caller has a context of its own, which `cancel` finds in a list."""
        try:
            context = _new_context(self._scard)
        except ServiceUnavailable:
            self._cancelled.acquire(timeout=RETRY_S)  # the service may be started
            return
        self._waiting.append(context)
        try:
            if not self._is_cancelled:
                self._wait_in(context, known)
        finally:
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
        """Wake all threads in `wait`."""
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


def _new_context(scard: Any) -> Any:
    result, context = scard.SCardEstablishContext(SCARD_SCOPE_SYSTEM)
    check(result)
    return context


def _ask_state(scard: Any, context: Any, reader: str) -> Any:
    """The PC/SC result, and what the service says of the reader now."""
    return scard.SCardGetStatusChange(context, 0, [(reader, SCARD_STATE_UNAWARE)])


class PcscConnection:
    """A card in a PC/SC reader, shared with other programs."""

    def __init__(self, scard: Any, reader: str) -> None:
        """See Driver.connect for what it raises."""
        self._scard = scard
        self._reader = reader
        self._handle: Any = None
        self._pci: Any = None
        self._context = _new_context(scard)
        try:
            self.is_shared = self._is_in_use()
            self._connect()
        except JpkiError:
            self.close()
            raise

    def begin(self) -> bool:
        """See Connection.begin; the connection is made anew after a reset.

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
        check(result)
        return was_reset

    def transmit(self, command: bytes | bytearray) -> bytes:
        """One APDU; with T=1 a command of four bytes reaches the card as it is. Card: notes 2.1"""
        result, response = self._scard.SCardTransmit(self._handle, self._pci, list(command))
        check(result)
        return bytes(response)

    def end(self) -> None:
        """See Connection.end. If the card is gone, or another program has it, there is no transaction to end."""
        if self._handle is not None:
            self._scard.SCardEndTransaction(self._handle, SCARD_LEAVE_CARD)

    def look_for_others(self) -> bool:
        """The service reports only whether any program is connected, so we disconnect for a moment.

        (Asking for exclusive access does not help: the service waits until that is so.)

        :raises CardRemoved: the card was exchanged meanwhile.
        """
        before = self._state()
        self._leave()
        self.is_shared = self._is_in_use()
        self._connect()
        if self._state() >> 16 != before >> 16:
            self._leave()
            raise CardRemoved("the card was exchanged while others were looked for")
        return self.is_shared

    def power_cycle(self) -> None:
        """Power the card off and on."""
        self._reconnect(SCARD_UNPOWER_CARD)

    def close(self) -> None:
        """Disconnect, leaving the card as it is for other programs."""
        self._leave()
        if self._context is not None:
            self._scard.SCardReleaseContext(self._context)
            self._context = None

    def _connect(self) -> None:
        result, handle, protocol = self._scard.SCardConnect(
            self._context, self._reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0_OR_T1
        )
        check(result)
        self._handle = handle
        self._set_protocol(protocol)

    def _set_protocol(self, protocol: int) -> None:
        self._pci = self._scard.SCARD_PCI_T0 if protocol == SCARD_PROTOCOL_T0 else self._scard.SCARD_PCI_T1

    def _reconnect_after_reset(self) -> None:
        try:
            self._reconnect(SCARD_LEAVE_CARD)
            if not self._has_power():
                self._reconnect(SCARD_RESET_CARD)
        except CardDisturbed as error:
            log.debug(f"connecting again: {error}")
            sleep(RECONNECT_PAUSE_S)

    def _has_power(self) -> bool:
        """Whether the card is still powered; reconnecting would not switch it on."""
        result, _reader, state, _protocol, _atr = self._scard.SCardStatus(self._handle)
        return result != SCARD_S_SUCCESS or bool(state & SCARD_POWERED)

    def _reconnect(self, initialization: int) -> None:
        result, protocol = self._scard.SCardReconnect(
            self._handle, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0_OR_T1, initialization
        )
        check(result)
        self._set_protocol(protocol)

    def _is_in_use(self) -> bool:
        """Whether the service has any connection to the card."""
        return bool(self._state() & SCARD_STATE_INUSE)

    def _state(self) -> int:
        """The reader's, with its event counter in the upper half; one that nobody tells counts as in use."""
        result, states = _ask_state(self._scard, self._context, self._reader)
        return states[0][1] if result == SCARD_S_SUCCESS else SCARD_STATE_INUSE

    def _leave(self) -> None:
        if self._handle is not None:
            self._scard.SCardDisconnect(self._handle, SCARD_LEAVE_CARD)
            self._handle = None
