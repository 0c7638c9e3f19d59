"""Transactions over PC/SC, and calls in them that do not return. Design: decision 8"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from unit.clock import Clock

from pyjpki11.errors import CardAbsent, CardMute, CardRemoved, ReaderBusy, StatusWordError
from pyjpki11.reader.pcsc import PcscConnection

LONG_S, SHORT_S = 60, 0.01
COMMAND = b"\0\x20\0\x98"
NO_SMARTCARD = 0x8010000C
PRESENT, IN_USE = 0x20, 0x100
CALLS: dict[str, Any] = {
    "SCardConnect": (0, 1, 2), "SCardBeginTransaction": 0, "SCardTransmit": (0, [0x90, 0x00]), "SCardEndTransaction": 0,
    "SCardDisconnect": 0, "SCardReleaseContext": 0, "SCardGetStatusChange": (0, [("a reader", PRESENT, [])]),
    "SCardReconnect": (0, 2),
}  # fmt: skip


class Scard:
    """The PC/SC library with a card that answers every command with 9000.

    `calls` lists what was called, without SCard. The calls called `hanging` return when `go_on` is set, long after.
    `answers` are those that differ from CALLS.
    """

    SCARD_PCI_T0, SCARD_PCI_T1 = range(2)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.calls: list[str] = []
        self.hanging = ""
        self.answers: dict[str, Any] = {}
        self.go_on = threading.Event()
        self.is_over = threading.Event()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*_arguments: Any) -> Any:
            short = name.removeprefix("SCard")
            self.calls.append(short)
            if short == self.hanging:
                self._hang()
            if short == "ReleaseContext":
                self.is_over.set()
            answer = self.answers.get(short, CALLS[name])
            return answer() if callable(answer) else answer

        return call

    def _hang(self) -> None:
        while not self.go_on.wait(SHORT_S):
            self._clock.now_s += SHORT_S

    def has_let_go(self) -> list[str]:
        """What was called, once what hangs returns and the thread left behind has cleaned up."""
        self.go_on.set()
        assert self.is_over.wait(LONG_S)
        return self.calls


@pytest.fixture
def scard(clock: Clock) -> Scard:
    """The library."""
    return Scard(clock)


@pytest.fixture
def connection(scard: Scard) -> PcscConnection:
    """A connection to the card."""
    connection = PcscConnection(scard, 0, "a reader", SHORT_S)
    scard.calls.clear()
    return connection


def two_commands(connection: PcscConnection) -> Callable[[bool], bytes]:
    """A step."""
    return lambda _was_reset: connection.transmit(COMMAND) + connection.transmit(COMMAND)


def test_a_transaction(scard: Scard, connection: PcscConnection) -> None:
    assert connection.transact(two_commands(connection)) == b"\x90\0\x90\0"
    connection.close()
    calls = ["BeginTransaction", "Transmit", "Transmit", "EndTransaction", "Disconnect", "ReleaseContext"]
    assert scard.calls == calls


def test_a_step_that_fails(scard: Scard, connection: PcscConnection) -> None:
    """Its error comes out as it is, and the transaction ends."""

    def fail(was_reset: bool) -> None:
        raise StatusWordError(0x6A82, 0xA4)

    with pytest.raises(StatusWordError):
        connection.transact(fail)
    assert connection.transact(lambda was_reset: was_reset) is False
    connection.close()
    assert scard.calls[:4] == ["BeginTransaction", "EndTransaction"] * 2


def test_a_command_that_hangs(scard: Scard, connection: PcscConnection) -> None:
    """Nothing more is sent when it returns at last, not even what the step had in mind; the card is let go."""
    scard.hanging = "Transmit"
    with pytest.raises(CardMute, match="did not answer within"):
        connection.transact(two_commands(connection))
    with pytest.raises(CardRemoved, match="given up"):
        connection.transact(two_commands(connection))
    connection.close()
    assert scard.has_let_go() == ["BeginTransaction", "Transmit", "EndTransaction", "Disconnect", "ReleaseContext"]


def test_a_beginning_that_hangs(scard: Scard, connection: PcscConnection) -> None:
    """Another program keeps the card."""
    scard.hanging = "BeginTransaction"
    with pytest.raises(ReaderBusy):
        connection.transact(two_commands(connection))
    assert scard.has_let_go() == ["BeginTransaction", "EndTransaction", "Disconnect", "ReleaseContext"]


def test_an_end_that_hangs(scard: Scard, connection: PcscConnection) -> None:
    """The answer was given before; who comes next has to wait, but not for ever."""
    scard.hanging = "EndTransaction"
    assert connection.transact(two_commands(connection)) == b"\x90\0\x90\0"
    with pytest.raises(ReaderBusy):
        connection.transact(two_commands(connection))
    assert "BeginTransaction" not in scard.has_let_go()[1:]


def test_a_connection_that_hangs(scard: Scard) -> None:
    scard.hanging = "Connect"
    with pytest.raises(CardMute):
        PcscConnection(scard, 0, "a reader", SHORT_S)
    assert scard.has_let_go() == ["Connect", "Disconnect", "ReleaseContext"]


# -- other programs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [PRESENT, PRESENT | IN_USE], ids=["alone", "others"])
def test_who_else_is_there(scard: Scard, connection: PcscConnection, state: int) -> None:
    """Seen from outside, or it would be ourselves."""
    assert not connection.is_shared
    scard.answers["GetStatusChange"] = (0, [("a reader", state, [])])
    assert connection.look_for_others() == connection.is_shared == bool(state & IN_USE)
    assert scard.calls == ["GetStatusChange", "Disconnect", "GetStatusChange", "Connect", "GetStatusChange"]
    connection.close()


def test_others_may_be_there_when_the_service_does_not_say(scard: Scard, connection: PcscConnection) -> None:
    scard.answers["GetStatusChange"] = (NO_SMARTCARD, [])
    assert connection.look_for_others()
    connection.close()


def test_a_card_that_is_gone_when_we_come_back(scard: Scard, connection: PcscConnection) -> None:
    """The next step says so."""
    scard.answers["Connect"] = (NO_SMARTCARD, 0, 0)
    with pytest.raises(CardAbsent):
        connection.look_for_others()
    with pytest.raises(CardRemoved, match="left for a moment"):
        connection.transact(two_commands(connection))
    connection.close()
    assert scard.calls[-2:] == ["Connect", "ReleaseContext"]


def test_a_card_that_was_exchanged_meanwhile(scard: Scard, connection: PcscConnection) -> None:
    """It is not taken for the one before."""
    events = iter((4, 4, 6))
    scard.answers["GetStatusChange"] = lambda: (0, [("a reader", next(events) << 16 | PRESENT, [])])
    with pytest.raises(CardRemoved, match="exchanged"):
        connection.look_for_others()
    with pytest.raises(CardRemoved):
        connection.transact(two_commands(connection))
    connection.close()
