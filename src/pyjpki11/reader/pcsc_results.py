"""What the results of PC/SC calls mean. Spec: PC/SC part 5, pcsc-lite pcsclite.h"""

from __future__ import annotations

from pyjpki11.errors import (
    CardAbsent,
    CardDisturbed,
    CardMute,
    CardRemoved,
    JpkiError,
    KeptOut,
    ReaderBusy,
    ReaderGone,
    ServiceUnavailable,
)

SCARD_S_SUCCESS = 0x00000000
SCARD_E_TIMEOUT = 0x8010000A
SCARD_E_PROTO_MISMATCH = 0x8010000F
SCARD_W_RESET_CARD = 0x80100068

#: What another program that resets the card causes, at once or while the service powers the card again.
DISTURBED = (SCARD_W_RESET_CARD, SCARD_E_PROTO_MISMATCH)

START_PCSCD = "start it with: systemctl start pcscd.socket"
ALLOW_ACCESS = "a polkit rule must allow access_pcsc and access_card of org.debian.pcsc-lite"
#: pcscd only closes the line to a user whom polkit keeps out; what its client library makes of that depends on how far
#: it has come.
OR_KEPT_OUT = f"or polkit keeps this user out: {ALLOW_ACCESS}"

#: Result -> the fact it reports, in words, and what to do about it.
FAILURES: dict[int, tuple[type[JpkiError], str, str]] = {
    0x80100003: (ReaderGone, "SCARD_E_INVALID_HANDLE", ""),
    0x80100009: (ReaderGone, "SCARD_E_UNKNOWN_READER: the reader was unplugged", ""),
    0x8010000B: (ReaderBusy, "SCARD_E_SHARING_VIOLATION: another program uses the reader alone", "close it"),
    0x8010000C: (CardAbsent, "SCARD_E_NO_SMARTCARD: there is no card in the reader", ""),
    0x80100013: (CardRemoved, "SCARD_F_COMM_ERROR: pcscd has closed the line", f"it was stopped, {OR_KEPT_OUT}"),
    0x80100016: (CardMute, "SCARD_E_NOT_TRANSACTED: contact with the card was lost during an exchange", ""),
    0x80100017: (ReaderGone, "SCARD_E_READER_UNAVAILABLE: the reader was unplugged", ""),
    0x8010001D: (ServiceUnavailable, "SCARD_E_NO_SERVICE: pcscd is not running", f"{START_PCSCD}; {OR_KEPT_OUT}"),
    0x8010001E: (ServiceUnavailable, "SCARD_E_SERVICE_STOPPED: pcscd was stopped", START_PCSCD),
    0x80100066: (CardMute, "SCARD_W_UNRESPONSIVE_CARD: the card does not answer", "clean it, or turn it round"),
    0x80100067: (CardMute, "SCARD_W_UNPOWERED_CARD: the card has no power", ""),
    SCARD_E_PROTO_MISMATCH: (CardDisturbed, "SCARD_E_PROTO_MISMATCH: other programs keep resetting the card", ""),
    SCARD_W_RESET_CARD: (CardDisturbed, "SCARD_W_RESET_CARD: other programs keep resetting the card", ""),
    0x80100069: (CardRemoved, "SCARD_W_REMOVED_CARD: the card was removed", ""),
    0x8010006A: (KeptOut, "SCARD_W_SECURITY_VIOLATION: polkit keeps this user out", ALLOW_ACCESS),
}  # fmt: skip


def check(result: int) -> None:
    """Raise what a PC/SC result reports, unless it is success."""
    result &= 0xFFFFFFFF
    if result != SCARD_S_SUCCESS:
        fact, text, remedy = FAILURES.get(result) or (CardRemoved, f"unexpected PC/SC result {result:08X}", "")
        raise fact(text, remedy)


def is_service_failure(result: int) -> bool:
    """Whether the line to the service is lost, so that a new context is worth a try."""
    failure = FAILURES.get(result & 0xFFFFFFFF)
    return failure is not None and failure[0] in (ServiceUnavailable, KeptOut, CardRemoved)
