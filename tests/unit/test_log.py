"""The log: what is written, where, and that it never harms its host."""

from __future__ import annotations

import os
import posix
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyjpki11 import log

WRITERS: dict[str, Callable[[str], None]] = {
    "ERROR": log.error,
    "WARNING": log.warning,
    "INFO": log.info,
    "DEBUG": log.debug,
}


@pytest.fixture(autouse=True)
def log_off() -> Iterator[None]:
    """No log is left behind."""
    yield
    log.configure(None, None)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the log goes."""
    return tmp_path / "log"


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("error", ["ERROR"]),
        ("WARNING", ["ERROR", "WARNING"]),
        ("Info", ["ERROR", "WARNING", "INFO"]),
        ("debug", ["ERROR", "WARNING", "INFO", "DEBUG"]),
        (None, ["ERROR", "WARNING"]),
        ("", ["ERROR", "WARNING"]),
        ("loud", ["ERROR", "WARNING"]),
    ],
)
def test_levels(level: str | None, expected: list[str], target: Path) -> None:
    log.configure(str(target), level)
    for name, write in WRITERS.items():
        write(f"from {name}")
    assert target.read_text().splitlines() == [f"pyjpki11[{os.getpid()}] {n}: from {n}" for n in expected]
    enabled = [name for number, name in enumerate(log.NAMES) if log.is_enabled(number)]
    assert enabled == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\x85", "\u2028"], ids=repr)
def test_one_call_one_line(end: str, target: Path) -> None:
    """A reader's name, or a traceback, cannot forge a line of the log."""
    log.configure(str(target), "debug")
    log.error(f"first{end}second{end}")
    written = target.read_bytes()
    assert written.count(b"\n") == 1 and b"\r" not in written
    assert b"first" in written and b"second" in written


@pytest.mark.parametrize("text", ["署名用電子証明書", "山田\u3000太郎", "\udcff", "x" * 100_000])
def test_any_text(text: str, target: Path) -> None:
    log.configure(str(target), None)
    log.error(text)
    assert target.read_bytes().endswith(text.encode(errors="backslashreplace") + b"\n")


STEERING = {
    "erases the screen": "\x1b[2J",
    "sets the title": "\x1b]0;title\x07",
    "C1": "\x9b2J",
    "backspaces": "\b\b",
    "no text": "\0",
    "DEL": "\x7f",
    "turns the writing round": "\u202e",
    "isolates": "\u2066",
    "Arabic letter mark": "\u061c",
    "no width": "\u200b",
    "joins": "\u2060",
    "byte order": "\ufeff",
    "soft hyphen": "\u00ad",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "tag": "\U000e0041",
}


@pytest.mark.parametrize("text", STEERING.values(), ids=STEERING)
@pytest.mark.parametrize("to", ["file", "stderr"])
def test_no_text_steers_a_terminal(text: str, to: str, target: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What readers and cards call themselves may stand in the log."""
    log.configure(str(target) if to == "file" else "stderr", None)
    log.error(f"reader {text}forged: no card")
    written = target.read_text() if to == "file" else capfd.readouterr().err
    assert written.endswith("forged: no card\n") and written.count("\n") == 1
    assert written.rstrip("\n").isprintable()


def test_off_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    log.configure(None, "debug")
    log.error("nobody reads this")
    assert not log.is_enabled(log.ERROR)
    assert capfd.readouterr() == ("", "")


def test_stderr_never_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    log.configure("stderr", None)
    log.error("seen")
    assert capfd.readouterr() == ("", f"pyjpki11[{os.getpid()}] ERROR: seen\n")


def test_lines_are_added(target: Path) -> None:
    for _ in range(2):
        log.configure(str(target), None)
        log.error("line")
    assert len(target.read_text().splitlines()) == 2


def test_only_the_user_reads_it(target: Path) -> None:
    log.configure(str(target), None)
    log.error("line")
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["", "/nonexistent/log", ".", "a\0b", "/dev/full"], ids=repr)
def test_a_target_that_cannot_be_written_is_no_error(name: str) -> None:
    log.configure(name, None)
    log.error("lost")


def test_a_closed_standard_error_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = []

    def write(descriptor: int, line: bytes) -> int:
        lost.append(line)
        raise OSError(9, f"descriptor {descriptor} is closed")

    log.configure("stderr", None)
    monkeypatch.setattr(posix, "write", write)
    log.error("lost")
    assert len(lost) == 1


def test_no_descriptor_is_held(target: Path) -> None:
    """Hosts close those they do not know, and use their numbers again. Design: decision 2"""
    before = os.listdir("/proc/self/fd")
    log.configure(str(target), None)
    log.error("line")
    assert os.listdir("/proc/self/fd") == before
    target.rename(target.with_suffix(".1"))  # what rotates logs
    log.error("line")
    assert target.read_text().count("\n") == 1
