"""The card-face picture (visual) application's files."""

from .. import tlv
from ..files import Application, DataFile, PinFile, fixed

# Card: notes 1.1
AID = bytes.fromhex(
    "D3 92 10 00 31"  # RID: national registration, Japan
    "00 01 01 04 02"  # PIX: card face
)

# Card: notes 7.2
BIRTH_DATE, CODE_B, CODE_A = 0x0011, 0x0012, 0x0013

# A white picture of one pixel. Spec: PNG (third edition) 5
PNG = bytes.fromhex(
    "89504E470D0A1A0A"  # signature
    "0000000D 49484452 00000001 00000001 08 00 00 00 00 3A7E9B55"  # IHDR: 1 x 1, 8-bit grey
    "0000000A 49444154 789C63F80F00 0101 0100 B138F614"  # IDAT
    "00000000 49454E44 AE426082"  # IEND
)
JPEG2000 = bytes.fromhex("0000000C 6A502020 0D0A870A")  # the signature box, no picture in it

# Card: undocumented, own choice: every value here; notes 7.2 give the tags and who may read
FACE = tlv.encode(
    0xFF20,
    b"".join(
        (
            tlv.encode(0xDF21, bytes(16)),  # offsets
            tlv.encode(0xDF22, b"19800217"),  # birth date
            tlv.encode(0xDF23, b"1"),  # sex
            tlv.encode(0xDF24, bytes(256)),  # public key
            tlv.encode(0xDF25, PNG),  # name
            tlv.encode(0xDF26, PNG),  # address
            tlv.encode(0xDF27, JPEG2000),  # photograph
            tlv.encode(0xDF28, bytes(256)),  # signature
            tlv.encode(0xDF29, b"20350217"),  # expiry
            tlv.encode(0xDF2A, PNG),  # security code
        )
    ),
)

APPLICATION = Application(
    "visual",
    AID,
    (
        DataFile(0x0001, fixed(tlv.encode(0xFF10, b"19800217")), any_of=(BIRTH_DATE, CODE_B, CODE_A)),
        DataFile(0x0002, fixed(FACE), any_of=(CODE_B, CODE_A)),
        DataFile(0x0003, fixed(tlv.encode(0xFF30, bytes(256))), any_of=(CODE_B, CODE_A)),
        DataFile(0x0004, fixed(tlv.encode(0x7F21, bytes(563)))),
        DataFile(0x0005, fixed(tlv.encode(0xFF40, PNG)), any_of=(CODE_A,)),
        PinFile(BIRTH_DATE, "birth_date", tries=10, min_len=8, max_len=8),
        PinFile(CODE_B, "code_b", tries=10, min_len=14, max_len=14),
        PinFile(CODE_A, "code_a", tries=10, min_len=12, max_len=12),
    ),
    open_key="card",
)
