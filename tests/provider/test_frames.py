"""How deep calls go: a reader who follows one has so many functions to look at, and no more."""

from __future__ import annotations

import sys
from types import FrameType

import pytest
from provider.desk import Desk
from provider.readers import Connection

from pyjpki11.provider.inserted_card import InsertedCard

#: Functions from the first below the boundary down to the connection's transmit, both included, in the caller's thread
#: and in the card's together.
MOST_FRAMES = 10


def functions(frame: FrameType | None, last: str) -> list[str]:
    """Those above a frame, the innermost first, up to the last of that name."""
    names: list[str] = []
    while frame is not None:
        names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return names[: names.index(last) + 1]


class Depths:
    """The functions above each command to the card."""

    def __init__(self) -> None:
        self.first = ""  # the function to begin with
        self.found: list[list[str]] = []


@pytest.fixture
def depths(monkeypatch: pytest.MonkeyPatch) -> Depths:
    """Watches every command."""
    seen = Depths()
    transmit, run = Connection.transmit, InsertedCard.run
    callers: list[FrameType] = []

    def watched_run(*arguments: object) -> object:
        callers.append(sys._getframe(1))
        try:
            return run(*arguments)  # type: ignore[arg-type]
        finally:
            callers.pop()

    def watched_transmit(connection: Connection, command: bytes) -> bytes:
        if seen.first:
            above = [*functions(callers[-1], seen.first), "InsertedCard.run", "JobThread.run"]
            seen.found.append([*functions(sys._getframe(1), "JobThread._work"), *above])
        return transmit(connection, command)

    monkeypatch.setattr(InsertedCard, "run", watched_run)
    monkeypatch.setattr(Connection, "transmit", watched_transmit)
    return seen


def assert_shallow(depths: Depths, last: str) -> None:
    """No command is deeper; the connection's transmit, which is counted too, is not among its callers."""
    assert any(last in names for names in depths.found)
    assert [names for names in depths.found if len(names) + 1 > MOST_FRAMES] == []


def test_a_login(desk: Desk, depths: Depths) -> None:
    desk.open("auth")
    depths.first = "Session.login"
    desk.login("auth")
    assert_shallow(depths, "JpkiCard.verify_pin")


def test_a_signature(desk: Desk, depths: Depths) -> None:
    desk.open("auth")
    desk.login("auth")
    desk.sign_init("auth")
    depths.first = "SignOperation.finish"
    desk.sign_now("auth")
    assert_shallow(depths, "JpkiCard.sign")
