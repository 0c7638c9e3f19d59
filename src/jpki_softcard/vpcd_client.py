"""The connection to vpcd."""

import socket
import time
from collections.abc import Callable

from .errors import CardGone, CardSilent, SoftcardError
from .link import Link
from .vpcd import Decoder, encode, respond

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 35963
CHUNK_LEN = 65536  # bytes
RETRY_S = 0.3

# Linux acknowledges late otherwise, which costs 40 ms an exchange; the option wears off with every recv.
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class NobodyListens(SoftcardError):
    """Nothing accepts connections at the address."""


def address(text: str) -> tuple[str, int]:
    """Read HOST:PORT, HOST, :PORT or [IPv6]:PORT; ValueError for a malformed port."""
    host, separator, port = text.rpartition(":")
    if not separator or text.endswith("]"):
        host, port = text, ""
    number = int(port) if port else DEFAULT_PORT
    if not 0 < number < 65536:
        raise ValueError(f"port {number} is out of range")
    return host.strip("[]") or DEFAULT_HOST, number


def connect(host: str, port: int) -> socket.socket:
    """A connection to vpcd; NobodyListens with a hint what to start."""
    try:
        connection = socket.create_connection((host, port))
    except OSError as error:
        raise NobodyListens(
            f"nothing listens on {host}:{port} ({error.strerror or error}): "
            "is pcscd running, with vpcd (package vsmartcard-vpcd) installed?"
        ) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def serve(connection: socket.socket, link: Link) -> None:
    """Be the card on an open connection until the other side ends it or the card leaves the field."""
    decoder = Decoder()
    while link.card.in_field and (received := _receive(connection)):
        for message in decoder.feed(received):
            answer = _answer(link, message)
            if answer is not None:
                connection.sendall(encode(answer))


def _answer(link: Link, message: bytes) -> bytes | None:
    try:
        return respond(link, message)
    except CardSilent:
        return None if link.card.powered else b""  # a real reader reports a card without power at once
    except CardGone:  # the waiting side learns it from the end of the connection
        return None


def run(link: Link, host: str, port: int, *, reconnect: bool, ready: Callable[[], None]) -> None:
    """Put the card into the reader at an address; `ready` is called each time it is in.

    Without `reconnect` it returns when pcscd goes away, raises NobodyListens when it is not there;
    with it, it never returns.
    """
    while True:
        try:
            _insert(link, host, port, ready)
        except NobodyListens:
            if not reconnect:
                raise
        if not reconnect:
            return
        time.sleep(RETRY_S)


def _insert(link: Link, host: str, port: int, ready: Callable[[], None]) -> None:
    with connect(host, port) as connection:
        ready()
        try:
            serve(connection, link)
        except (ConnectionError, BrokenPipeError):
            pass  # pcscd was killed: the same as its going away
        finally:
            link.card.leave_field()


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(CHUNK_LEN)
    if _QUICKACK is not None:
        connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
    return received
