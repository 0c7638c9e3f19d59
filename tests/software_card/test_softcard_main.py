"""The command line."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jpki_softcard.__main__ import main


def test_list_faults(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, name first."""
    assert main(["--list-faults"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 24
    assert lines[0].startswith("first-command-6f00 ")


def closed_port() -> str:
    """An address on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fault", "nonsense"], "unknown fault"),
        (["--latency-ms", "-1"], "latency-ms"),
        (["--sign-ms", "nan"], "sign-ms"),
        (["--byte-us", "x"], "byte-us"),
        (["--atr", "zz"], "ATR"),
        (["--vpcd", "host:port"], "--vpcd"),
        (["--auth-pin", "5678"], "exists"),
        (["--apdu-log", "/nonexistent/log"], "/nonexistent/log"),
        ([], "nothing listens"),
    ],
)
def test_refusals(directory: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    """Exit status 1, one line on stderr, nothing on stdout."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert main(["--vpcd", closed_port(), "--state", str(directory), *arguments]) == 1
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(directory: Path, number: signal.Signals) -> None:
    """A card in a reader; exit status 0, only the ready line on stderr."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        command = [sys.executable, "-m", "jpki_softcard", "--vpcd", address, "--state", str(directory)]
        environment = {"PYTHONPATH": ":".join(sys.path)}
        child = subprocess.Popen(  # noqa: S603 - our own interpreter
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"\x00\x01\x04")
            assert connection.recv(11)[2:].hex() == "3be000ff8131fe4514"
            child.send_signal(number)
            out, err = child.communicate(timeout=20)
    assert child.returncode == 0
    assert out == ""
    assert err == f"jpki_softcard: card {directory} is in the reader at {address}\n"
