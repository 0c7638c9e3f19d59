"""READ BINARY, READ RECORD."""

from ..chip import CURRENT_EF, Chip
from ..command import Command
from ..errors import Refusal, refuse_unless
from ..files import DataFile, File, RecordFile, Source
from ..status import SW

THIS_RECORD = 0x04  # low three bits of P2: P1 is a record number


def read_binary(chip: Chip, command: Command) -> bytes:
    """Bytes from an offset, fewer than Le where the file ends. Card: notes 1.2, 2.2"""
    le = _only_le(command)
    if command.p1 & CURRENT_EF:  # P1 is a short EF identifier, P2 the offset
        refuse_unless(command.p1 != CURRENT_EF, SW.WRONG_P1P2)
        file, offset = chip.target(command.p1), command.p2
    else:
        file, offset = chip.target(CURRENT_EF), command.p1p2
    content = _readable(chip, file)
    refuse_unless(offset < len(content), SW.OFFSET_PAST_END)
    available = len(content) - offset
    refuse_unless(le <= available or not chip.rules.wrong_le_6cxx, SW.WRONG_LE | available & 0xFF)
    return content[offset : offset + le]


def read_record(chip: Chip, command: Command) -> bytes:
    """One record by its number. Card: notes 1.4"""
    le = _only_le(command)
    refuse_unless(command.p2 & 0x07 == THIS_RECORD, SW.WRONG_P1P2)
    file = chip.target(CURRENT_EF | command.p2 >> 3)
    if not isinstance(file, RecordFile):
        raise Refusal(SW.INCOMPATIBLE_FILE)
    records = file.records(Source(chip.store, chip.rules))
    refuse_unless(1 <= command.p1 <= len(records), SW.RECORD_NOT_FOUND)
    return records[command.p1 - 1][:le]


def _only_le(command: Command) -> int:
    if command.data is not None or command.le is None:
        raise Refusal(SW.WRONG_LENGTH)
    return command.le


def _readable(chip: Chip, file: File) -> bytes:
    if not isinstance(file, DataFile):
        raise Refusal(SW.INCOMPATIBLE_FILE)
    # Card: notes 1.3, 3.6; EF 0001 before the sign PIN
    refuse_unless(chip.is_open(file.any_of), SW.SECURITY_STATUS)
    return chip.content(file)
