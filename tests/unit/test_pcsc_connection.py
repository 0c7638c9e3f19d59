"""A card over PC/SC, with a library in C that answers what it likes, or not at all. Design: decisions 11, 15"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.late import LONG_S, Gate, Time, await_end

from pyjpki11.errors import CardAbsent, CardDisturbed, CardMute, CardRemoved, JpkiError, ReaderBusy, StatusWordError
from pyjpki11.iso7816.channel import Channel
from pyjpki11.provider.inserted_card import InsertedCard
from pyjpki11.reader import pcsc
from pyjpki11.reader.pcsc import RECONNECTS, PcscConnection

READER = "a reader"
COMMAND = b"\0\x20\0\x98"
NO_SMARTCARD, RESET_CARD, PROTO_MISMATCH, NOT_TRANSACTED = 0x8010000C, 0x80100068, 0x8010000F, 0x80100016
PRESENT, IN_USE, POWERED = 0x20, 0x100, 0x10
CALLS: dict[str, Any] = {
    "SCardConnect": (0, 1, 2), "SCardBeginTransaction": 0, "SCardTransmit": (0, [0x90, 0x00]), "SCardEndTransaction": 0,
    "SCardDisconnect": 0, "SCardReleaseContext": 0, "SCardGetStatusChange": (0, [(READER, PRESENT, [])]),
    "SCardReconnect": (0, 2), "SCardEstablishContext": (0, 7), "SCardStatus": (0, READER, POWERED, 2, []),
}  # fmt: skip
LEAVE = ["Disconnect", "ReleaseContext"]


class Scard:
    """The PC/SC library with a card that answers every command with 9000.

    `calls` lists what was called, without SCard. What is called `hanging` returns when the gate is opened. `answers`
    are those that differ from CALLS; a list gives one each time, the last for ever.
    """

    SCARD_PCI_T0, SCARD_PCI_T1 = range(2)

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.calls: list[str] = []
        self.hanging = ""
        self.answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*_arguments: Any) -> Any:
            short = name.removeprefix("SCard")
            self.calls.append(short)
            if short == self.hanging:
                self._gate()
            answer = self.answers.get(short, CALLS[name])
            if isinstance(answer, list):
                return answer.pop(0) if len(answer) > 1 else answer[0]
            return answer() if callable(answer) else answer

        return call


@pytest.fixture
def scard(gate: Gate) -> Scard:
    """The library."""
    return Scard(gate)


@pytest.fixture
def connection(scard: Scard) -> PcscConnection:
    """A connection to the card."""
    connection = PcscConnection(scard, READER)
    scard.calls.clear()
    return connection


# -- transactions ---------------------------------------------------------------------------------------


def two_commands(connection: PcscConnection) -> bytes:
    """Their answers, from a transaction."""
    with Channel(connection).transaction():
        return connection.transmit(COMMAND) + connection.transmit(COMMAND)


def test_a_transaction(scard: Scard, connection: PcscConnection) -> None:
    assert two_commands(connection) == b"\x90\0\x90\0"
    connection.close()
    connection.close()
    assert scard.calls == ["BeginTransaction", "Transmit", "Transmit", "EndTransaction", *LEAVE]


def test_a_step_that_fails(scard: Scard, connection: PcscConnection) -> None:
    """Its error comes out as it is, and the transaction ends."""
    with pytest.raises(StatusWordError), Channel(connection).transaction():
        raise StatusWordError(0x6A82, 0xA4)
    with Channel(connection).transaction() as was_reset:
        assert was_reset is False
    assert scard.calls == ["BeginTransaction", "EndTransaction"] * 2


def test_a_command_that_is_lost(scard: Scard, connection: PcscConnection) -> None:
    scard.answers["Transmit"] = (NOT_TRANSACTED, [])
    with pytest.raises(CardMute):
        two_commands(connection)
    assert scard.calls == ["BeginTransaction", "Transmit", "EndTransaction"]


def test_no_card_to_connect_to(scard: Scard) -> None:
    """Nothing of the service is kept."""
    scard.answers["Connect"] = (NO_SMARTCARD, 0, 0)
    with pytest.raises(CardAbsent):
        PcscConnection(scard, READER)
    assert scard.calls[-2:] == ["Connect", "ReleaseContext"]


# -- resets by other programs -----------------------------------------------------------------------------


@pytest.mark.parametrize("result", [RESET_CARD, PROTO_MISMATCH, RESET_CARD - 0x1_0000_0000], ids=hex)
def test_a_card_that_another_program_has_reset(scard: Scard, connection: PcscConnection, result: int) -> None:
    """It is connected to anew, and that is told once."""
    scard.answers["BeginTransaction"] = [result, 0]
    assert connection.begin()
    connection.end()
    assert not connection.begin()
    assert scard.calls[:4] == ["BeginTransaction", "Reconnect", "Status", "BeginTransaction"]


def test_a_card_that_another_program_has_switched_off(scard: Scard, connection: PcscConnection) -> None:
    """It gets power again."""
    scard.answers |= {"BeginTransaction": [RESET_CARD, 0], "Status": (0, READER, 0, 2, [])}
    assert connection.begin()
    assert scard.calls == ["BeginTransaction", "Reconnect", "Status", "Reconnect", "BeginTransaction"]


def test_a_card_that_others_reset_all_the_time(
    scard: Scard, connection: PcscConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up, not for ever."""
    monkeypatch.setattr(pcsc, "RECONNECT_PAUSE_S", 0)
    scard.answers |= {"BeginTransaction": RESET_CARD, "Reconnect": [(RESET_CARD, 0), (0, 2)]}
    with pytest.raises(CardDisturbed):
        connection.begin()
    assert scard.calls.count("BeginTransaction") == RECONNECTS


# -- calls that do not return -----------------------------------------------------------------------------


class Driver:
    """As much of it as an inserted card needs."""

    def __init__(self, scard: Scard) -> None:
        self._scard = scard

    def connect(self, reader: str) -> PcscConnection:
        """A connection."""
        return PcscConnection(self._scard, reader)


@pytest.fixture
def card(scard: Scard) -> InsertedCard:
    """A card in a reader of that library, as the module has it; not connected."""
    return InsertedCard(Driver(scard), READER, LONG_S)


def step(card: InsertedCard) -> bytes:
    """Two commands, as the application sends them."""
    with card.channel.transaction():
        return card.channel.send(0, 0x20, 0, 0x98) + card.channel.send(0, 0x20, 0, 0x98)


HANGING: dict[str, tuple[str, type[JpkiError], list[str]]] = {
    "a beginning, for another program": ("BeginTransaction", ReaderBusy, ["BeginTransaction", "EndTransaction"]),
    "a command": ("Transmit", CardMute, ["BeginTransaction", "Transmit", "EndTransaction"]),
    "an end": ("EndTransaction", CardMute, ["BeginTransaction", "Transmit", "Transmit", "EndTransaction"]),
}


@pytest.mark.parametrize(("hanging", "error", "calls"), HANGING.values(), ids=HANGING)
def test_a_call_that_hangs(
    scard: Scard,
    card: InsertedCard,
    gate: Gate,
    time: Time,
    hanging: str,
    error: type[JpkiError],
    calls: list[str],
) -> None:
    """Nothing more is sent when it returns at last, not even what the step had in mind; the card is not let go."""
    card.connect()
    scard.calls.clear()
    scard.hanging = hanging
    with pytest.raises(error, match="did not answer within"):
        card.run(step, card)
    with time.stands_still(), pytest.raises(error, match="did not answer within"):
        card.run(step, card)
    scard.hanging = ""
    gate.open()
    await_end(lambda: card.is_late)
    assert scard.calls == calls
    assert card.run(step, card) == b""
    card.end()
    assert scard.calls[len(calls) :] == ["BeginTransaction", "Transmit", "Transmit", "EndTransaction", *LEAVE]


@pytest.mark.parametrize(("hanging", "leave"), [("EstablishContext", LEAVE), ("Connect", LEAVE)])
def test_a_connection_that_hangs(scard: Scard, card: InsertedCard, gate: Gate, hanging: str, leave: list[str]) -> None:
    """It is let go as soon as it is there."""
    scard.hanging = hanging
    with pytest.raises(CardMute):
        card.connect()
    card.end()
    assert scard.calls[-1] == hanging
    gate.open()
    await_end(lambda: card.is_late)
    assert scard.calls[-2:] == leave


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
        two_commands(connection)
    connection.close()
    assert scard.calls[-2:] == ["Connect", "ReleaseContext"]


def test_a_card_that_was_exchanged_meanwhile(scard: Scard, connection: PcscConnection) -> None:
    """It is not taken for the one before."""
    events = iter((4, 4, 6))
    scard.answers["GetStatusChange"] = lambda: (0, [("a reader", next(events) << 16 | PRESENT, [])])
    with pytest.raises(CardRemoved, match="exchanged"):
        connection.look_for_others()
    with pytest.raises(CardRemoved):
        two_commands(connection)
    connection.close()
