"""What a call costs does not grow, nor does it wait for a card that it does not need.

Costs are counted, not timed: the interpreter's instructions in our code.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from provider.desk import SLOTS, Desk
from provider.readers import Reader

import pyjpki11
from pyjpki11.cryptoki import cka

OURS = str(Path(pyjpki11.__file__).parent)
SESSIONS, SIGNATURES, READERS, WAITING = 10_000, 1_000, 16, 8
ANSWER_S = 60


def instructions(call: Callable[[], object]) -> int:
    """How many instructions of ours a call takes. It is called twice, for Python 3.12 counts none the first time."""
    _counted(call)
    counted = _counted(call)
    assert counted, "this test counts another package's instructions"
    return counted


def _counted(call: Callable[[], object]) -> int:
    counted = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal counted
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes = True
        counted += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return counted


@pytest.fixture
def signer(desk: Desk) -> Desk:
    """Logged in, and warm: what is done once is done."""
    desk.open("auth")
    desk.login("auth")
    for _ in range(2):
        desk.sign("auth")
        desk.labels("auth")
    return desk


def sign_in_session(desk: Desk) -> None:
    """A session for one signature."""
    desk.open("auth-own")
    desk.sign("auth-own")
    desk.close("auth-own")


CALLS: dict[str, Callable[[Desk], object]] = {
    "sign": lambda desk: desk.sign("auth"),
    "session state": lambda desk: desk.state("auth"),
    "search": lambda desk: desk.labels("auth"),
    "session of its own": lambda desk: sign_in_session(desk),
}


@pytest.fixture(params=CALLS.values(), ids=list(CALLS))
def cost(request: pytest.FixtureRequest, signer: Desk) -> Callable[[], int]:
    """What a call takes."""
    request.param(signer)  # the first time is another thing
    return lambda: instructions(lambda: request.param(signer))


def test_sessions(signer: Desk, cost: Callable[[], int]) -> None:
    before = cost()
    for _ in range(SESSIONS):
        signer.module.open_session(SLOTS["auth"], 4)
    assert cost() == before


def test_signatures_and_searches(signer: Desk, cost: Callable[[], int]) -> None:
    """Hours of work."""
    before = cost()
    for _ in range(SIGNATURES):
        signer.sign("auth")
        signer.find("auth")
    assert cost() == before


def test_sessions_that_come_and_go(signer: Desk, cost: Callable[[], int]) -> None:
    before = cost()
    for _ in range(SESSIONS):
        signer.module.close_session(signer.module.open_session(SLOTS["auth"], 4))
    assert cost() == before
    assert signer.count("auth") == 1


def test_readers(signer: Desk, cost: Callable[[], int], new_state: Callable[[], Path]) -> None:
    before = cost()
    for number in range(1, READERS):
        signer.readers.plugged_in.append(Reader(f"Reader {number}", new_state()))
    signer.module.refresh_readers()
    assert len(signer.slots()) == READERS * len(SLOTS)
    assert cost() == before


def test_calls_that_need_no_card_do_not_wait(signer: Desk) -> None:
    """While threads wait for signatures, one of them inside the card's answer, everything that is known is told."""
    arrived, go_on = threading.Semaphore(0), threading.Event()
    answers: list[str] = []

    def hold(_command: bytes) -> None:
        arrived.release()
        assert go_on.wait(ANSWER_S)

    def sign(name: str) -> None:
        answers.append(signer.do("sign", name))

    for number in range(WAITING):
        signer.open(f"auth{number}")
    signer.reader.trouble = hold
    threads = [threading.Thread(target=sign, args=(f"auth{number}",), daemon=True) for number in range(WAITING)]
    for thread in threads:
        thread.start()
    assert arrived.acquire(timeout=ANSWER_S), "no signature has come to the card"
    told = threading.Thread(target=tell_all, args=(signer,), daemon=True)
    told.start()
    told.join(ANSWER_S)
    was_held = told.is_alive()
    go_on.set()
    for thread in (*threads, told):
        thread.join(ANSWER_S)
    assert not was_held, "a call that needs no card has waited for it"
    assert answers == ["OK"] * WAITING


def tell_all(desk: Desk) -> None:
    """Every call that the card need not be asked for."""
    assert desk.slots() == list(SLOTS.values())
    assert desk.state("auth") == "RO_USER_FUNCTIONS"
    for handle in desk.find("auth"):
        for attribute in (cka.LABEL, cka.ID, cka.SUBJECT, cka.UNIQUE_ID):
            assert desk.value("auth", handle, attribute)
    desk.open("auth-new")
    desk.sign_init("auth-new")
    desk.close("auth-new")
