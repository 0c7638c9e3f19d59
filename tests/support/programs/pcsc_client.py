"""A program that sends bare commands to a card through pyscard: pcsc_client READER."""

from __future__ import annotations

import sys

from smartcard import scard  # type: ignore[import-untyped]
from support.programs.serve import Refusal, serve

PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
DISPOSITIONS = {
    "leave": scard.SCARD_LEAVE_CARD,
    "reset": scard.SCARD_RESET_CARD,
    "unpower": scard.SCARD_UNPOWER_CARD,
}


class Client:
    """One program with a shared connection to one card."""

    def __init__(self, reader: str) -> None:
        self.reader = reader
        result, self.context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        _require(result)
        self.handle = None
        self.protocol = None

    def connect(self, alone: bool = False) -> None:
        mode = scard.SCARD_SHARE_EXCLUSIVE if alone else scard.SCARD_SHARE_SHARED
        result, self.handle, self.protocol = scard.SCardConnect(self.context, self.reader, mode, PROTOCOLS)
        _require(result)

    def reconnect(self, disposition: str) -> None:
        result, self.protocol = scard.SCardReconnect(
            self.handle, scard.SCARD_SHARE_SHARED, PROTOCOLS, DISPOSITIONS[disposition]
        )
        _require(result)

    def disconnect(self, disposition: str) -> None:
        _require(scard.SCardDisconnect(self.handle, DISPOSITIONS[disposition]))

    def begin(self) -> None:
        _require(scard.SCardBeginTransaction(self.handle))

    def end(self) -> None:
        _require(scard.SCardEndTransaction(self.handle, scard.SCARD_LEAVE_CARD))

    def transmit(self, command: str) -> str:
        pci = scard.SCARD_PCI_T0 if self.protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        result, response = scard.SCardTransmit(self.handle, pci, list(bytes.fromhex(command)))
        _require(result)
        return bytes(response).hex().upper()


def _require(result: int) -> None:
    if result != scard.SCARD_S_SUCCESS:
        raise Refusal(scard.SCardGetErrorMessage(result))


def main() -> None:
    """Serve until the input ends."""
    client = Client(sys.argv[1])
    serve({name: getattr(client, name) for name in vars(Client) if not name.startswith("_")})


main()
