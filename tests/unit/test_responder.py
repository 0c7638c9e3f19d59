"""Asking an OCSP responder: never for longer than its limit, and a failure has one name."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from support.authority import Authority

from pyjpki11.certificates import responder
from pyjpki11.certificates.errors import ResponderFailed

AUTHORITY = Authority()
SIGNER = AUTHORITY.issue()
LIMIT_S = 1.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n"


def ask(url: str) -> bytes:
    """What the responder at a URL answers about SIGNER."""
    return responder.ask(SIGNER.certificate, AUTHORITY.certificate, url, LIMIT_S)


@contextmanager
def answering(*parts: bytes, then_slowly: bytes = b"") -> Iterator[str]:
    """A server that gives every caller these bytes, and then more of them, one in a tenth of a second."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        ended = threading.Event()

        def serve() -> None:
            connection, _peer = server.accept()
            with closing(connection):
                connection.recv(1 << 16)
                connection.sendall(b"".join(parts))
                while then_slowly and not ended.wait(0.1):
                    connection.sendall(then_slowly)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        ended.set()
        thread.join(10)


def test_answer() -> None:
    with answering(HEAD, b"Content-Length: 6\r\n\r\nanswer") as url:
        assert ask(url) == b"answer"


@pytest.mark.parametrize(
    ("parts", "drop"),
    [
        ((HEAD, b"Content-Length: 1000\r\n\r\n"), b"x"),  # a body without end
        ((HEAD,), b"X-More: 1\r\n"),  # headers without end
        ((b"",), b"H"),
    ],
)
def test_responder_that_sends_a_byte_now_and_then(parts: tuple[bytes, ...], drop: bytes) -> None:
    """The limit is for all of it, or this would never end."""
    with answering(*parts, then_slowly=drop) as url, pytest.raises(ResponderFailed, match="ETIMEDOUT"):
        ask(url)


@pytest.mark.parametrize(
    ("answer", "word"),
    [(b"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP 404"), (b"no HTTP at all\r\n\r\n", "BadStatusLine"), (b"", "[A-Z]")],
)
def test_answer_of_another_kind(answer: bytes, word: str) -> None:
    """What is said about it is the same in every language."""
    with answering(answer) as url, pytest.raises(ResponderFailed, match=f": {word}"):
        ask(url)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1", "http://127.0.0.1:1/"])
def test_places_that_are_not_asked_or_not_there(url: str) -> None:
    with pytest.raises(ResponderFailed):
        ask(url)
