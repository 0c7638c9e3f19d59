"""The status words the card answers with."""

from enum import IntEnum, unique


@unique
class SW(IntEnum):
    """SW1 SW2 as one big-endian number. Card: notes 1.2, 3.2, 4.1; Spec: ISO/IEC 7816-4:2020 5.6"""

    OK = 0x9000
    MORE_DATA = 0x6100  # low byte: bytes waiting
    WRONG_PIN = 0x63C0  # low four bits: tries left
    WRONG_LENGTH = 0x6700
    CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    INCOMPATIBLE_FILE = 0x6981
    SECURITY_STATUS = 0x6982
    BLOCKED_ISO = 0x6983
    BLOCKED = 0x6984
    CONDITIONS = 0x6985
    NO_CURRENT_EF = 0x6986
    SECURE_MESSAGING_REFUSED = 0x69FC
    WRONG_DATA = 0x6A80
    NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    WRONG_P1P2 = 0x6A86
    DATA_OBJECT_NOT_FOUND = 0x6A88
    OFFSET_PAST_END = 0x6B00
    WRONG_LE = 0x6C00  # low byte: the right Le
    UNKNOWN_INS = 0x6D00
    WRONG_CLA = 0x6E00
    NO_DIAGNOSIS = 0x6F00
