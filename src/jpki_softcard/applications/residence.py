"""The residents' registry applications' files."""

from ..files import Application, PinFile, RecordFile, Source

# Card: notes 1.1
COMMON_AID = bytes.fromhex(
    "D3 92 10 00 31"  # RID: national registration, Japan
    "00 01 01 01 00"  # PIX: common card
)
JUKI_AID = bytes.fromhex(
    "D3 92 10 00 31"  # RID: national registration, Japan
    "00 01 01 04 01"  # PIX: basic resident registry
)

MUNICIPALITY = b"00000"  # no municipality has it
EXPIRY = b"20350217"  # YYYYMMDD

# Card: undocumented, own choice: the PIN's file identifier, its tries in the juki AP
PIN = 0x0011


def card_number_record(source: Source) -> bytes:
    """Record 1 of EF 0001. Card: notes 1.4"""
    digits = (
        source.store.card_number  # 15 digits
        + MUNICIPALITY  # 5 digits
        + EXPIRY
    )
    return b"\x01" + bytes([len(digits)]) + digits


COMMON = Application(
    "common",
    COMMON_AID,
    (
        RecordFile(0x0001, lambda source: (card_number_record(source),)),
        PinFile(PIN, "common", tries=3, min_len=4, max_len=4),
    ),
    challenge_key="card",
)
JUKI = Application("juki", JUKI_AID, (PinFile(PIN, "juki", tries=3, min_len=4, max_len=4),))
