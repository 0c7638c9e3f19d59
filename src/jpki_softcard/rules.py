"""How this card behaves where cards differ."""

from typing import NamedTuple

# Card: notes 2.1. The contact interface, T=1 only, no historical bytes.
CONTACT_ATR = bytes.fromhex(
    "3B"  # TS: direct convention
    "E0"  # T0: TB1, TC1, TD1 follow, 0 historical bytes
    "00"  # TB1: no programming voltage
    "FF"  # TC1: extra guard time 255, i.e. 11 etu in T=1
    "81"  # TD1: TD2 follows, T=1
    "31"  # TD2: TA3, TB3 follow, T=1
    "FE"  # TA3: IFSC 254
    "45"  # TB3: block and character waiting times
    "14"  # TCK
)
ATRS = {
    # Card: notes 2.1, the measured ones
    "contact": CONTACT_ATR,
    "contact-fb": bytes.fromhex("3BDA13FF8131FB468012392F31C173C601C03B"),
    "contact-c5": bytes.fromhex("3BC5FF8131FB458073C6010000"),
    "contactless": bytes.fromhex("3B888001000005E0B381A1007F"),
    "contactless-d1": bytes.fromhex("3B888001004B51FFB381D1000F"),
}
# A contactless card without historical bytes. Spec: PC/SC part 3, 3.1.3.2.3
OTHER_ATR = bytes.fromhex("3B80800101")


class Rules(NamedTuple):
    """The card's behaviour; the defaults are what was observed, a fault changes a field or two."""

    # what the card is
    atr: bytes = CONTACT_ATR
    label: bytes = b"JPKIAPICCTOKEN2"  # Card: notes 5
    has_jpki: bool = True
    has_face: bool = True  # the text AP, the visual AP
    auth_certificate_needs_pin: bool = False
    has_sign_certificate: bool = True
    auth_certificate: str = "whole"  # whole, truncated, garbage
    # what it understands
    short_ef: bool = True
    last_sign_mode: int = 5  # highest P1 of the signing command
    pss_salt_len: int = 32  # bytes
    long_lengths: bool = False  # of the text application's attributes
    # which words it answers
    blocked_word: int = 0x6984
    query_word: int | None = None  # None: 63Cx
    wrong_pin_word: int | None = None  # None: 63Cx
    sign_word: int | None = None  # None: it signs
    wrong_le_6cxx: bool = False
    chained_61xx: bool = False
    security_first: bool = False
    first_command_6f00: bool = False
    # when the security status ends
    reselect_clears: bool = False
    change_clears: bool = False
    reset_clears: bool = False  # a contact card; contactless readers leave the field on
    # how its signatures go wrong
    flips_signature_bit: bool = False
    swaps_keys: bool = False
    # when it stops answering
    silent: bool = False
    silent_on_sign: bool = False
    leaves_after: int | None = None  # commands
