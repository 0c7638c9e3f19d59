"""The software card in its virtual reader, and what it alone takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from smartcard import scard  # type: ignore[import-untyped]
from support.pcsc_card import CardMaker, PcscCard
from support.pcscd import Pcscd

PIN = "1234"
SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
VERIFY = bytes.fromhex("0020009804") + PIN.encode()
SIGN = bytes.fromhex("802A00970464617461" + "00")
#: What no program can leave out of a signature.
UNAVOIDABLE = (SELECT, VERIFY, SIGN)
ROUNDS = 9


class Model(NamedTuple):
    """How long a reader takes: for a command, and for each byte in either direction."""

    name: str
    command_ms: float
    byte_us: float

    def milliseconds(self, commands: int, byte_count: int) -> float:
        """What the reader takes for an exchange of so much."""
        return commands * self.command_ms + byte_count * self.byte_us / 1000


MODELS = (Model("no latency", 0, 0), Model("contact reader", 5, 25), Model("NFC reader", 12, 80))


@contextmanager
def inserted(service: Pcscd, folder: Path, state: Path, model: Model) -> Iterator[PcscCard]:
    """The card in a reader of that model."""
    maker = CardMaker(service, folder / f"cards of the {model.name}", lambda: state)
    try:
        yield maker(options=["--latency-ms", str(model.command_ms), "--byte-us", str(model.byte_us)])
    finally:
        maker.close()


class Limit(NamedTuple):
    """What the card alone takes, in milliseconds: for its computation, and for the unavoidable commands with it."""

    signature: float
    unavoidable: float


def physical_limit(card: PcscCard, model: Model) -> Limit:
    """Measured without any module between."""
    rounds = [_exchange(card) for _ in range(ROUNDS)]
    whole = statistics.median(sum(round_) for round_ in rounds)
    moved = len(SIGN) + 258
    signing = statistics.median(round_[2] for round_ in rounds)
    return Limit(signing - model.milliseconds(1, moved), whole)


def _exchange(card: PcscCard) -> list[float]:
    """Milliseconds that each unavoidable command takes."""
    _result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    result, handle, _protocol = scard.SCardConnect(
        context, card.reader, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T1
    )
    if result != scard.SCARD_S_SUCCESS:
        raise SystemExit(f"bench: {scard.SCardGetErrorMessage(result)}")
    try:
        return [_transmit(handle, command) for command in UNAVOIDABLE]
    finally:
        scard.SCardDisconnect(handle, scard.SCARD_UNPOWER_CARD)
        scard.SCardReleaseContext(context)


def _transmit(handle: Any, command: bytes) -> float:
    before = time.perf_counter()
    _result, answer = scard.SCardTransmit(handle, scard.SCARD_PCI_T1, list(command))
    taken = time.perf_counter() - before
    if answer[-2:] != [0x90, 0x00]:
        raise SystemExit(f"bench: the card answered {bytes(answer).hex()} to {command[:4].hex()}")
    return taken * 1000
