"""The log at level info tells a user what happened, in words, with the remedy where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from provider.desk import Desk, DeskMaker

from pyjpki11 import log
from pyjpki11.boundary.ckr_table import ckr_of, explain
from pyjpki11.errors import JpkiError, ReaderBusy, ServiceUnavailable, StatusWordError
from pyjpki11.reader.pcsc_results import FAILURES

REMEDIABLE = (ServiceUnavailable, ReaderBusy)
REMEDIES = ("start it with", "polkit rule must allow", "close it")


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Path]:
    """The log at level info."""
    log.configure(str(tmp_path / "log"), "info")
    yield tmp_path / "log"
    log.configure(None, None)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ([], "Reader: software card (Individual Number Card)"),
        (["phone"], "Reader: software card (Android phone)"),
        (["foreign-card"], "Reader: the card in the reader is not a My Number card"),
    ],
    ids=str,
)
def test_reader_and_kind_of_card(make_desk: DeskMaker, lines: Path, faults: list[str], expected: str) -> None:
    make_desk(faults).slots()
    assert expected in lines.read_text()


def test_status_word_with_its_meaning(desk: Desk) -> None:
    desk.open("auth")
    desk.login("auth")
    desk.fault("sign-6f00")
    desk.sign_init("auth")
    with pytest.raises(StatusWordError) as caught:
        desk.sign_now("auth")
    assert explain("C_Sign", caught.value, ckr_of(caught.value)) == (
        "C_Sign: CKR_DEVICE_ERROR: the card answered 6F00 (no precise diagnosis) to PERFORM SECURITY OPERATION"
    )


def test_lost_card(desk: Desk, lines: Path) -> None:
    desk.open("auth")
    desk.remove()
    desk.do("login", "auth")
    assert "the card is lost: the software card was removed" in lines.read_text()


def test_why_there_is_no_token_is_said_once(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the level that is set by default, and not at each of a host's polls."""

    def connect(_reader: str) -> None:
        raise ReaderBusy(text)

    text = FAILURES[0x8010000B][1]
    monkeypatch.setattr(desk.readers, "connect", connect)
    log.configure(str(tmp_path / "log"), None)
    try:
        for _ in range(3):
            assert desk.slots() == []
    finally:
        log.configure(None, None)
    assert (tmp_path / "log").read_text().count(text) == 1
    assert "WARNING: Reader: SCARD_E_SHARING_VIOLATION" in (tmp_path / "log").read_text()


def test_no_service(desk: Desk, lines: Path) -> None:
    desk.open("auth")
    desk.readers.is_served = False
    desk.do("slots")
    assert "reader Reader: the service is gone" in lines.read_text()


@pytest.mark.parametrize("result", [code for code, row in FAILURES.items() if row[0] in REMEDIABLE])
def test_pcsc_error_with_its_remedy(result: int) -> None:
    fact, text, remedy = FAILURES[result]
    assert issubclass(fact, JpkiError) and text.startswith("SCARD_")
    assert any(known in remedy for known in REMEDIES), remedy
    assert str(fact(text, remedy)) == f"{text}; {remedy}"
