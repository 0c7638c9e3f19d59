"""VERIFY with its tries query, CHANGE."""

from ..chip import Chip
from ..command import Command
from ..errors import Refusal, refuse_unless
from ..files import PinFile
from ..status import SW
from ..store import Pin

# Card: undocumented, own choice: longer PIN data is 6700, every other wrong length costs a try
LONGEST = 16  # bytes


def verify(chip: Chip, command: Command) -> bytes:
    """Check a PIN, or tell its tries left. Card: notes 3.2, 3.3"""
    refuse_unless(command.p1 == 0, SW.WRONG_P1P2)
    # Card: notes 3.3; the query is exactly 4 bytes, a fifth (Le) is a wrong length
    refuse_unless(command.le is None, SW.WRONG_LENGTH)
    refuse_unless(len(command.data or b"") <= LONGEST, SW.WRONG_LENGTH)
    row = _pin_file(chip, command.p2)
    if command.data is None:
        raise Refusal(_query(chip, row))
    _check(chip, row, command.data)
    return b""


def change(chip: Chip, command: Command) -> bytes:
    """Replace a verified PIN: 00 24 01. Card: notes 3.5"""
    refuse_unless(command.p1 == 0x01, SW.WRONG_P1P2)
    return _replace(chip, command)


def change_key(chip: Chip, command: Command) -> bytes:
    """Replace a verified PIN of the registry applications: 80 32 00. Card: notes 1.4"""
    refuse_unless(command.p1 == 0x00, SW.WRONG_P1P2)
    # Card: undocumented, own choice: unknown elsewhere
    refuse_unless(chip.application.name in ("common", "juki"), SW.UNKNOWN_INS)
    return _replace(chip, command)


def _pin_file(chip: Chip, reference: int) -> PinFile:
    before = chip.current
    file = chip.target(reference)
    if not isinstance(file, PinFile):
        chip.current = before
        raise Refusal(SW.NO_CURRENT_EF)  # Card: notes 3.2; also for an EF that holds no PIN
    return file


def _query(chip: Chip, row: PinFile) -> int:
    """The word of the tries query: never the login state. Card: notes 3.3"""
    if chip.rules.query_word is not None:
        return chip.rules.query_word
    with chip.store.pins() as pins:
        return SW.WRONG_PIN | pins[row.name].tries


def _check(chip: Chip, row: PinFile, value: bytes) -> None:
    """Compare bytes; the counter is on disk before the caller knows. Card: notes 3.1, 3.2"""
    with chip.store.pins() as pins:
        pin = pins[row.name]
        right = pin.tries > 0 and pin.value == value
        tries = row.tries if right else max(pin.tries - 1, 0)
        pins[row.name] = pin._replace(tries=tries)
    if right:
        chip.verified.add(row.fid)
        return
    chip.verified.discard(row.fid)  # Card: notes 3.4
    # Card: notes 3.2; 63C0 from the attempt that exhausts the counter, 6984 from all later ones
    refuse_unless(pin.tries > 0, chip.rules.blocked_word)
    raise Refusal(chip.rules.wrong_pin_word or SW.WRONG_PIN | tries)


def _replace(chip: Chip, command: Command) -> bytes:
    row = _pin_file(chip, command.p2)
    refuse_unless(command.data is not None and command.le is None, SW.WRONG_LENGTH)
    value = command.data or b""
    refuse_unless(row.fid in chip.verified, SW.SECURITY_STATUS)
    # Card: undocumented, own choice: 6700 for the length of the new PIN, 6A80 for its characters
    refuse_unless(row.min_len <= len(value) <= row.max_len, SW.WRONG_LENGTH)
    refuse_unless(all(character in row.alphabet for character in value), SW.WRONG_DATA)
    with chip.store.pins() as pins:
        # another process may have blocked it since
        refuse_unless(pins[row.name].tries > 0, chip.rules.blocked_word)
        pins[row.name] = Pin(value, row.tries)
    if chip.rules.change_clears:
        chip.verified.discard(row.fid)
    return b""
