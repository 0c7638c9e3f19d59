"""Command APDUs of short length."""

from __future__ import annotations

GET_RESPONSE = 0xC0
READ_BINARY = 0xB0
SELECT = 0xA4
VERIFY = 0x20
CHANGE_REFERENCE_DATA = 0x24
PERFORM_SECURITY_OPERATION = 0x2A

#: In the words of the standard.
NAMES = {
    GET_RESPONSE: "GET RESPONSE",
    READ_BINARY: "READ BINARY",
    SELECT: "SELECT",
    VERIFY: "VERIFY",
    CHANGE_REFERENCE_DATA: "CHANGE REFERENCE DATA",
    PERFORM_SECURITY_OPERATION: "PERFORM SECURITY OPERATION",
}

MAX_DATA_LEN = 255
MAX_RESPONSE_LEN = 256


def encode(cla: int, ins: int, p1: int, p2: int, data: bytes | bytearray = b"", response_len: int = 0) -> bytearray:
    """The bytes of a command; `response_len` is 1 to 256, or 0 for a command that wants no data back.

    With neither data nor a response it has exactly four bytes. It is a bytearray so that a PIN in it can be wiped.

    Spec: ISO/IEC 7816-4:2020 5.2
    """
    command = bytearray((cla, ins, p1, p2))
    if data:
        command.append(len(data))
        command += data
    if response_len:
        command.append(response_len & 0xFF)
    return command
