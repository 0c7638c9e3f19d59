"""The card-face text (input assist) application's files."""

from .. import tlv
from ..digest import sha256
from ..files import Application, DataFile, KeyFile, PinFile, Source, fixed

# Card: reference 1.1
AID = bytes.fromhex(
    "D3 92 10 00 31"  # RID: national registration, Japan
    "00 01 01 04 08"  # PIX: input assist
)

# Card: reference 7.1
PIN, DELIVERED_BLOCKED, INTERNAL_KEY, CODE_A, CODE_B = 0x0011, 0x0012, 0x0013, 0x0014, 0x0015

MY_NUMBER = b"000000000000"  # nobody's
CODE_B_VALUE = b"55021720351234"  # birth date in Japanese years, year of expiry, security code

# Card: reference 7.1, the vector; the test person of J-LIS
ATTRIBUTES = bytes.fromhex(
    "FF20 65"  # the four attributes
    "DF21 08 000E 0020 0059 0064"  # where each begins, from the start of the file
    "DF22 0F E9BB92E6A190 E38080 E5B9B9E4B99F"  # name, U+3000 between its parts
    "DF23 36 E69DB1E4BAACE983BD E6B885E780ACE5B882"  # address: prefecture, city
    "E8A6B3E5B883E5AD90E58D97"  # quarter
    "EFBC91EFBC92EFBC8DEFBC97EFBC8DEFBC92EFBC90EFBC92"  # number, full-width
    "DF24 08 3139383030323137"  # birth date, YYYYMMDD
    "DF25 01 31"  # sex: 1 male
)


def number_file() -> bytes:
    """EF 0001, 17 bytes. Card: reference 7.1"""
    return tlv.encode(0xFF10, MY_NUMBER) + b"\xff\xff"


def integrity_file(source: Source) -> bytes:
    """EF 0003, 336 bytes: the hashes of 0001 and 0002, signed. Card: reference 7.1

    Card: undocumented, own choice: what the signature is made over (the two hash objects).
    """
    hashes = tlv.encode(0xDF31, sha256(number_file())) + tlv.encode(0xDF32, sha256(ATTRIBUTES))
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
        DataFile(0x0002, fixed(ATTRIBUTES), any_of=(PIN, CODE_B)),
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
