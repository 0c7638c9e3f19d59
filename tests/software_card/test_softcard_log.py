"""What is recorded of an exchange, how long it takes."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from jpki_softcard.apdu_log import ApduLog, command_line
from jpki_softcard.errors import CardSilent, OptionError
from jpki_softcard.link import Link, Timing

SELECT_JPKI = bytes.fromhex("00A4040C0A D392F000260100000001")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("00200080 04 31323334", "> 0020008004**"),  # VERIFY
        ("0020009B 06 414243313233", "> 0020009B06**"),  # VERIFY
        ("0C200080 04 31323334", "> 0C20008004**"),  # VERIFY with another class
        ("00200080 04 313233", "> 0020008004**"),  # cut short
        ("00200080 04 31323334 00", "> 0020008004**"),  # with Le
        ("00200080 00 0004 31323334", "> 0020008000**"),  # extended length
        ("00240180 04 35363738", "> 0024018004**"),  # CHANGE
        ("80320080 04 35363738", "> 8032008004**"),  # CHANGE KEY
        ("002C0080 04 35363738", "> 002C008004**"),  # RESET RETRY COUNTER
        ("00200080", "> 00200080"),  # tries query
        ("00200080 00", "> 0020008000"),  # Le
        ("00B0000000", "> 00B0000000"),  # READ BINARY
    ],
)
def test_pin_data_is_masked(command: str, line: str) -> None:
    """Whatever form it has."""
    assert command_line(bytes.fromhex(command)) == line


def test_log_of_a_login(make_card: Any, tmp_path: Path) -> None:
    """Two lines an exchange, a comment for power; no PIN in the file."""
    log = ApduLog(str(tmp_path / "log"))
    link = Link(make_card(), log=log)
    link.power_on()
    link.transmit(SELECT_JPKI)
    link.transmit(bytes.fromhex("00200098 04 31323334"))
    link.transmit(bytes.fromhex("00B0880000"))
    assert (tmp_path / "log").read_text().splitlines() == [
        "# power on",
        "> 00A4040C0AD392F000260100000001",
        "< 9000",
        "> 0020009804**",
        "< 9000",
        "> 00B0880000",
        "< 8F8F009000",
    ]
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_log_grows(make_card: Any, tmp_path: Path) -> None:
    """A second card appends; closing twice is allowed."""
    for _ in range(2):
        link = Link(make_card(), log=ApduLog(str(tmp_path / "log")))
        link.transmit(SELECT_JPKI)
        link.close()
        link.close()
    assert (tmp_path / "log").read_text().count("> ") == 2


def test_log_of_silence(make_card: Any, tmp_path: Path) -> None:
    """The command is there, a comment instead of the answer."""
    link = Link(make_card("silence"), log=ApduLog(str(tmp_path / "log")))
    with pytest.raises(CardSilent):
        link.transmit(SELECT_JPKI)
    assert (tmp_path / "log").read_text() == "> 00A4040C0AD392F000260100000001\n# no answer\n"


def test_log_that_cannot_be_written(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(OptionError, match="missing"):
        ApduLog(str(tmp_path / "missing" / "log"))


def test_log_that_is_no_file_of_ones_own(tmp_path: Path) -> None:
    """A link is not followed, and nobody is waited for at the other end of a FIFO."""
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "fifo"):
        with pytest.raises(OptionError, match=name):
            ApduLog(str(tmp_path / name))
    with pytest.raises(OptionError, match="regular file"):
        ApduLog("/dev/null")
    assert not (tmp_path / "precious").exists()


def test_timing(make_card: Any) -> None:
    """Per command, per byte in both directions, per signature."""
    slept: list[float] = []
    timing = Timing(latency_ms=10.0, byte_us=100.0, sign_ms=500.0)
    link = Link(make_card(), timing, sleep=slept.append)
    link.transmit(SELECT_JPKI)  # 15 bytes, answer 2
    link.transmit(bytes.fromhex("00200098 04 31323334"))  # 9 bytes, answer 2
    link.transmit(bytes.fromhex("802A0097 01 41 00"))  # 7 bytes, answer 258
    assert slept == pytest.approx([0.010 + 0.0017, 0.010 + 0.0011, 0.010 + 0.0265 + 0.500])


def test_no_time_by_default(make_card: Any) -> None:
    """Not even a call of sleep."""

    def fail(seconds: float) -> None:
        raise AssertionError(seconds)

    Link(make_card(), sleep=fail).transmit(SELECT_JPKI)
