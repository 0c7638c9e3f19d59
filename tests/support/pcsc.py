"""What PC/SC says about its readers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from smartcard import scard  # type: ignore[import-untyped]

_HEX32 = 0xFFFFFFFF


class PcscError(AssertionError):
    """PC/SC refused."""


def available() -> bool:
    """Whether pcscd answers."""
    try:
        with _context():
            return True
    except PcscError:
        return False


def readers() -> list[str]:
    """The names of all readers."""
    with _context() as context:
        result, names = scard.SCardListReaders(context, [])
        if result & _HEX32 == scard.SCARD_E_NO_READERS_AVAILABLE & _HEX32:
            return []
        _require(result)
        return list(names)


def card_present(reader: str) -> bool:
    """Whether there is a card in the reader now."""
    with _context() as context:
        return _present(_status(context, reader, scard.SCARD_STATE_UNAWARE, 0))


def wait_for_card(reader: str, present: bool, timeout: float) -> bool:
    """Wait until the reader has a card, or until it has none; False when the time is over first."""
    deadline = time.monotonic() + timeout
    with _context() as context:
        state = _status(context, reader, scard.SCARD_STATE_UNAWARE, 0)
        while _present(state) != present:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            state = _status(context, reader, state, remaining)
    return True


@contextmanager
def connected(reader: str) -> Iterator[None]:
    """Be connected to the card in a reader, which keeps its power while anybody is."""
    with _connection(reader, scard.SCARD_LEAVE_CARD):
        yield


@contextmanager
def transaction(reader: str) -> Iterator[None]:
    """Keep all other programs off the card in a reader."""
    with _connection(reader, scard.SCARD_LEAVE_CARD) as card:
        _require(scard.SCardBeginTransaction(card))
        try:
            yield
        finally:
            _require(scard.SCardEndTransaction(card, scard.SCARD_LEAVE_CARD))


def power_off(reader: str) -> None:
    """Take the card's power, as pcscd does when nobody has been connected to it for a second."""
    with _connection(reader, scard.SCARD_UNPOWER_CARD):
        pass


@contextmanager
def _connection(reader: str, disposition: int) -> Iterator[int]:
    with _context() as context:
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        result, card, _protocol = scard.SCardConnect(context, reader, scard.SCARD_SHARE_SHARED, protocols)
        _require(result)
        try:
            yield card
        finally:
            scard.SCardDisconnect(card, disposition)


@contextmanager
def _context() -> Iterator[int]:
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _require(result)
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def _status(context: int, reader: str, known: int, timeout: float) -> int:
    """The reader's state once it differs from the known one, or when the time is over."""
    result, states = scard.SCardGetStatusChange(context, int(timeout * 1000), [(reader, known)])
    if result & _HEX32 == scard.SCARD_E_TIMEOUT & _HEX32:
        return known
    _require(result)
    return int(states[0][1])


def _present(state: int) -> bool:
    return bool(state & scard.SCARD_STATE_PRESENT)


def _require(result: int) -> None:
    if result != scard.SCARD_S_SUCCESS:
        raise PcscError(f"{scard.SCardGetErrorMessage(result)} (0x{result & _HEX32:08X})")
