"""Status words: the two bytes that end every response."""

from __future__ import annotations

from pyjpki11.errors import SecurityStatusNotSatisfied, StatusWordError
from pyjpki11.iso7816 import apdu

SUCCESS = 0x9000
CONDITIONS_NOT_SATISFIED = 0x6985
REFERENCED_DATA_UNUSABLE = 0x6984
AUTHENTICATION_METHOD_BLOCKED = 0x6983
SECURITY_STATUS_NOT_SATISFIED = 0x6982
NO_CURRENT_EF = 0x6986
WRONG_P1_OR_P2 = 0x6A86
NO_PRECISE_DIAGNOSIS = 0x6F00

#: What a card answers to the SELECT of an application that it does not have: not found, function not supported.
#: Anything else may be the answer of a card that stumbles. Spec: ISO/IEC 7816-4:2020 5.6
NO_SUCH_APPLICATION = (0x6A82, 0x6A81)

MORE_DATA = 0x61  # first byte; the second is how many bytes wait for GET RESPONSE
WRONG_RESPONSE_LEN = 0x6C  # first byte; the second is the length to ask for
COUNTER = 0x63C0  # first three digits; the fourth is a count of tries

#: In the words of the standard. Spec: ISO/IEC 7816-4:2020 5.6
MEANINGS = {
    SUCCESS: "success",
    0x6282: "end of file reached",
    0x6300: "verification failed",
    0x6700: "wrong length",
    0x6881: "logical channel not supported",
    0x6882: "secure messaging not supported",
    SECURITY_STATUS_NOT_SATISFIED: "PIN not verified",
    AUTHENTICATION_METHOD_BLOCKED: "PIN blocked",
    REFERENCED_DATA_UNUSABLE: "PIN blocked (reference data not usable)",
    CONDITIONS_NOT_SATISFIED: "conditions of use not satisfied",
    NO_CURRENT_EF: "no file selected",
    0x6A80: "wrong data",
    0x6A81: "function not supported",
    0x6A82: "file or application not found",
    WRONG_P1_OR_P2: "wrong P1 or P2",
    0x6A88: "reference data not found",
    0x6B00: "offset outside the file",
    0x6D00: "unknown instruction",
    0x6E00: "unknown class",
    NO_PRECISE_DIAGNOSIS: "no precise diagnosis",
}
#: By their first byte.
FAMILIES = {MORE_DATA: "more data available", WRONG_RESPONSE_LEN: "wrong response length"}


def tries_left(sw: int) -> int | None:
    """How many tries a status word says are left, or None when it does not say.

    A blocked PIN is reported as 63C0 or as one of two errors. Card: notes 3.2, 3.3
    """
    if sw & 0xFFF0 == COUNTER:
        return sw & 0x000F
    return 0 if sw in (AUTHENTICATION_METHOD_BLOCKED, REFERENCED_DATA_UNUSABLE) else None


def describe(sw: int) -> str:
    """A status word with its meaning, for people."""
    if sw & 0xFFF0 == COUNTER:
        return f"{sw:04X} ({sw & 0x000F} tries left)"
    return f"{sw:04X} ({MEANINGS.get(sw) or FAMILIES.get(sw >> 8, 'undefined')})"


def refusal(sw: int, ins: int) -> StatusWordError:
    """The error for a status word that refuses a command, in words."""
    kind = SecurityStatusNotSatisfied if sw == SECURITY_STATUS_NOT_SATISFIED else StatusWordError
    return kind(sw, ins, sentence(sw, ins))


def sentence(sw: int, ins: int) -> str:
    """What a card answered to what, for people."""
    return f"the card answered {describe(sw)} to {apdu.NAMES.get(ins, f'instruction {ins:02X}')}"
