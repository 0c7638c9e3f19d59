"""Every flow, at each of its commands, with each fault: what may come of it.

A flow is run once undisturbed, which tells how many commands it has; then once for each of them and each fault, on
a fresh card. What has to hold in each of these cells stands in `check`.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from faults.flows import FLOWS, NEW_PINS, Flow, assert_certificates_are_right
from provider.desk import PINS, Desk
from provider.readers import Reader
from provider.work import assert_works, clean_up

from pyjpki11.boundary.ckr_table import CKR_OF, ckr_of
from pyjpki11.cryptoki import ckr, names
from pyjpki11.errors import (
    CardDisturbed,
    CardMute,
    CardRemoved,
    CryptokiError,
    JpkiError,
    ReaderGone,
    ServiceUnavailable,
)

RECOGNIZING = 2
TRIES = {"auth": 3, "sign": 5}
VERIFY, CHANGE = 0x20, 0x24
HEADER_LEN = 4
OVERSIZED = 64 * 1024
#: Commands beyond those of the undisturbed flow: a repeated SELECT, a step said again in full.
MORE_COMMANDS = 12
#: While every answer is 61FF, the longest series of GET RESPONSE and two steps of a flow that go on after an error.
MOST_CONTINUATIONS = 129 * 12


class Fault(NamedTuple):
    """`strike` sees a command before the card does: it may raise, answer instead of the card, or only do
    something to it. `answered` sees it afterwards. `lasts`: for all commands from then on. `denies`: what comes
    says that this is no My Number card, which is believed until the next insertion."""

    strike: Callable[[Desk, bytes], bytes | None] = lambda desk, command: None
    answered: Callable[[Desk, bytes], None] = lambda desk, command: None
    lasts: bool = False
    bound: int = MORE_COMMANDS
    denies: bool = False


def raising(error: type[JpkiError], before: Callable[[Desk], object] = lambda desk: None) -> Any:
    """Something happens, then the way to the card fails."""

    def strike(desk: Desk, _command: bytes) -> None:
        before(desk)
        raise error("a fault")

    return strike


def answering(answer: bytes) -> Any:
    """This comes instead of the card's answer; the card has not seen the command."""
    return lambda _desk, _command: answer


def only(happens: Callable[[Desk], object]) -> Any:
    """Something happens to the card, which is sent the command all the same."""

    def strike(desk: Desk, _command: bytes) -> None:
        happens(desk)

    return strike


def changed(change: Callable[[bytes], bytes]) -> Any:
    """The card has done what it was told; its answer is spoilt on the way."""

    def strike(desk: Desk, command: bytes) -> bytes:
        return change(desk.reader.answer(command))

    return strike


def end_service(desk: Desk) -> None:
    """pcscd is no longer there."""
    desk.readers.is_served = False


DENIAL = "answer 6A82"
STATUS_WORDS = ("6F00", "6982", "6A82", "6700", "6C00", "61FF")
ODD: dict[str, Any] = {
    **{f"answer {sw}": answering(bytes.fromhex(sw)) for sw in STATUS_WORDS},
    "answer empty": answering(b""),
    "answer of one byte": answering(b"\x90"),
    "answer of 64 KiB": answering(bytes(OVERSIZED) + b"\x90\x00"),
    "answer of 64 KiB that looks like a certificate": answering(
        b"\x30\x82\xff\xfc" + bytes(OVERSIZED - 4) + b"\x90\x00"
    ),
    "answer without its end": changed(lambda answer: answer[:-1]),
    "answer with half its data": changed(lambda answer: answer[: (len(answer) - 2) // 2] + answer[-2:]),
    "answer without data": changed(lambda answer: answer[-2:]),
    "answer to another question": changed(lambda answer: bytes(reversed(answer[:-2])) + answer[-2:]),
}
FAILING: dict[str, Any] = {"silence": raising(CardMute), "disturbance": raising(CardDisturbed)}
FAULTS: dict[str, Fault] = {
    "card removed": Fault(only(Desk.remove)),
    "card removed after the answer": Fault(answered=only(Desk.remove)),
    "card exchanged": Fault(only(lambda desk: desk.reader.driver.insert())),
    "reader unplugged": Fault(raising(ReaderGone, Desk.unplug)),
    "reader unplugged after the answer": Fault(answered=raising(ReaderGone, Desk.unplug)),
    "card reset": Fault(only(Desk.reset)),
    "card powered off": Fault(only(Desk.power_off)),
    "card lost": Fault(raising(CardRemoved)),
    "service gone": Fault(raising(ServiceUnavailable, end_service)),
    "service gone after the answer": Fault(answered=raising(ServiceUnavailable, end_service)),
    "service restarted": Fault(raising(ServiceUnavailable)),
    "answer lost": Fault(answered=raising(CardMute)),
    "reset after the answer": Fault(answered=raising(CardDisturbed, Desk.reset)),
    **{f"{name}, once": Fault(strike, denies=name == DENIAL) for name, strike in (ODD | FAILING).items()},
    **{
        f"{name}, from then on": Fault(strike, lasts=True, bound=MOST_CONTINUATIONS, denies=name == DENIAL)
        for name, strike in (ODD | FAILING).items()
    },
}


class Trace:
    """Counts the commands of a flow, and lets a fault strike at one of them."""

    def __init__(self, desk: Desk, fault: Fault, position: int) -> None:
        self.desk, self.fault, self.position = desk, fault, position
        self.count = self.presented = 0
        desk.reader.trouble, desk.reader.loss = self._before, self._after

    def end(self) -> None:
        """All is well again, as far as the commands go."""
        self.desk.reader.trouble, self.desk.reader.loss = (lambda command: None), (lambda command: None)

    @property
    def has_struck(self) -> bool:
        """Whether the flow came so far."""
        return self.count > self.position

    def _strikes(self) -> bool:
        now = self.count - 1
        return now == self.position or (self.fault.lasts and now > self.position >= 0)

    def _before(self, command: bytes) -> bytes | None:
        self.count += 1
        self.presented += command[1] == VERIFY and len(command) > HEADER_LEN
        return self.fault.strike(self.desk, command) if self._strikes() else None

    def _after(self, command: bytes) -> None:
        if self._strikes():
            self.fault.answered(self.desk, command)


class Matrix:
    """All cells of a flow and a fault, each on a card of its own."""

    def __init__(self, state: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._issued, self._folder, self._monkeypatch = state, folder, monkeypatch
        self.cells = 0
        self.outcomes: Counter[str] = Counter()

    def run(self, flow: Flow, fault: Fault) -> None:
        """Every position, until the flow has no more commands."""
        length = self._undisturbed(flow)
        position = 0
        while self._cell(flow, fault, position, length):
            position += 1
            assert position <= length + fault.bound, "the flow has no end"
        assert position == length or fault.lasts, f"{position} commands, but {length} undisturbed"
        self.cells += position

    def _undisturbed(self, flow: Flow) -> int:
        desk = self._desk()
        flow.prepare(desk)
        trace = Trace(desk, Fault(), -1)
        answer = call(desk, flow.run)
        trace.end()
        assert answer == ("PIN_INCORRECT" if flow.is_wrong else "OK")
        assert trace.count and trace.presented == flow.presents
        return trace.count

    def _cell(self, flow: Flow, fault: Fault, position: int, length: int) -> bool:
        """Whether the flow came to that position; AssertionError says at which it went wrong."""
        desk = self._desk()
        flow.prepare(desk)
        trace = Trace(desk, fault, position)
        try:
            answer = call(desk, flow.run)
            trace.end()
            if not trace.has_struck:
                return False
            self.outcomes[answer] += 1
            check(desk, flow, trace, length)
        except Exception as error:
            error.add_note(f"at command {position} of {length}")
            raise
        return True

    def _desk(self) -> Desk:
        state, cache = self._folder / "state", self._folder / "cache"
        for folder in (state, cache):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._issued, state)
        self._monkeypatch.setenv("XDG_CACHE_HOME", str(cache))  # what is known of PSS is asked of each card
        return Desk(Reader("Reader", state), self._monkeypatch)


def call(desk: Desk, step: Callable[[Desk], object]) -> str:
    """How it ended: OK, or a defined error's name. Whatever else is raised goes through, and is a bug."""
    try:
        step(desk)
    except CryptokiError as error:
        return names.name_of(ckr, error.rv).removeprefix("CKR_")
    except JpkiError as error:
        assert type(error) in CKR_OF and ckr_of(error) not in (ckr.OK, ckr.GENERAL_ERROR), repr(error)
        return names.name_of(ckr, ckr_of(error)).removeprefix("CKR_")
    except AssertionError as error:
        if "handed out" in str(error):
            raise
        return "something does not show"
    return "OK"


def check(desk: Desk, flow: Flow, trace: Trace, length: int) -> None:
    """No PIN was presented unasked, there is an end, and everything works as soon as the card does."""
    assert trace.presented <= flow.presents, "a PIN was presented unasked"
    assert trace.count <= 2 * length + trace.fault.bound, f"{trace.count} commands instead of {length}"
    recover(desk)
    assert_tries(desk, flow)
    restore_pins(desk)
    if desk.readers.is_closed:
        desk.initialize()
    clean_up(desk)
    if flow.recognizes and trace.fault.denies and trace.position < RECOGNIZING:
        desk.insert()
    assert_works(desk)
    assert_certificates_are_right(desk)


def recover(desk: Desk) -> None:
    """The reader, the service and the card are there again."""
    desk.readers.is_served = True
    if desk.reader not in desk.readers.plugged_in:
        desk.plug_in()
    if desk.reader.driver.card_event("Software card 00") is None:
        desk.insert()


def assert_tries(desk: Desk, flow: Flow) -> None:
    """A fault costs no try; a wrong PIN costs one at most."""
    lost = sum(tries - desk.tries(key) for key, tries in TRIES.items())
    assert lost <= int(flow.is_wrong), "a fault has cost a try"


def restore_pins(desk: Desk) -> None:
    """Each PIN is the old one or the new one; the old one from now on."""
    with desk.reader.card.store.pins() as pins:
        for key, pin in pins.items():
            if key in PINS:
                assert pin.value.decode() in (PINS[key], NEW_PINS[key])
                pins[key] = pin._replace(value=PINS[key].encode(), tries=TRIES[key])


__all__ = ["FAULTS", "FLOWS", "Matrix"]
