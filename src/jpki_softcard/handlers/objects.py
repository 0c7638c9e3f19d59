"""The commands that concern no file: GET DATA, GET CHALLENGE, GET RESPONSE, the phone's FC."""

import os
from collections.abc import Callable

from .. import tlv
from ..applications import ISSUER_DOMAIN, residence
from ..chip import Chip
from ..command import Command
from ..errors import Refusal, refuse_unless
from ..rules import CONTACT_ATR
from ..status import SW


def get_data(chip: Chip, command: Command) -> bytes:
    """A data object of the issuer domain, its value only. Card: notes 1.4"""
    if command.data is not None or command.le is None:
        raise Refusal(SW.WRONG_LENGTH)
    value_of = _OBJECTS.get(command.p1p2)
    if value_of is None or chip.application is not ISSUER_DOMAIN:
        raise Refusal(SW.DATA_OBJECT_NOT_FOUND)
    value = value_of(chip)
    # Card: notes 1.4; a big object answers 6700 to a short Le
    refuse_unless(len(value) <= command.le, SW.WRONG_LENGTH)
    return value


def get_challenge(chip: Chip, command: Command) -> bytes:
    """1 to 256 random bytes, in any application. Card: notes 1.4"""
    refuse_unless(command.p1p2 == 0, SW.WRONG_P1P2)
    refuse_unless(not command.extended, SW.CONDITIONS)  # Card: notes 1.4
    if command.data is not None or command.le is None:
        raise Refusal(SW.WRONG_LENGTH)
    return os.urandom(command.le)


def get_response(chip: Chip, command: Command) -> bytes:
    """The bytes announced by 61xx; the default card never announces any. Card: notes 2.2"""
    refuse_unless(chip.rules.chained_61xx, SW.UNKNOWN_INS)
    refuse_unless(command.p1p2 == 0, SW.WRONG_P1P2)
    if command.data is not None or command.le is None:
        raise Refusal(SW.WRONG_LENGTH)
    refuse_unless(bool(chip.waiting), SW.CONDITIONS)
    part, chip.waiting = chip.waiting[: command.le], chip.waiting[command.le :]
    return part


def phone_only(chip: Chip, command: Command) -> bytes:
    """80 FC 00 00, which a phone answers; a card says 6700. Card: notes 5"""
    raise Refusal(SW.WRONG_LENGTH)


# Card: notes 1.4 for the tags; undocumented, own choice: the values of 0042, 0066, 00F7, 00F8, 7F21
_OBJECTS: dict[int, Callable[[Chip], bytes]] = {
    0x0042: lambda chip: bytes(8),  # issuer identification number
    0x0045: lambda chip: chip.store.card_number,
    0x0066: lambda chip: tlv.encode(0x73, b""),  # card recognition data
    0x00F0: lambda chip: residence.MUNICIPALITY,
    0x00F2: lambda chip: residence.EXPIRY,
    0x00F7: lambda chip: b"\x00",
    0x00F8: lambda chip: b"\x00",
    0x7F21: lambda chip: bytes(563),  # card-verifiable certificates
    0x5F51: lambda chip: CONTACT_ATR[1:],  # the contact ATR without TS
}
