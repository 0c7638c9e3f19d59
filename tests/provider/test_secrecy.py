"""PINs leave no trace: not in memory that we hold, not in the log, not in errors. Design: decision 5"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from provider.desk import Desk, DeskMaker

from pyjpki11 import log
from pyjpki11.card.layout import PinRule
from pyjpki11.card.pin import normalize
from pyjpki11.errors import JpkiError
from pyjpki11.provider import login

#: No letter of them is a hex digit, so that they are in the log only if somebody wrote them there.
RIGHT, WRONG, MALFORMED = "QRSTUVW", "ZYXWVUT", "QRS-TUV"


@pytest.fixture
def debug_log(tmp_path: Path) -> Iterator[Path]:
    """A log of everything."""
    log.configure(str(tmp_path / "log"), "debug")
    yield tmp_path / "log"
    log.configure(None, None)


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[bytearray]:
    """Every normalized PIN that a login has made."""
    made: list[bytearray] = []

    def remembering(pin: bytearray, rule: PinRule) -> bytearray:
        made.append(normalize(pin, rule))
        return made[-1]

    monkeypatch.setattr(login, "normalize", remembering)
    return made


def spellings(pin: str) -> list[str]:
    """How a PIN could show."""
    return [pin, pin.lower(), pin.encode().hex(), pin.encode().hex().upper(), str(list(pin.encode()))]


def test_copies_are_wiped(desk: Desk, copies: list[bytearray]) -> None:
    """Whatever came of them."""
    desk.open("sign")
    answers = [desk.do("login", "sign", pin) for pin in (WRONG, WRONG.lower(), MALFORMED)]
    assert answers == ["PIN_INCORRECT", "PIN_INCORRECT", "PIN_INVALID"]
    desk.fault("silence")
    assert desk.do("login", "sign") == "DEVICE_ERROR"
    desk.fault()
    assert desk.do("login", "sign") == "OK"
    desk.sign_init("sign")
    assert desk.do("consent", "sign") == "OK"
    desk.set_tries("sign", 0)
    assert desk.do("consent", "sign") == "PIN_LOCKED"
    desk.remove()
    desk.do("login", "sign")
    assert len(copies) >= 5
    assert [copy for copy in copies if any(copy)] == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (WRONG, "ABC124", "PIN_INCORRECT"),
        ("ABC123", "ABC124", "OK"),
        ("ABC123", "ABC-12", "PIN_INVALID"),
        ("ABC123", "ABC", "PIN_LEN_RANGE"),
        ("ABC", "ABC123", "PIN_LEN_RANGE"),
    ],
)
def test_copies_are_wiped_after_a_change(
    desk: Desk, copies: list[bytearray], old: str, new: str, expected: str
) -> None:
    desk.open("sign-rw")
    assert desk.do("change-pin", "sign-rw", old, new) == expected
    assert [copy for copy in copies if any(copy)] == []


@pytest.mark.parametrize("fault", ["", "silence", "sw-6cxx", "first-command-6f00", "phone"])
def test_the_log_has_no_pin(make_desk: DeskMaker, debug_log: Path, fault: str) -> None:
    desk = make_desk()
    with desk.reader.card.store.pins() as pins:
        pins["sign"] = pins["sign"]._replace(value=RIGHT.encode())
    desk.open("sign")
    if fault:
        desk.fault(fault)
    for pin in (MALFORMED, WRONG, WRONG, RIGHT):
        desk.do("login", "sign", pin)
        desk.do("sign", "sign")
    desk.do("finalize")
    written = debug_log.read_text()
    assert "software card" in written
    assert [one for pin in (RIGHT, WRONG, MALFORMED) for one in spellings(pin) if one in written] == []


@pytest.mark.parametrize("pin", [WRONG, MALFORMED, "ZYX"])
def test_errors_do_not_tell_pins(desk: Desk, pin: str) -> None:
    desk.open("sign")
    for _ in range(2):
        with pytest.raises(JpkiError) as caught:
            desk.login("sign", pin)
        assert [one for one in spellings(pin) if one in f"{caught.value!s} {caught.value!r}"] == []


def test_refused_pins_are_not_kept_as_they_are(desk: Desk) -> None:
    """Nor as a hash that could be looked up."""
    desk.open("sign")
    desk.do("login", "sign", WRONG)
    first = vars(desk.session("sign").token.login).copy()
    desk.reader.driver.insert()
    desk.open("sign")
    desk.do("login", "sign", WRONG)
    second = vars(desk.session("sign").token.login)
    assert WRONG not in repr(first) and WRONG not in repr(second)
    assert first["_refused"] and not first["_refused"] & second["_refused"]
