"""The messages of vpcd, the connection to it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jpki_softcard import vpcd, vpcd_client
from jpki_softcard.link import Link

SELECT_JPKI = bytes.fromhex("00A4040C0A D392F000260100000001")
OFF, ON, RESET, ATR = b"\x00\x01\x00", b"\x00\x01\x01", b"\x00\x01\x02", b"\x00\x01\x04"


def test_encoding() -> None:
    """Two bytes of length, big-endian."""
    assert vpcd.encode(b"\x90\x00") == b"\x00\x02\x90\x00"
    assert vpcd.encode(bytes(258))[:2] == b"\x01\x02"
    assert vpcd.encode(b"") == b"\x00\x00"


def test_too_long_to_encode() -> None:
    """65535 bytes fit, one more does not."""
    assert len(vpcd.encode(bytes(0xFFFF))) == 0x10001
    with pytest.raises(ValueError, match="65536"):
        vpcd.encode(bytes(0x10000))


@given(st.lists(st.binary(max_size=300), max_size=5), st.lists(st.integers(0, 1600), max_size=8))
def test_a_stream_cut_anywhere(bodies: list[bytes], cuts: list[int]) -> None:
    """Reads end where they like: in the length, in the body, after several messages."""
    stream = b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    decoder = vpcd.Decoder()
    got = []
    for start, end in pairwise(edges):
        got += decoder.feed(stream[start:end])
    assert got == bodies


def test_nothing_before_the_last_byte() -> None:
    """An incomplete message is kept."""
    decoder = vpcd.Decoder()
    assert [decoder.feed(bytes([byte])) for byte in b"\x00\x02\xaa"] == [[], [], []]
    assert decoder.feed(b"\xbb\x00") == [b"\xaa\xbb"]


def test_only_the_atr_request_is_answered(make_card: Any) -> None:
    """Power and reset are not; an unknown control code does nothing."""
    card = make_card()
    assert vpcd.respond(card, b"\x00") is None
    assert not card.powered
    assert vpcd.respond(card, b"\x01") is None
    assert card.powered
    assert vpcd.respond(card, b"\x02") is None
    assert vpcd.respond(card, b"\x03") is None
    assert vpcd.respond(card, b"\x04") == bytes.fromhex("3BE000FF8131FE4514")
    assert vpcd.respond(card, SELECT_JPKI) == b"\x90\x00"
    assert vpcd.respond(card, b"") == b"\x67\x00"


@pytest.fixture
def reader(make_card: Any, request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """The other end of a served connection; the marker `faults` names the card's faults."""
    marker = request.node.get_closest_marker("parametrize")
    names = request.getfixturevalue("faults") if marker and "faults" in marker.args[0] else ()
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    ours.settimeout(10)
    link = Link(make_card(*names))
    thread = threading.Thread(target=_serve, args=(theirs, link), daemon=True)
    thread.start()
    yield ours
    ours.close()
    thread.join(timeout=10)
    assert not thread.is_alive()


def _serve(connection: socket.socket, link: Link) -> None:
    with connection:
        vpcd_client.serve(connection, link)


def exactly(connection: socket.socket, count: int) -> bytes:
    """Read that many bytes."""
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        assert part, "connection closed"
        received += part
    return received


def test_a_session_byte_by_byte(reader: socket.socket) -> None:
    """Slow and split sending makes no difference."""
    for byte in ON + ATR + vpcd.encode(SELECT_JPKI):
        reader.send(bytes([byte]))
    assert exactly(reader, 2 + 9 + 2 + 2) == bytes.fromhex("0009 3BE000FF8131FE4514 0002 9000")


def test_several_messages_at_once(reader: socket.socket) -> None:
    """They are answered in order."""
    reader.sendall(OFF + ON + vpcd.encode(SELECT_JPKI) + RESET + vpcd.encode(bytes.fromhex("00B0880000")) + ATR)
    assert exactly(reader, 4 + 7 + 11) == bytes.fromhex("0002 9000 0005 8F8F009000 0009 3BE000FF8131FE4514")


@pytest.mark.parametrize("faults", [("disconnect-after=1",)])
def test_a_card_that_leaves_closes_the_connection(reader: socket.socket, faults: tuple[str]) -> None:
    """One answer, then the end."""
    reader.sendall(ON + vpcd.encode(SELECT_JPKI))
    assert exactly(reader, 4) == bytes.fromhex("0002 9000")
    assert reader.recv(1) == b""


@pytest.mark.parametrize("faults", [("silence",)])
def test_a_silent_card_stays(reader: socket.socket, faults: tuple[str]) -> None:
    """Commands get no answer, the ATR does."""
    reader.sendall(ON + vpcd.encode(SELECT_JPKI) + ATR)
    assert exactly(reader, 11) == bytes.fromhex("0009 3BE000FF8131FE4514")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:35963", ("127.0.0.1", 35963)),
        ("localhost", ("localhost", 35963)),
        (":1234", ("127.0.0.1", 1234)),
        ("[::1]:1234", ("::1", 1234)),
        ("[::1]", ("::1", 35963)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    """Either part may be missing."""
    assert vpcd_client.address(text) == expected


@pytest.mark.parametrize("text", ["host:port", "host:0", "host:65536", "host:-1"])
def test_malformed_addresses(text: str) -> None:
    """Refused before anything is opened."""
    with pytest.raises(ValueError, match=r"\S"):
        vpcd_client.address(text)


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nobody_listens() -> None:
    """The message says where, and what to start."""
    port = free_port()
    with pytest.raises(vpcd_client.NobodyListens, match=f"127.0.0.1:{port}.*pcscd"):
        vpcd_client.connect("127.0.0.1", port)


class EnoughSeen(Exception):
    """Ends a run that would never end."""


def test_run_reconnects(make_card: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --reconnect the card comes back after pcscd was killed, without what it had verified."""
    monkeypatch.setattr(vpcd_client, "RETRY_S", 0)
    link, insertions = Link(make_card()), []

    def ready() -> None:
        insertions.append(link.card.powered)
        if len(insertions) == 2:
            raise EnoughSeen

    def run(host: str, port: int) -> None:
        with suppress(EnoughSeen):
            vpcd_client.run(link, host, port, reconnect=True, ready=ready)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=run, args=server.getsockname(), daemon=True)
        thread.start()
        connection, _ = server.accept()
        connection.sendall(ON + ATR)
        exactly(connection, 11)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close with RST
        connection.close()
        thread.join(timeout=10)
    assert not thread.is_alive()
    assert insertions == [True, False]


def test_run_ends_with_the_reader(make_card: Any) -> None:
    """Without --reconnect the end of pcscd is the end of the run; the card is without power then."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link, ready = Link(make_card()), threading.Event()
        host, port = server.getsockname()
        arguments = {"reconnect": False, "ready": ready.set}
        thread = threading.Thread(target=vpcd_client.run, args=(link, host, port), kwargs=arguments, daemon=True)
        thread.start()
        connection, _ = server.accept()
        assert ready.wait(10)
        connection.close()
        thread.join(timeout=10)
    assert not thread.is_alive()
    assert not link.card.powered
