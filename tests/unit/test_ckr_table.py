"""What every exception means to a PKCS#11 caller. Spec: PKCS#11 v3.1 5.1"""

from __future__ import annotations

import inspect

import pytest

from pyjpki11 import errors, log
from pyjpki11.boundary import ckr_table
from pyjpki11.boundary.ckr_table import CKR_OF, ckr_of
from pyjpki11.cryptoki import ckr

CLASSES = [one for _name, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, Exception)]

#: The numbers are the standard's.
EXPECTED: dict[str, int] = {
    "ServiceUnavailable": 0x30,  # DEVICE_ERROR
    "ReaderGone": 0x32,  # DEVICE_REMOVED
    "ReaderBusy": 0x30,
    "CardAbsent": 0xE0,  # TOKEN_NOT_PRESENT
    "CardRemoved": 0x32,
    "CardMute": 0x30,
    "CardNotRecognized": 0xE1,  # TOKEN_NOT_RECOGNIZED
    "BadCardData": 0x30,
    "WrongSignature": 0x30,
    "PinBlocked": 0xA4,  # PIN_LOCKED
}


class Unforeseen(Exception):
    """Nobody's error."""


class NearlyMute(errors.CardMute):
    """An error of ours with no row of its own."""


def test_every_class_has_a_row() -> None:
    assert set(CLASSES) - set(CKR_OF) == {errors.CryptokiError}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_number(name: str, expected: int) -> None:
    assert ckr_of(getattr(errors, name)()) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.PinFormError("fault"), 0xA1),  # PIN_INVALID
        (errors.PinLengthOutOfRange("too-long"), 0xA2),  # PIN_LEN_RANGE
        (errors.PinHasInvalidCharacters("letter"), 0xA1),
        (errors.PinRejected(2), 0xA0),
        (errors.PinRejected(None), 0xA0),
        (errors.StatusWordError(0x6F00, 0x2A), 0x30),
        (errors.SecurityStatusNotSatisfied(0x6982, 0x2A), 0x101),
        (errors.CryptokiError(0x150), 0x150),
        (errors.CryptokiError(0xB3, "text"), 0xB3),
        (NearlyMute(), 0x30),
        (MemoryError(), 0x02),
    ],
    ids=repr,
)
def test_number_of_an_error_with_arguments(error: BaseException, expected: int) -> None:
    assert ckr_of(error) == expected


@pytest.mark.parametrize("error", [Unforeseen(), KeyError(1), KeyboardInterrupt(), SystemExit(0)], ids=repr)
def test_what_nobody_foresaw(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """A general error with its traceback in the log; never success."""
    lines: list[str] = []
    monkeypatch.setattr(log, "error", lines.append)
    assert ckr_of(error) == 0x05
    assert len(lines) == 1 and type(error).__name__ in lines[0]


@pytest.mark.parametrize("one", CLASSES)
def test_no_failure_reads_as_success(one: type[Exception]) -> None:
    """Design: decision 1"""
    assert CKR_OF.get(one, ckr.GENERAL_ERROR) != ckr.OK


def test_explanation() -> None:
    line = ckr_table.explain("C_Login", errors.PinRejected(1), 0xA0)
    assert line == "C_Login: CKR_PIN_INCORRECT: wrong PIN, 1 tries left"
    assert ckr_table.explain("C_Sign", errors.CardMute("why"), 0x80001234) == "C_Sign: 0x80001234: why"
