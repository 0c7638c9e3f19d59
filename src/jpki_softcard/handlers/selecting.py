"""SELECT."""

from .. import tlv
from ..applications import ISSUER_DOMAIN
from ..chip import Chip
from ..command import Command
from ..errors import Refusal, refuse_unless
from ..files import DataFile
from ..status import SW

MASTER_FILE, UNDER_CURRENT, BY_NAME = 0x00, 0x02, 0x04  # P1
WITH_FCI, WITHOUT_FCI = 0x00, 0x0C  # P2


def select(chip: Chip, command: Command) -> bytes:
    """Select an application, an EF or the master file. Card: notes 1.2"""
    act = _BY_P1.get(command.p1)
    if act is None or command.p2 not in (WITH_FCI, WITHOUT_FCI):
        raise Refusal(SW.WRONG_P1P2)
    # Card: undocumented, own choice: P2=0C with Le is a wrong length
    refuse_unless(command.p2 == WITH_FCI or command.le is None, SW.WRONG_LENGTH)
    information = act(chip, command.data)
    return information[: command.le or 0]


def _select_name(chip: Chip, name: bytes | None) -> bytes:
    # Card: notes 1.2; the beginning of a name is enough, the first application that fits is taken
    if name is None or len(name) > 16:
        raise Refusal(SW.WRONG_LENGTH)
    found = next((one for one in chip.applications if one.aid.startswith(name)), None)
    if found is None:
        raise Refusal(SW.NOT_FOUND)
    chip.enter(found)
    return tlv.encode(0x6F, tlv.encode(0x84, found.aid))


def _select_file(chip: Chip, identifier: bytes | None) -> bytes:
    if identifier is None or len(identifier) != 2:
        raise Refusal(SW.WRONG_LENGTH)
    file = chip.select(int.from_bytes(identifier, "big"))
    # Card: undocumented, own choice: the size only of what may be read now
    size = len(chip.content(file)) if isinstance(file, DataFile) and chip.is_open(file.any_of) else 0
    return tlv.encode(0x6F, tlv.encode(0x80, size.to_bytes(2, "big")) + tlv.encode(0x83, identifier))


def _select_master_file(chip: Chip, identifier: bytes | None) -> bytes:
    # Card: notes 1.2; there is none: 6A86 after power-up, else 9000 without effect, by identifier 6A82
    refuse_unless(identifier is None, SW.NOT_FOUND)
    refuse_unless(chip.application is not ISSUER_DOMAIN, SW.WRONG_P1P2)
    return b""


_BY_P1 = {MASTER_FILE: _select_master_file, UNDER_CURRENT: _select_file, BY_NAME: _select_name}
