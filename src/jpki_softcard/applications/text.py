"""The card-face text (input assist) application's files."""

from typing import NamedTuple

from .. import tlv
from ..digest import sha256
from ..files import Application, DataFile, KeyFile, PinFile, Source, fixed

# Card: notes 1.1
AID = bytes.fromhex(
    "D3 92 10 00 31"  # RID: national registration, Japan
    "00 01 01 04 08"  # PIX: input assist
)

# Card: notes 7.1
PIN, DELIVERED_BLOCKED, INTERNAL_KEY, CODE_A, CODE_B = 0x0011, 0x0012, 0x0013, 0x0014, 0x0015

MY_NUMBER = b"000000000000"  # nobody's
CODE_B_VALUE = b"55021720351234"  # birth date in Japanese years, year of expiry, security code


class Holder(NamedTuple):
    """The four attributes of the card's holder."""

    name: str  # U+3000 between its parts
    address: str
    birth_date: str  # YYYYMMDD
    sex: str  # Card: notes 7.1: 1 male, 2 female, 9 not applicable


# Card: notes 7.1, the vector; the test person of J-LIS
TEST_PERSON = Holder(
    "黒桐\u3000幹也",
    "東京都清瀬市観布子南" + "12-7-202".translate({ord(one): ord(one) + 0xFEE0 for one in "-0127"}),  # full-width
    "19800217",
    "1",
)


def number_file() -> bytes:
    """EF 0001, 17 bytes. Card: notes 7.1"""
    return tlv.encode(0xFF10, MY_NUMBER) + b"\xff\xff"


def attributes(holder: Holder, long_length: bool = False) -> bytes:
    """EF 0002, its outer length in the long form of two bytes where asked for. Card: notes 7.1"""
    values = zip((0xDF22, 0xDF23, 0xDF24, 0xDF25), holder, strict=True)
    parts = [tlv.encode(tag, value.encode()) for tag, value in values]
    places_len = 3 + 2 * len(parts)
    content_len = places_len + sum(map(len, parts))
    length = b"\x82" + content_len.to_bytes(2, "big") if long_length else tlv.length(content_len)
    first = 2 + len(length) + places_len
    places = b"".join((first + sum(map(len, parts[:n]))).to_bytes(2, "big") for n in range(len(parts)))
    return b"\xff\x20" + length + tlv.encode(0xDF21, places) + b"".join(parts)


def attributes_file(source: Source) -> bytes:
    """EF 0002 of whom the card was made for, else of the test person."""
    return attributes(Holder(*(source.store.holder or TEST_PERSON)), source.rules.long_lengths)


def integrity_file(source: Source) -> bytes:
    """EF 0003, 336 bytes: the hashes of 0001 and 0002, signed. Card: notes 7.1

    Card: undocumented, own choice: what the signature is made over (the two hash objects).
    """
    hashes = tlv.encode(0xDF31, sha256(number_file())) + tlv.encode(0xDF32, sha256(attributes_file(source)))
    signature = source.store.sign_raw("card", sha256(hashes))
    return tlv.encode(0xFF30, hashes + tlv.encode(0xDF33, signature))


def certificate_file() -> bytes:
    """EF 0004, 568 bytes: a card-verifiable certificate in its outer form, with nothing in it."""
    return tlv.encode(0x7F21, bytes(563))


# Card: undocumented, own choice: the contents of 0005 (but DF41), 0006, 0007, the values of the codes
INFORMATION = tlv.encode(
    0xFF40,
    tlv.encode(0xDF41, bytes.fromhex("01030E01"))
    + tlv.encode(0xDF42, bytes(16))  # key identifier
    + tlv.encode(0xDF43, bytes(128)),
)

APPLICATION = Application(
    "text",
    AID,
    (
        DataFile(0x0001, fixed(number_file()), any_of=(PIN, CODE_A)),
        DataFile(0x0002, attributes_file, any_of=(PIN, CODE_B)),
        DataFile(0x0003, integrity_file, any_of=(PIN,)),
        DataFile(0x0004, fixed(certificate_file())),
        DataFile(0x0005, fixed(INFORMATION)),
        DataFile(0x0006, fixed(tlv.encode(0x7F49, bytes(256)))),
        DataFile(0x0007, fixed(tlv.encode(0xFF50, b""))),
        DataFile(0x0008, fixed(b"\xff" * 16)),
        PinFile(PIN, "text", tries=3, min_len=4, max_len=4),
        PinFile(DELIVERED_BLOCKED, "text_blocked", tries=3, min_len=4, max_len=4),
        KeyFile(INTERNAL_KEY, None, PIN),
        PinFile(CODE_A, "code_a", tries=10, min_len=12, max_len=12),
        PinFile(CODE_B, "code_b", tries=10, min_len=14, max_len=14),
    ),
    open_key="card",
)
