"""A door before pcscd that keeps clients out as polkit has pcscd do it.

pcscd asks polkit twice: `access_pcsc` when a client has connected to its socket, `access_card` when it asks for a
card. What is refused is told to nobody: pcscd closes the line. Debian's pcscd is built without polkit, so this stands
before it and closes the line at the same two moments; all else passes between the client's own library and the real
pcscd. Source: pcsc-lite, src/winscard_svc.c, ContextThread; src/winscard_msg.h, struct rxHeader
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

PCSCD_SOCKET = "/run/pcscd/pcscd.comm"
ACCESS_PCSC, ACCESS_CARD = "access_pcsc", "access_card"
#: Of a message: bytes that follow, and the command; both in the machine's byte order.
HEADER = struct.Struct("=II")
CONNECT = 0x04


@contextlib.contextmanager
def refusing(action: str, path: Path) -> Iterator[Path]:
    """The socket of a pcscd whose policy refuses the action to everybody."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        threading.Thread(target=_keep, args=(door, action), daemon=True).start()
        try:
            yield path
        finally:
            door.shutdown(socket.SHUT_RDWR)


def _keep(door: socket.socket, action: str) -> None:
    while True:
        try:
            client, _ = door.accept()
        except OSError:
            return
        if action == ACCESS_PCSC:
            client.close()
        else:
            threading.Thread(target=_let_in, args=(client,), daemon=True).start()


def _let_in(client: socket.socket) -> None:
    """Everything but a card."""
    with client, socket.socket(socket.AF_UNIX) as service:
        service.connect(PCSCD_SOCKET)
        threading.Thread(target=_pass_answers, args=(service, client), daemon=True).start()
        while (header := _take(client, HEADER.size)) is not None:
            size, command = HEADER.unpack(header)
            body = _take(client, size)
            if body is None or command == CONNECT:
                break
            service.sendall(header + body)
        for end in (client, service):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _pass_answers(service: socket.socket, client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := service.recv(65536):
            client.sendall(data)


def _take(client: socket.socket, size: int) -> bytes | None:
    """Exactly so many bytes, or None where the line ends before."""
    taken = b""
    while len(taken) < size:
        with contextlib.suppress(OSError):
            more = client.recv(size - len(taken))
            if more:
                taken += more
                continue
        return None
    return taken
