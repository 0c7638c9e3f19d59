"""The doctor finds by looking who may put a card of software into a reader here."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pyjpki11.cli.diagnosis import virtual_reader
from pyjpki11.cli.diagnosis.finding import WARNING, Finding

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000     0        0 91239 1 00000000b37816ec 100 0 0 10 0\n"
ANY_4, ANY_6 = "00000000", "0" * 32
LOCAL_4, LOCAL_6 = "0100007F", "00000000000000000000000001000000"
LISTEN, ESTABLISHED = "0A", "01"


def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *places: tuple[str, str, str]) -> list[Finding]:
    """What is found where these are the kernel's entries: address, port, state."""
    table = tmp_path / "tcp"
    rows = (f"   {at}: {place}:{port} 00000000:0000 {state} {REST}" for at, (place, port, state) in enumerate(places))
    table.write_text(HEAD + "".join(rows))
    monkeypatch.setattr(virtual_reader, "TABLES", (table, tmp_path / "missing"))
    return list(virtual_reader.examine())


@pytest.mark.parametrize("address", [ANY_4, ANY_6, "0A01A8C0"])
def test_a_reader_on_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    (one,) = found(tmp_path, monkeypatch, (address, "8C7B", LISTEN), (LOCAL_4, "8C7C", LISTEN))
    assert one.level == WARNING
    assert "35963, 35964" in one.message and "everyone on its networks" in one.message


@pytest.mark.parametrize("address", [LOCAL_4, LOCAL_6, "0200007F"])
def test_a_reader_for_this_computer_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    (one,) = found(tmp_path, monkeypatch, (address, "8C7B", LISTEN))
    assert "Every user of this computer" in one.message and "networks" not in one.message


@pytest.mark.parametrize("place", [(ANY_4, "8C7B", ESTABLISHED), (ANY_4, "8C7A", LISTEN), (ANY_4, "1F90", LISTEN)])
def test_other_connections_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[str, str, str]
) -> None:
    assert found(tmp_path, monkeypatch, place) == []


@pytest.mark.parametrize(("address", "table"), [("127.0.0.1", "tcp"), ("::1", "tcp6")])
def test_the_kernel_tells_it_so(address: str, table: str) -> None:
    """A program that listens really, in the table of this machine."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    expected = LOCAL_6 if family == socket.AF_INET6 else LOCAL_4
    with socket.create_server((address, 0), family=family) as server:
        places = list(virtual_reader.listening(Path("/proc/net") / table))
        assert (expected, server.getsockname()[1]) in places
